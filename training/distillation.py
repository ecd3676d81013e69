"""Students: a small network's features learn what a better, slower model says of windows that nobody tagged."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from damage.accounts.models import User
from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.quarantine import check_scene_in_use
from damage.messages import Message as _
from damage.work import claims
from damage.work.claims import record_killed
from damage.work.progress import Progress, no_progress
from training.config import STUDENT_HEAD
from training.data.dataset import check_kept
from training.data.held_out_towns import held_out_towns
from training.evaluation.input_side import unmeasured_side
from training.inference import kind_of, model_input_of
from training.input_sides import earlier_side, use_side
from training.models import ModelFile, ModelRun, ModelRunCrop
from training.networks.backbones.registry import DEFAULT_BACKBONE, Backbone, find_backbone, find_features
from training.networks.kinds import DENSE, WINDOWED, kind_to_train
from training.networks.model_input import gsd_warnings, window_as_read
from training.services import create_queued_run

LEAST_WINDOWS, DEFAULT_WINDOWS, MOST_WINDOWS = 100, 1500, 20_000
# Of the teacher's parameters those that hold of the student as well: what the teacher learnt from and was measured on.
INHERITED: dict[str, Any] = {"train_towns": [], "validation_towns": [], "test_towns": [], "left_out": {}}


@dataclass(frozen=True, kw_only=True)
class DistillationConfig:
    """What may be chosen of a student. Without `network_px` the side is what trainings on the same towns measured."""

    backbone: str = DEFAULT_BACKBONE
    windows: int = DEFAULT_WINDOWS
    seed: int = 0
    network_px: int | None = None


def distil(
    teacher: ModelRun,
    scenes: Sequence[Scene],
    config: DistillationConfig,
    *,
    requested_by: User | None = None,
    progress: Progress = no_progress,
) -> ModelRun:
    """Make a student of the teacher on windows of the scenes' ground, as a candidate like any other.

    Raises `Refused` before any work, or whatever stopped it after recording the reason. It is measured on the crops
    that the teacher was trained and measured on; no answer has a part in it but by way of the teacher.
    """
    record_killed(ModelRun)
    run = _planned(teacher, list(dict.fromkeys(scenes)), config, requested_by)
    rows = teacher.run_crops.order_by("pk").values("crop_id", "part", "is_positive")
    with claims.waiting_settled([run]):
        create_queued_run(run, [ModelRunCrop(**row) for row in rows], [])
        from training.executor import carry_out  # heavy: only the process that trains loads TensorFlow

        return carry_out(run, progress=progress)


def _planned(
    teacher: ModelRun, scenes: Sequence[Scene], config: DistillationConfig, requested_by: User | None
) -> ModelRun:
    """A new run, after refusing what cannot work; writes no row."""
    _check_teacher(teacher)
    _check_config(config)
    find_backbone(config.backbone)
    backbone = find_features(config.backbone, None, config.network_px)
    assert isinstance(backbone, Backbone)  # noqa: S101 - as `find_backbone` found
    _check_scenes(teacher, scenes)
    run = ModelRun(
        question=teacher.question,
        parent=teacher,
        requested_by=requested_by,
        backbone=backbone.name,
        head=STUDENT_HEAD,
        seed=config.seed,
        parameters={
            **{name: teacher.parameters.get(name, none) for name, none in INHERITED.items()},
            "contrast": backbone.contrast,
            "features": backbone.recipe_id,
            "network": kind_to_train(backbone, head_is_layer=True).record(backbone.size_px),
            "distilled": _record(teacher, scenes, config),
        },
        dataset_sha256=teacher.dataset_sha256,
        window_m=teacher.window_m,
        window_px=teacher.window_px,
    )
    if config.network_px is None and kind_of(run) is DENSE and backbone.orientations == 1:
        measured = earlier_side(run) or {"side_px": unmeasured_side(backbone.size_px)}
        use_side(run, measured["side_px"], measured)
    if run.parameters["features"] == teacher.parameters.get("features") and not _is_tuned(teacher):
        raise Refused(
            _("The student would see what its teacher sees: %(backbone)s.") % {"backbone": backbone.title},
            _("Choose a smaller backbone, or a teacher with a better one."),
        )
    return run


def _is_tuned(run: ModelRun) -> bool:
    return bool(run.parameters.get("fine_tune_blocks"))


def _check_teacher(teacher: ModelRun) -> None:
    if teacher.status != ModelRun.Status.DONE or teacher.threshold is None:
        raise Refused(
            _("%(run)s is not finished.") % {"run": teacher.named}, _("Choose a finished model run.")
        )
    if kind_of(teacher) not in (DENSE, WINDOWED):
        raise Refused(
            _("%(run)s gives no logits to learn: its head is no part of a network.") % {"run": teacher.named},
            _("Choose a teacher with a backbone and the head logistic-regression, softmax or svm."),
        )
    if "distilled" in teacher.parameters:
        raise Refused(
            _("%(run)s is a student itself.") % {"run": teacher.named},
            _("Name its teacher: what a student gets wrong its own students would learn."),
        )


def _check_config(config: DistillationConfig) -> None:
    if not LEAST_WINDOWS <= config.windows <= MOST_WINDOWS:
        raise Refused(
            _("A student learns from %(least)d to %(most)d windows.")
            % {"least": LEAST_WINDOWS, "most": MOST_WINDOWS}
        )
    if config.seed < 0:
        raise Refused(_("The seed must not be negative."))


def _check_scenes(teacher: ModelRun, scenes: Sequence[Scene]) -> None:
    """Refuse no scenes, those out of use, of towns kept for tests, or that the teacher cannot look at."""
    if not scenes:
        raise Refused(_("A student learns from scenes."), _("Name one at least with --scene."))
    check_kept([scene.town for scene in scenes], held_out_towns())
    for scene in scenes:
        check_scene_in_use(scene)
        gsd_warnings(model_input_of(teacher), scene.gsd_m)
        window_as_read(model_input_of(teacher), scene.gsd_m)


def _record(teacher: ModelRun, scenes: Sequence[Scene], config: DistillationConfig) -> dict[str, Any]:
    """What the run's row says of its teacher and of the ground that it learnt from."""
    digests = (
        teacher.files.exclude(kind=ModelFile.Kind.KERAS).order_by("kind").values_list("sha256", flat=True)
    )
    return {
        "teacher": teacher.pk,
        "teacher_backbone": teacher.backbone,
        "teacher_licence": find_backbone(teacher.backbone).licence,
        "teacher_sha256": hashlib.sha256("\n".join(digests).encode()).hexdigest(),
        "windows": config.windows,
        "scenes": [{"scene": scene.pk, "name": scene.name, "sha256": scene.sha256} for scene in scenes],
        "towns": sorted({scene.town.path for scene in scenes}),
    }
