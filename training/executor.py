"""Carrying trainings out: crops are read, a model is fitted, and all of it is stored, or nothing and the reason."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial

from django.conf import settings

from damage.work.claims import carried_out, record_killed
from damage.work.progress import Progress, no_progress
from tagging.models import Crop
from tagging.quarantine import check_crops_in_use
from training.data.augmented_crops import Copies, recorded_augmentation
from training.data.dataset import PARTS, Part, place_of, reviewed
from training.data.features import CropSource
from training.data.near_duplicates import ground_numbers
from training.data.scene_windows import SceneWindow
from training.fit import Examples, Fitted, Places, Step, Unlabelled, fitted
from training.inference import window_px_of, windows_for
from training.input_side_choice import choose_side
from training.input_sides import has_to_be_chosen
from training.models import ModelRun
from training.networks.backbones.registry import find_features
from training.networks.classical import ClassicalFeatures
from training.networks.heads.parameters import CROSS_VALIDATED, TuningParameters, head_parameters
from training.storing import store
from training.student_fit import fitted_student

Windows = Callable[[Iterable[Crop]], Sequence[CropSource]]


def carry_out(run: ModelRun, *, progress: Progress = no_progress) -> ModelRun:
    """Do the work of a queued run: all of it is stored, or nothing and the reason."""
    record_killed(ModelRun)
    try:
        with carried_out(run, progress) as report:
            store(run, _fitted(run, report.step))
    finally:
        with suppress(ModelRun.DoesNotExist):
            run.refresh_from_db()
    return run


def _fitted(run: ModelRun, step: Step) -> Fitted:
    environment = settings.ENVIRONMENT
    places = Places(settings.DATA_DIR / "features", environment.weights_dir, environment.threads)
    if run.is_student:
        return fitted_student(run, places, step)
    if has_to_be_chosen(run):
        choose_side(run, places, step)
    backbone = find_features(run.backbone, run.parameters["contrast"], window_px_of(run))
    parameters = head_parameters(run.head, is_classical=isinstance(backbone, ClassicalFeatures))
    blocks = run.parameters.get("fine_tune_blocks", 0)
    tuning = TuningParameters(blocks) if blocks else None
    run.parameters |= {"head": asdict(parameters), "fine_tuning": tuning and asdict(tuning)}
    windows = partial(windows_for, run)
    parts = {part.value: _examples(run, part, windows) for part in PARTS}
    run.parameters["windows"] = _counted(parts.values())
    return fitted(
        parts,
        backbone,
        parameters,
        places,
        max_fpr=run.parameters["max_fpr"],
        seed=run.seed,
        tuning=tuning,
        adapt_to=_unlabelled(run, windows),
        step=step,
    )


def _counted(parts: Iterable[Examples]) -> dict[str, int]:
    """How many windows were cut from their scenes, and how many crops were taken as they are."""
    windows = [crop for part in parts for crop in part.originals]
    in_scenes = sum(isinstance(crop, SceneWindow) for crop in windows)
    return {"in_scenes": in_scenes, "mirrored": len(windows) - in_scenes}


def _unlabelled(run: ModelRun, windows: Windows) -> Unlabelled | None:
    record = run.parameters.get("adapt_to")
    if not record:
        return None
    crops = run.unlabelled_crops.select_related("scene").order_by("sha256", "pk")
    check_crops_in_use(crops)
    return Unlabelled(record["town"], windows(crops))


def _examples(run: ModelRun, part: Part, windows: Windows) -> Examples:
    rows = run.crops_of(part).select_related("crop__scene", "crop__town__event")
    crops = [row.crop for row in rows]
    check_crops_in_use(crops)
    images = windows(crops)
    answers = [row.is_positive for row in rows]
    towns = [crop.town.path for crop in crops]
    is_reviewed = reviewed(run.question, crops)
    augmentation = recorded_augmentation(run.parameters.get("augmentation"))
    if part != Part.TRAIN or augmentation.form == "none":
        # Heads that cross-validate within the training crops keep what shows one ground together.
        grounds = ground_numbers([place_of(crop) for crop in crops]) if run.head in CROSS_VALIDATED else None
        return Examples(images, answers, towns, is_reviewed, grounds=grounds)
    copies = Copies(augmentation)
    with_copies: list[CropSource] = []
    for crop, image in zip(crops, images, strict=True):
        with_copies += [image, *copies.of(crop, range(1, augmentation.copies))]
    return Examples(
        with_copies, answers, towns, is_reviewed, augmentation.copies, partial(copies.redrawn, crops)
    )
