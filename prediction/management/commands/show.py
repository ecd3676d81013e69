from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.lookup import find_scene
from damage.ingestion.models import Scene, SceneKind
from damage.messages import Message as _
from prediction.lookup import find_run, page_of
from prediction.models import PredictionRun
from training.lookup import find_model_run
from training.models import ModelRun


class Command(JsonCommand):
    help = (
        "Show what is known of a scene, a model or a prediction run; list_scenes, list_models and list_runs give the "
        "numbers."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("kind", choices=("scene", "model", "run"), help="of what")
        parser.add_argument("number", help="its number; a scene's file name does as well")

    def run(self, *, kind: str, number: str, **options: Any) -> dict[str, Any]:
        if kind == "scene":
            return _of_scene(find_scene(number))
        if not number.isdecimal():
            raise Refused(
                _("%(text)s is not a number.") % {"text": number}, _("list_models and list_runs give them.")
            )
        return _of_model(find_model_run(int(number))) if kind == "model" else _of_run(find_run(int(number)))

    def describe(self, result: dict[str, Any]) -> str:
        return super().describe({name: value for name, value in result.items() if name != "page"})

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return (f"See {result['page']} on the site.",)


def _of_scene(scene: Scene) -> dict[str, Any]:
    runs = scene.prediction_runs.values_list("pk", flat=True)
    return {
        "scene": scene.pk,
        "kind": scene.kind,
        "name": scene.name,
        "event": scene.town.event.name,
        "town": scene.town.name,
        "size_px": f"{scene.width_px} x {scene.height_px}",
        "gsd_m": scene.gsd_m,
        "gsd_from": scene.gsd_source,
        "lon": scene.lon,
        "lat": scene.lat,
        "taken": scene.captured_at,
        "taken_according_to": scene.captured_from,
        "shows": scene.role,
        "height_above_ground_m": scene.height_above_ground_m,
        "gimbal_pitch_deg": scene.gimbal_pitch_deg,
        "sharpness": scene.sharpness,
        "problems": [str(problem) for problem in scene.problems.all()],
        "found_usable_by": scene.usable_by and scene.usable_by.username,
        "found_usable": scene.usable_at,
        "camera": " ".join(filter(None, (scene.camera_make, scene.camera_model))),
        "file": scene.in_place_path or scene.file.name,
        "fetched_from": list(scene.fetched_sources.values_list("address", flat=True)),
        "size_bytes": scene.size_bytes,
        "sha256": scene.sha256,
        "came_in": scene.created_at,
        "is_out_of_use": scene.is_quarantined,
        "crops": scene.crops.count(),
        "prediction_runs": list(runs),
        "page": f"/photos/{scene.pk}/"
        if scene.kind == SceneKind.PHOTO and runs
        else f"/tag/explore/?scene={scene.pk}",
    }


def _of_model(run: ModelRun) -> dict[str, Any]:
    return {
        "model_run": run.pk,
        "question": run.question.slug,
        "state": run.status,
        "error": run.error,
        "stage": run.stage,
        "backbone": run.backbone,
        "head": run.head,
        "seed": run.seed,
        "threshold": run.threshold,
        "threshold_reason": run.threshold_words,
        "expected": run.expected_words,
        "window_m": run.window_m,
        "parent": run.parent_id,
        "began": run.started_at,
        "finished": run.finished_at,
        "prediction_runs": list(run.prediction_runs.values_list("pk", flat=True)),
        "page": f"/training/runs/{run.pk}/",
    }


def _of_run(run: PredictionRun) -> dict[str, Any]:
    is_done = run.status == PredictionRun.Status.DONE
    return {
        "prediction_run": run.pk,
        "scene": run.scene_id,
        "scene_name": run.scene.name,
        "model_run": run.model_run_id,
        "state": run.status,
        "error": run.error,
        "threshold": run.threshold,
        "threshold_from": run.parameters.get("threshold_from"),
        "places": run.found().count() if is_done else None,
        "share_done": run.units_done / run.units_total if run.units_total else 0.0,
        "began": run.started_at,
        "finished": run.finished_at,
        "geojson": run.geojson_file.name,
        "shapefile": run.shapefile_zip.name,
        "page": page_of(run),
    }
