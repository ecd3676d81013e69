"""What happens to model runs: a training is planned whole, then carried out, and replaces no other."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from damage.accounts.models import User
from damage.batches import write_in_batches
from damage.errors import Conflict, Refused
from damage.messages import Message as _
from damage.work import claims
from damage.work.claims import carried_out, record_killed
from damage.work.progress import Progress, no_progress
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Question
from tagging.quarantine import check_crops_in_use
from tagging.services import image_bytes
from training.data.adaptation_crops import (
    adaptation_record,
    crops_to_adapt_to,
    named_with_test,
    town_to_adapt_to,
)
from training.data.augmented_crops import (
    Copies,
    augmentation_record,
    chosen_augmentation,
    recorded_augmentation,
)
from training.data.dataset import (
    PARTS,
    AgreedCrop,
    Agreement,
    Dataset,
    Part,
    agreement,
    chosen_dataset,
    find_town,
    held_out_towns,
)
from training.data.features import CropCopy, CropImage, crop_features, image_hashes_of
from training.models import ModelRun, ModelRunCrop
from training.networks.backbones.registry import DEFAULT_BACKBONE, Backbone, check_tunable, find_features
from training.networks.classical import ClassicalFeatures
from training.networks.kinds import kind_of_recipe
from training.storing import store
from training.tasks import run_training

if TYPE_CHECKING:  # heavy: only the process that trains loads TensorFlow
    from training.fit import Examples, Fitted, Step, Unlabelled

# As in `training.networks.heads.layers`, which loads TensorFlow.
HEAD_NAMES = ("softmax", "logistic-regression", "svm", "random-forest")
NOT_LAYERS = ("random-forest",)  # no part of a network: kept beside it
LAYERS = (
    "softmax",
    "logistic-regression",
)  # heads that learn on with the network, and weigh copies as one crop
ADAPTS = "logistic-regression"  # the head that can go on learning in a town without answers
DEFAULT_HEAD = "softmax"


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """What may be chosen of a training. Towns go by name, slug, or event/town."""

    backbone: str = DEFAULT_BACKBONE
    train_towns: Sequence[str] = ()
    validation_towns: Sequence[str] = ()
    test_towns: Sequence[str] = ()
    per_class: int | None = None
    seed: int = 0
    max_fpr: float = 0.0
    contrast: float | None = None
    head: str = DEFAULT_HEAD
    augment: str = "none"
    copies: int | None = None
    fine_tune_blocks: int = 0
    # A town in which the model goes on learning by itself, without anybody's answers.
    adapt_to: str = ""
    # The run that this one goes on from, with newer tags or other parameters.
    parent: int | None = None

    def chosen_backbone(self) -> Backbone | ClassicalFeatures:
        """The backbone with the contrast asked for, or the classical features."""
        return find_features(self.backbone, self.contrast)


def train(
    question: Question,
    recipe: TrainingConfig,
    *,
    requested_by: User | None = None,
    progress: Progress = no_progress,
) -> ModelRun:
    """Train now; raises `Refused` before any work, or whatever stopped it after recording the reason.

    Crops that are tagged but not cut yet are cut first. Those that cannot be are left out, and counted.
    """
    cut_pending_crops(_crops_of(question, recipe), progress=progress)
    planned = _planned(question, recipe, requested_by)
    with claims.waiting_settled([planned.run]):
        write_new_run(planned.run, planned.crops, planned.unlabelled)
        return carry_out(planned.run, progress=progress)


def request_training(question: Question, recipe: TrainingConfig, *, requested_by: User | None) -> ModelRun:
    """Queue a training; `manage.py db_worker` carries it out.

    A request does not wait for pixels: crops that are not cut yet are left out, and counted.
    """
    record_killed(ModelRun)
    planned = _planned(question, recipe, requested_by)
    write_new_run(planned.run, planned.crops, planned.unlabelled, run_training.enqueue)
    return planned.run


def _crops_of(question: Question, recipe: TrainingConfig) -> QuerySet[Crop]:
    """The crops that a training may need: those with an answer, and those of the town to adapt to."""
    needed = Q(tags__question=question)
    if recipe.adapt_to:
        needed |= Q(town=find_town(recipe.adapt_to))
    return Crop.objects.filter(needed)


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


def cancel(run: ModelRun, *, by: User | None) -> None:
    """Stop a training that waits or goes on; nothing of it stays but its row."""
    claims.cancel(run, by=by)


@dataclass(frozen=True)
class _Planned:
    """A training that is to be written: its run, the run's crops, and those of a town to adapt to."""

    run: ModelRun
    crops: Sequence[ModelRunCrop]
    unlabelled: Sequence[Crop]


def _planned(question: Question, recipe: TrainingConfig, requested_by: User | None) -> _Planned:
    """A new training with its crops, after refusing what cannot work; looks at many files, and writes no row."""
    backbone = recipe.chosen_backbone()
    _check(recipe)
    parent = _parent(question, recipe)
    augmentation = chosen_augmentation(recipe.augment, recipe.copies, recipe.seed)
    agreed = agreement(question)
    named = {
        Part.TRAIN: recipe.train_towns,
        Part.VALIDATION: recipe.validation_towns,
        Part.TEST: recipe.test_towns,
    }
    kept = held_out_towns(settings.ENVIRONMENT.test_towns)
    adapt_to = town_to_adapt_to(recipe.adapt_to, kept)
    dataset = chosen_dataset(
        agreed,
        named_with_test(named, adapt_to, agreed),
        per_class=recipe.per_class,
        seed=recipe.seed,
        hashes=lambda crops: image_hashes_of(crop_images(crops), settings.DATA_DIR / "features"),
        kept=kept,
    )
    unlabelled = crops_to_adapt_to(adapt_to, dataset) if adapt_to else []
    learnt = Crop.objects.select_related("scene").filter(
        pk__in=[crop.pk for crop in dataset.parts[Part.TRAIN]]
    )
    run = ModelRun(
        question=question,
        parent=parent,
        requested_by=requested_by,
        backbone=backbone.name,
        head=recipe.head,
        seed=recipe.seed,
        parameters=_parameters(recipe, backbone, agreed, dataset)
        | {
            "augmentation": augmentation_record(augmentation, list(learnt)),
            "adapt_to": adapt_to and adaptation_record(adapt_to, unlabelled),
        },
        dataset_sha256=dataset.sha256,
        window_m=dataset.window_m,
        window_px=dataset.window_px,
    )
    crops = [
        ModelRunCrop(crop_id=crop.pk, part=part, is_positive=crop.is_positive)
        for part, crops in dataset.parts.items()
        for crop in crops
    ]
    return _Planned(run, crops, unlabelled)


def write_new_run(
    run: ModelRun,
    crops: Sequence[ModelRunCrop],
    unlabelled: Sequence[Crop],
    enqueue: Callable[[int], object] = lambda pk: None,
) -> None:
    """Write a new run's rows in short transactions; it waits to be carried out, and is enqueued, once all are there."""
    run.status, run.error = ModelRun.Status.FAILED, _("The process that asked for it was killed.")
    run.save()
    try:
        for row in crops:
            row.model_run = run
        write_in_batches(crops, ModelRunCrop.objects.bulk_create)
        write_in_batches(unlabelled, lambda some: run.unlabelled_crops.add(*some))
        with transaction.atomic():
            run.status, run.error = ModelRun.Status.QUEUED, ""
            run.save(update_fields=["status", "error"])
            enqueue(run.pk)  # a row beside the run's own: both are there, or neither
    except IntegrityError as error:  # it was planned before
        run.delete()
        raise Conflict(
            _("Some of the crops were deleted meanwhile."), _("Ask for the training again.")
        ) from error


def _parent(question: Question, recipe: TrainingConfig) -> ModelRun | None:
    if recipe.parent is None:
        return None
    if parent := question.model_runs.filter(pk=recipe.parent).first():
        return parent
    raise Refused(
        _("The question has no model run %(run)s to go on from.") % {"run": recipe.parent},
        _("Name a model run of the same question."),
    )


def _check(recipe: TrainingConfig) -> None:
    if not 0 <= recipe.max_fpr < 1:
        raise Refused(_("The false positive rate must be from 0 up to, but not including, 1."))
    find_head(recipe.head)
    if recipe.seed < 0:
        raise Refused(_("The seed must not be negative."))
    if recipe.contrast is not None and not 0 < recipe.contrast <= 100:
        raise Refused(_("The contrast must lie between 0 and 100."), _("1 leaves it as the weights expect."))
    check_tunable(recipe.backbone, recipe.fine_tune_blocks)
    if recipe.head not in LAYERS and (recipe.fine_tune_blocks or recipe.augment != "none"):
        raise Refused(
            _("Copies and fine-tuning do not go with the head %(head)s.") % {"head": recipe.head},
            _("Choose one of: %(heads)s.") % {"heads": ", ".join(LAYERS)},
        )
    if recipe.adapt_to and (recipe.head != ADAPTS or recipe.fine_tune_blocks):
        raise Refused(
            _("Only the head %(head)s, without fine-tuning, adapts to a town.") % {"head": ADAPTS},
            _("Choose it with --head %(head)s.") % {"head": ADAPTS},
        )


def find_head(name: str) -> str:
    """The head of that name; refused with the names there are when unknown."""
    if name not in HEAD_NAMES:
        raise Refused(
            _("There is no head %(head)s.") % {"head": name},
            _("Choose one of: %(heads)s.") % {"heads": ", ".join(HEAD_NAMES)},
        )
    return name


def crop_images(crops: Sequence[AgreedCrop]) -> list[CropImage]:
    """The crops' pixels, to be read when they are needed."""
    rows = Crop.objects.in_bulk([crop.pk for crop in crops])
    return [CropImage(crop.sha256, partial(image_bytes, rows[crop.pk])) for crop in crops]


def features_of(
    images: Sequence[CropImage], features: Backbone | ClassicalFeatures, progress: Progress
) -> np.ndarray:
    """The images' features (N, F) in their order, kept where trainings keep theirs."""
    environment = settings.ENVIRONMENT
    return crop_features(
        images,
        features,
        settings.DATA_DIR / "features",
        weights_dir=environment.weights_dir,
        threads=environment.threads,
        progress=progress,
    )


def _parameters(
    recipe: TrainingConfig, backbone: Backbone | ClassicalFeatures, agreed: Agreement, dataset: Dataset
) -> dict[str, Any]:
    """What else decides the result, and what was left out, for the run's row."""
    kind = kind_of_recipe(backbone, head_is_layer=recipe.head not in NOT_LAYERS)
    towns = {part: [f"{town.event.slug}/{town.slug}" for town in dataset.towns[part]] for part in PARTS}
    return {
        "train_towns": towns[Part.TRAIN],
        "validation_towns": towns[Part.VALIDATION],
        "test_towns": towns[Part.TEST],
        "per_class": recipe.per_class,
        "max_fpr": recipe.max_fpr,
        "contrast": backbone.contrast,
        "features": backbone.recipe_id,
        "network": kind.record(backbone.size_px),
        "fine_tune_blocks": recipe.fine_tune_blocks,
        "left_out": {
            "unsure": agreed.unsure,
            "tied": agreed.tied,
            "shown_again": dataset.leakage_dropped,
            "pending": agreed.pending,
        },
    }


def _fitted(run: ModelRun, step: "Step") -> "Fitted":
    from training.fit import Places, fitted
    from training.networks.fine_tuning import TuningParameters
    from training.networks.heads.layers import head_parameters

    environment = settings.ENVIRONMENT
    backbone = find_features(run.backbone, run.parameters["contrast"])
    parameters = head_parameters(run.head, is_classical=isinstance(backbone, ClassicalFeatures))
    blocks = run.parameters.get("fine_tune_blocks", 0)
    tuning = TuningParameters(blocks) if blocks else None
    run.parameters |= {"head": asdict(parameters), "fine_tuning": tuning and asdict(tuning)}
    return fitted(
        {part.value: _examples(run, part) for part in PARTS},
        backbone,
        parameters,
        Places(settings.DATA_DIR / "features", environment.weights_dir, environment.threads),
        max_fpr=run.parameters["max_fpr"],
        seed=run.seed,
        tuning=tuning,
        adapt_to=_unlabelled(run),
        step=step,
    )


def _unlabelled(run: ModelRun) -> "Unlabelled | None":
    from training.fit import Unlabelled

    record = run.parameters.get("adapt_to")
    if not record:
        return None
    crops = run.unlabelled_crops.select_related("scene").order_by("sha256", "pk")
    check_crops_in_use(crops)
    return Unlabelled(record["town"], [CropImage(crop.sha256, partial(image_bytes, crop)) for crop in crops])


def _examples(run: ModelRun, part: Part) -> "Examples":
    from training.fit import Examples

    rows = run.crops_of(part).select_related("crop__scene")
    crops = [row.crop for row in rows]
    check_crops_in_use(crops)
    images = [CropImage(crop.sha256, partial(image_bytes, crop)) for crop in crops]
    answers = [row.is_positive for row in rows]
    augmentation = recorded_augmentation(run.parameters.get("augmentation"))
    if part != Part.TRAIN or augmentation.form == "none":
        return Examples(images, answers)
    copies = Copies(augmentation)
    with_copies: list[CropImage | CropCopy] = []
    for crop, image in zip(crops, images, strict=True):
        with_copies += [image, *copies.of(crop, range(1, augmentation.copies))]
    return Examples(with_copies, answers, augmentation.copies, partial(copies.redrawn, crops))
