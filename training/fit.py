"""One training from crops to a model: features, head, scores, threshold, metrics, files."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from damage.ingestion.reading import SceneReader
from damage.work.progress import Progress, no_progress
from training.data.crop_files import CropCopy, CropImage, read_pixels
from training.data.features import NETWORKS, CropSource, crop_features, prepared
from training.data.scene_windows import SceneWindow
from training.evaluation.metrics import classification_metrics
from training.evaluation.operating_threshold import Threshold, operating_threshold
from training.evaluation.unseen_towns import UnseenTown, expected_in_unseen_towns, unseen_town_threshold
from training.networks.backbones.registry import Backbone
from training.networks.classical import ClassicalFeatures
from training.networks.heads.adapting import adapted_if_it_helps
from training.networks.heads.classifiers import Classifier
from training.networks.heads.fitted import forest_head, svm_head
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import LinearHead, logistic_head, softmax_head
from training.networks.heads.parameters import (
    ForestParameters,
    HeadParameters,
    LogisticParameters,
    Parameters,
    SvmParameters,
    TuningParameters,
)
from training.networks.heads.self_training import SelfTrained
from training.networks.kept_networks import keep_missing
from training.networks.kinds import TrainedParts, kind_to_train
from training.networks.resize import resized

if TYPE_CHECKING:
    from training.networks.fine_tuning import Pictures

# So many crops are scored by both engines before a model is accepted.
MOST_COMPARED = 16
# With fewer crops of either answer in all other towns a town is not left out.
LEAST_TO_LEARN_FROM = 5
PREPARING, FEATURES, TUNING = "network", "features", "fine-tuning"  # steps whose progress is told
UNLABELLED, COMPARED = "unlabelled", "compared"  # beside the parts' names
Step = Callable[[str], Progress]


def _untold(name: str) -> Progress:
    return no_progress


@dataclass(frozen=True)
class Examples:
    """A part's crops and whether the answer to each is yes.

    With `copies`, as many images stand in `crops` for each answer, the crop as it is first. `redrawn` gives one copy of
    every crop for an epoch of fine-tuning. `grounds` numbers the ground of each crop, where a head asks for it.
    """

    crops: Sequence[CropSource]
    is_positive: Sequence[bool]
    # Each crop's town, and whether somebody looked at it: those that nobody looked at judge no threshold.
    towns: Sequence[str] = ()
    is_reviewed: Sequence[bool] = ()
    copies: int = 1
    redrawn: Callable[[int], Sequence[CropCopy]] | None = None
    grounds: np.ndarray | None = None

    @property
    def originals(self) -> Sequence[CropSource]:
        return self.crops[:: self.copies]


@dataclass(frozen=True)
class Places:
    """Where features are kept and weights are looked for, and how many threads may work."""

    cache_dir: Path
    weights_dir: Path | None = None
    threads: int = 0


@dataclass(frozen=True)
class Fitted:
    """What came of a training; `scores` and `metrics` by part, `files` by kind.

    `left_out_scores` (N,) are the training crops' by a model that did not learn from their town, NaN where none was.
    """

    scores: dict[str, np.ndarray]
    left_out_scores: np.ndarray
    metrics: dict[str, Any]
    threshold: float
    threshold_reason: str
    files: dict[str, bytes]


@dataclass(frozen=True)
class Unlabelled:
    """Crops of a town that a model goes on learning in without anybody's answers."""

    town: str
    crops: Sequence[CropSource]


def fitted(
    parts: Mapping[str, Examples],
    backbone: Backbone | ClassicalFeatures,
    head_parameters: Parameters,
    places: Places,
    *,
    max_fpr: float | None,
    seed: int,
    tuning: TuningParameters | None = None,
    adapt_to: Unlabelled | None = None,
    step: Step = _untold,
) -> Fitted:
    """Train on `parts["train"]`, choose the threshold, measure every part.

    The threshold is one for unseen towns (`evaluation.unseen_towns`): each training town is left out in turn, and
    "validation" was not seen either. With `max_fpr` it is chosen on "validation" alone. What is trained in epochs, a
    head or the network's last blocks (`tuning`), stops on "validation", and leaves no town out. A logistic regression
    can adapt to a town, which then decides the threshold as well; where that would hardly help (`heads.adapting`) all
    is as without.
    """
    kind = kind_to_train(backbone, head_is_layer=not isinstance(head_parameters, ForestParameters))
    exports = kind.exports(backbone, places.weights_dir, is_tuned=tuning is not None)
    keep_missing(exports, places.cache_dir / NETWORKS, lambda: step(PREPARING))
    as_they_are = _as_they_are(parts)
    parts = {**parts, COMPARED: _unanswered(as_they_are)}
    every = dict(parts) if adapt_to is None else {**parts, UNLABELLED: _unanswered(adapt_to.crops)}
    labelled = labelled_features(every, backbone, places, step(FEATURES))
    unlabelled = labelled.pop(UNLABELLED, None)
    threshold = adapting = None
    if unlabelled is not None:
        adapting = adapted_if_it_helps(labelled["train"], unlabelled.features, head_parameters)
    left_out = np.full(len(parts["train"].originals), np.nan)
    if adapt_to is None or adapting is None or adapting.adapted is None:
        head, course = trained(labelled, head_parameters, seed)
        if tuning is None and max_fpr is None and not isinstance(head_parameters, HeadParameters):
            left_out = left_out_scores(labelled["train"], parts["train"].towns, head_parameters, seed)
    else:
        head, course = adapting.adapted.head, {"separation": adapting.adapted.separation}
        threshold = _adapted_threshold(adapt_to, adapting.adapted)
    if adapting is not None:
        course = course | {"adaptation": adapting.record}
    labelled = {part: rows.originals for part, rows in labelled.items()}
    network = None
    if tuning is None or isinstance(backbone, ClassicalFeatures) or isinstance(head, Classifier):
        scores = {
            part: np.asarray(head(rows.features))[:, 1]
            for part, rows in labelled.items()
            if len(rows.features)
        }
    else:
        from training.networks.fine_tuning import finetuned  # loads TensorFlow, as only this needs

        with closing(SceneReader()) as scenes:
            tuned = finetuned(
                {part: _pictures(examples, backbone, scenes) for part, examples in parts.items()},
                backbone,
                head,
                tuning,
                seed=seed,
                scratch_dir=places.cache_dir,
                weights_dir=places.weights_dir,
                threads=places.threads,
                progress=step(TUNING),
            )
        head, network, scores, course = tuned.head, tuned.network, tuned.scores, tuned.described
    if threshold is None and max_fpr is not None:
        threshold = operating_threshold(labelled["validation"].is_positive, scores["validation"], max_fpr)
    elif threshold is None:
        unseen = [
            *by_town(parts["train"], left_out),
            *by_town(parts["validation"], scores.get("validation", np.zeros(0))),
        ]
        threshold = _threshold_for_unseen_towns(unseen)
        if expected := expected_in_unseen_towns(unseen):
            course = course | {"unseen_towns": expected}
    compared = scores.pop(COMPARED)
    metrics = {
        part: classification_metrics(labelled[part].is_positive, scores[part], threshold.value)
        for part in scores
    }
    return Fitted(
        scores=scores,
        left_out_scores=left_out,
        metrics=metrics | course,
        threshold=threshold.value,
        threshold_reason=threshold.reason,
        files=kind.artefact(
            TrainedParts(backbone, head, network, places.weights_dir, places.cache_dir / NETWORKS),
            np.stack([resized(read_pixels(crop), backbone.size_px) for crop in as_they_are]),
            compared,
            threads=places.threads,
        ),
    )


def left_out_scores(train: Labelled, towns: Sequence[str], parameters: Parameters, seed: int) -> np.ndarray:
    """Scores (N,) of the training crops, each by a model that learnt from the other towns; NaN where none could."""
    scores, of_town = np.full(len(towns), np.nan), np.array(towns)
    for town in dict.fromkeys(towns):
        others = train.of(of_town != town)
        positive = int(others.originals.is_positive.sum())
        if min(positive, len(others.originals.is_positive) - positive) < LEAST_TO_LEARN_FROM:
            continue
        head, _course = trained({"train": others}, parameters, seed)
        left = train.of(of_town == town).originals
        scores[of_town == town] = np.asarray(head(left.features))[:, 1]
    return scores


def by_town(examples: Examples, scores: np.ndarray) -> list[UnseenTown]:
    """A part's scored crops by town, without those that nobody looked at."""
    answers, towns = np.array(examples.is_positive, bool), np.array(examples.towns)
    judging = np.isfinite(scores)
    if len(examples.is_reviewed):
        judging &= np.array(examples.is_reviewed, bool)
    groups = [(town, (towns == town) & judging) for town in dict.fromkeys(examples.towns)]
    return [UnseenTown(str(town), answers[rows], scores[rows]) for town, rows in groups if rows.any()]


def _threshold_for_unseen_towns(towns: Sequence[UnseenTown]) -> Threshold:
    names = ", ".join(town.town for town in towns if town.has_a_say)
    if not names:
        return Threshold(
            0.5, "One half: no town that the model had not seen has enough crops of both answers."
        )
    return Threshold(
        unseen_town_threshold(towns),
        f"The mean of the cuts that were best in towns that the model which scored them had not seen: {names}.",
    )


def trained(
    labelled: Mapping[str, Labelled], parameters: Parameters, seed: int
) -> tuple[LinearHead | Classifier, dict[str, Any]]:
    """Train a head on the features of "train"; gives it, and for one that is trained in epochs how that went."""
    if isinstance(parameters, LogisticParameters):
        return logistic_head(labelled["train"], parameters), {}
    if isinstance(parameters, SvmParameters):
        return svm_head(labelled["train"], parameters, seed=seed), {}
    if isinstance(parameters, ForestParameters):
        return forest_head(labelled["train"], parameters, seed=seed), {}
    head, course = softmax_head(labelled["train"], labelled["validation"], parameters)
    losses = {"train_loss": course.train_losses, "validation_loss": course.validation_losses}
    return head, {"best_epoch": course.best_epoch, "curves": losses}


def _unanswered(crops: Sequence[CropSource]) -> Examples:
    """Crops that are to have their features beside those of the parts; the answers are never looked at."""
    return Examples(crops, [False] * len(crops))


def _as_they_are(parts: Mapping[str, Examples]) -> list[CropImage | CropCopy]:
    """Some crops as they are, without their surroundings: what a model can be asked about on every engine."""
    some = (parts["validation"].originals or parts["train"].originals)[:MOST_COMPARED]
    return [as_it_is for crop in some if (as_it_is := crop.crop if isinstance(crop, SceneWindow) else crop)]


def _adapted_threshold(adapt_to: Unlabelled, adapted: SelfTrained) -> Threshold:
    return Threshold(
        adapted.threshold,
        f"Halfway between the two groups of scores of the {len(adapt_to.crops)} crops of {adapt_to.town}, to which the "
        f"model was adapted; nobody's answers there were looked at. The groups lie {adapted.separation:.1f} standard "
        "deviations apart.",
    )


def _pictures(examples: Examples, backbone: Backbone, scenes: SceneReader) -> "Pictures":
    """A part's crops as fine-tuning looks at them."""
    from training.networks.fine_tuning import Pictures

    def readers(crops: Sequence[CropSource]) -> list[Callable[[], np.ndarray]]:
        return [partial(prepared, crop, backbone, scenes) for crop in crops]

    redrawn = examples.redrawn
    return Pictures(
        readers(examples.originals),
        np.array(examples.is_positive, bool),
        None if redrawn is None else lambda epoch: readers(redrawn(epoch)),
    )


def labelled_features(
    parts: Mapping[str, Examples], backbone: Backbone | ClassicalFeatures, places: Places, progress: Progress
) -> dict[str, Labelled]:
    """Return each part's features, computed in one go."""
    crops = [crop for examples in parts.values() for crop in examples.crops]
    features = crop_features(
        crops,
        backbone,
        places.cache_dir,
        weights_dir=places.weights_dir,
        threads=places.threads,
        progress=progress,
    )
    ends = np.cumsum([len(examples.crops) for examples in parts.values()])[:-1]
    return {
        part: Labelled(
            rows,
            np.repeat(np.array(examples.is_positive, bool), examples.copies),
            examples.copies,
            None if examples.grounds is None else np.repeat(examples.grounds, examples.copies),
        )
        for (part, examples), rows in zip(parts.items(), np.split(features, ends), strict=True)
    }
