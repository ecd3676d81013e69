"""From rows to what blocks need: where the pixels are, which way they are looked through, the model's bytes."""

import hashlib

from damage.ingestion.models import Scene
from damage.ingestion.scene_sources import source_of
from prediction.models import PredictionRun
from prediction.plan import Plan, plan_for, plan_from_json
from training.inference import kind_of, model_content, model_input_of
from training.models import ModelRun
from training.networks.engines import Precision
from training.networks.kinds import EngineName


def plan_of(
    scene: Scene,
    model_run: ModelRun,
    *,
    engine: EngineName = "openvino",
    precision: Precision | None = None,
) -> Plan:
    """The way in which the model would look through the scene on this machine; raises `Refused`."""
    return plan_for(
        source_of(scene),
        model_input_of(model_run),
        width_px=scene.width_px,
        height_px=scene.height_px,
        gsd_m=scene.gsd_m,
        kind=kind_of(model_run),
        engine=engine,
        precision=precision,
    )


def planned(run: PredictionRun) -> Plan:
    """The run's plan: that of its first attempt, also when it goes on elsewhere."""
    if recorded := run.parameters.get("plan"):
        return plan_from_json(recorded)
    wanted = run.parameters.get("wanted", {})
    plan = plan_of(run.scene, run.model_run, **wanted)
    recorded = plan.as_json()
    run.parameters |= {"plan": recorded, "warnings": recorded["warnings"]}
    PredictionRun.objects.filter(pk=run.pk, claim=run.claim).update(parameters=run.parameters)
    return plan


def model_for(run: PredictionRun, plan: Plan) -> tuple[str, bytes]:
    """The digest and the bytes of the model; raises `Refused` when a file is missing or is not the one made."""
    content = model_content(run.model_run, plan.engine)
    return hashlib.sha256(content).hexdigest(), content
