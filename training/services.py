"""What happens to model runs: a training is planned whole, then carried out, and replaces no other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from damage.accounts.models import User
from damage.batches import PLAIN_ROWS_AT_ONCE, write_in_batches
from damage.errors import Conflict, Refused
from damage.ingestion.lookup import find_town
from damage.messages import Message as _
from damage.statements import insert_all
from damage.work import claims
from damage.work.claims import record_killed
from damage.work.progress import Progress, no_progress
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Question
from training.config import NOT_LAYERS, TrainingConfig, check_config
from training.data.adaptation_crops import (
    adaptation_record,
    crops_to_adapt_to,
    named_with_test,
    town_to_adapt_to,
)
from training.data.augmented_crops import (
    augmentation_record,
    chosen_augmentation,
)
from training.data.crop_images import crop_images
from training.data.dataset import PARTS, Agreement, Dataset, Part, agreement, chosen_dataset
from training.data.features import image_hashes_of
from training.data.held_out_towns import held_out_towns
from training.input_sides import earlier_side, use_side
from training.models import ModelRun, ModelRunCrop
from training.networks.backbones.registry import Backbone
from training.networks.classical import ClassicalFeatures
from training.networks.kinds import DENSE, kind_to_train
from training.tasks import run_training


def train(
    question: Question,
    config: TrainingConfig,
    *,
    requested_by: User | None = None,
    progress: Progress = no_progress,
) -> ModelRun:
    """Train now; raises `Refused` before any work, or whatever stopped it after recording the reason.

    Crops that are tagged but not cut yet are cut first. Those that cannot be are left out, and counted.
    """
    cut_pending_crops(_crops_of(question, config), progress=progress)
    planned = _planned(question, config, requested_by)
    with claims.waiting_settled([planned.run]):
        create_queued_run(planned.run, planned.crops, planned.unlabelled)
        from training.executor import carry_out  # heavy: only the process that trains loads TensorFlow

        return carry_out(planned.run, progress=progress)


def request_training(question: Question, config: TrainingConfig, *, requested_by: User | None) -> ModelRun:
    """Queue a training; `manage.py db_worker` carries it out.

    A request does not wait for pixels: crops that are not cut yet are left out, and counted.
    """
    record_killed(ModelRun)
    planned = _planned(question, config, requested_by)
    create_queued_run(planned.run, planned.crops, planned.unlabelled, run_training.enqueue)
    return planned.run


def _crops_of(question: Question, config: TrainingConfig) -> QuerySet[Crop]:
    """The crops that a training may need: those with an answer, and those of the town to adapt to."""
    needed = Q(tags__question=question)
    if config.adapt_to:
        needed |= Q(town=find_town(config.adapt_to))
    return Crop.objects.filter(needed)


def cancel(run: ModelRun, *, by: User | None) -> None:
    """Stop a training that waits or goes on; nothing of it stays but its rows, and the features of its crops."""
    claims.cancel(run, by=by)


@dataclass(frozen=True)
class _Planned:
    """A training that is to be written: its run, the run's crops, and those of a town to adapt to."""

    run: ModelRun
    crops: Sequence[ModelRunCrop]
    unlabelled: Sequence[Crop]


def _planned(question: Question, config: TrainingConfig, requested_by: User | None) -> _Planned:
    """A new training with its crops, after refusing what cannot work; looks at many files, and writes no row."""
    backbone = config.chosen_backbone()
    check_config(config)
    parent = _parent(question, config)
    augmentation = chosen_augmentation(config.augment, config.copies, config.seed)
    agreed = agreement(question)
    named = {
        Part.TRAIN: config.train_towns,
        Part.VALIDATION: config.validation_towns,
        Part.TEST: config.test_towns,
    }
    kept = held_out_towns()
    adapt_to = town_to_adapt_to(config.adapt_to, kept)
    dataset = chosen_dataset(
        agreed,
        named_with_test(named, adapt_to, agreed),
        per_class=config.per_class,
        seed=config.seed,
        hashes=lambda crops: image_hashes_of(crop_images(crops), settings.DATA_DIR / "features"),
        kept=kept,
        needs_validation=config.needs_validation,
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
        head=config.head,
        seed=config.seed,
        parameters=_parameters(config, backbone, agreed, dataset)
        | {
            "augmentation": augmentation_record(augmentation, learnt),
            "adapt_to": adapt_to and adaptation_record(adapt_to, unlabelled),
            "input_side": None if config.network_px or not _is_side_free(config, backbone) else {},
        },
        dataset_sha256=dataset.sha256,
        window_m=dataset.window_m,
        window_px=dataset.window_px,
    )
    if run.parameters["input_side"] == {} and (measured := earlier_side(run)):
        use_side(run, measured["side_px"], measured)
    crops = [
        ModelRunCrop(crop_id=crop.pk, part=part, is_positive=crop.is_positive)
        for part, crops in dataset.parts.items()
        for crop in crops
    ]
    return _Planned(run, crops, unlabelled)


def _is_side_free(config: TrainingConfig, backbone: Backbone | ClassicalFeatures) -> bool:
    """Whether a smaller side makes predictions quicker, and measuring does not take longer than it saves."""
    kind = kind_to_train(backbone, head_is_layer=config.head not in NOT_LAYERS)
    return kind is DENSE and isinstance(backbone, Backbone) and backbone.orientations == 1


def create_queued_run(
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
        write_in_batches(crops, insert_all, size=PLAIN_ROWS_AT_ONCE)
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


def _parent(question: Question, config: TrainingConfig) -> ModelRun | None:
    if config.parent is None:
        return None
    if parent := question.model_runs.filter(pk=config.parent).first():
        return parent
    raise Refused(
        _("The question has no model run %(run)s to go on from.") % {"run": config.parent},
        _("Name a model run of the same question."),
    )


def _answers_by(dataset: Dataset) -> dict[str, int]:
    """How many crops' answers are what the consensus is sure of, and how many what most of their taggers say."""
    crops = [crop for part in PARTS for crop in dataset.parts[part]]
    consensus = sum(crop.is_by_consensus for crop in crops)
    return {"consensus": consensus, "majority": len(crops) - consensus}


def _parameters(
    config: TrainingConfig, backbone: Backbone | ClassicalFeatures, agreed: Agreement, dataset: Dataset
) -> dict[str, Any]:
    """What else decides the result, and what was left out, for the run's row."""
    kind = kind_to_train(backbone, head_is_layer=config.head not in NOT_LAYERS)
    towns = {part: [town.path for town in dataset.towns[part]] for part in PARTS}
    return {
        "train_towns": towns[Part.TRAIN],
        "validation_towns": towns[Part.VALIDATION],
        "test_towns": towns[Part.TEST],
        "per_class": config.per_class,
        "max_fpr": config.max_fpr,
        "contrast": backbone.contrast,
        "features": backbone.recipe_id,
        "network": kind.record(backbone.size_px),
        "fine_tune_blocks": config.fine_tune_blocks,
        "answers_by": _answers_by(dataset),
        "left_out": {
            "unsure": agreed.unsure,
            "tied": agreed.tied,
            "shown_again": dataset.leakage_dropped,
            "unreviewed": dataset.unreviewed_dropped,
            "pending": agreed.pending,
        },
    }
