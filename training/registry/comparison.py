"""Two models beside each other on towns that neither of them learnt from."""

from collections.abc import Sequence
from contextlib import closing, suppress
from itertools import compress
from typing import Any

import numpy as np
from django.conf import settings

from damage.ingestion.reading import SceneReader
from damage.work import claims
from damage.work.progress import Progress, no_progress
from tagging.models import Crop
from training.data.crop_images import crop_image
from training.data.dataset import AgreedCrop, Part, agreement, place_of
from training.data.features import image_hashes_of
from training.data.held_out_towns import learnt_crops, unseen_towns
from training.data.near_duplicates import crossing
from training.evaluation.metrics import classification_metrics
from training.inference import window_scores, windows_for
from training.models import ModelRun, Promotion

# Of each town so many crops of either answer at most, the first by digest: the same for every comparison.
MOST_PER_ANSWER = 200
# So many are looked at between two words of progress.
CROPS_AT_ONCE = 40
METRICS = ("auc", "balanced_accuracy", "precision", "recall", "f1")


def compare(promotion: Promotion, *, progress: Progress = no_progress) -> Promotion:
    """Do the work of a queued comparison: the metrics are stored, or the reason why there are none, which is raised."""
    try:
        with claims.carried_out(promotion, progress) as report:
            metrics = comparison(promotion.model_run, promotion.replaced, report.step("comparison"))
            claims.finish(promotion, comparison=metrics)
    finally:
        with suppress(Promotion.DoesNotExist):
            promotion.refresh_from_db()
    return promotion


def comparison(
    candidate: ModelRun, present: ModelRun | None, progress: Progress = no_progress
) -> dict[str, Any]:
    """Metrics of both models on the towns kept for tests that have both answers, and that neither learnt from.

    Without towns kept for tests (DAMAGE_TEST_TOWNS): on every town that had no part in making either of them.

    {"towns": {town: {"crops", "positive", "candidate": {...}, "present": {...} or None}}}; a model that cannot be
    opened is refused. Progress is told in crops looked at.
    """
    runs = {role: run for role, run in (("candidate", candidate), ("present", present)) if run}
    by_town = _unseen_crops(list(runs.values()))
    tell = _Count(len(runs) * sum(len(crops) for crops in by_town.values()), progress)
    towns: dict[str, Any] = {}
    for name, crops in by_town.items():
        metrics = {role: _metrics(run, crops, tell) for role, run in runs.items()}
        positive = sum(crop.is_positive for crop in crops)
        towns[name] = {"crops": len(crops), "positive": positive, "present": None} | metrics
    return {"towns": towns, "model_runs": {"candidate": candidate.pk, "present": present and present.pk}}


class _Count:
    """How much of the whole is done, told as it grows."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done, self._total, self._progress = 0, total, progress
        progress(0, total)

    def add(self, done: int) -> None:
        self._done += done
        self._progress(self._done, self._total)


def _unseen_crops(runs: Sequence[ModelRun]) -> dict[str, list[AgreedCrop]]:
    """The crops of both answers that people looked at, by town, of the towns that no run learnt from."""
    agreed = agreement(runs[0].question)
    learnt = list(learnt_crops(runs))
    chosen = {town.path: _apart(_sample(agreed.of([town], Part.TEST)), learnt) for town in unseen_towns(runs)}
    return {name: crops for name, crops in chosen.items() if len({crop.is_positive for crop in crops}) == 2}


def _apart(crops: list[AgreedCrop], learnt: list[Crop]) -> list[AgreedCrop]:
    """Leave out crops of ground that a run learnt from under another town's name, such as copies that were imported."""
    if not crops or not learnt:
        return crops
    rows = Crop.objects.in_bulk([crop.pk for crop in crops])
    sides = {"learnt": learnt, "unseen": [rows[crop.pk] for crop in crops]}
    seen = {
        side: list(zip(map(place_of, of_side), _hashes(of_side), strict=True))
        for side, of_side in sides.items()
    }
    return list(compress(crops, ~crossing(seen, ("learnt", "unseen"))["unseen"]))


def _hashes(crops: list[Crop]) -> np.ndarray:
    return image_hashes_of([crop_image(crop) for crop in crops], settings.DATA_DIR / "features")


def _sample(crops: list[AgreedCrop]) -> list[AgreedCrop]:
    chosen: list[AgreedCrop] = []
    for answer in (True, False):
        of_answer = [crop for crop in crops if crop.is_positive == answer]
        chosen += sorted(of_answer, key=lambda crop: crop.sha256)[:MOST_PER_ANSWER]
    return chosen


def _metrics(run: ModelRun, crops: list[AgreedCrop], tell: _Count) -> dict[str, float]:
    answers = np.array([crop.is_positive for crop in crops])
    found = classification_metrics(answers, _scores(run, crops, tell), run.threshold or 0.0)
    return {name: found[name] for name in METRICS}


def _scores(run: ModelRun, crops: list[AgreedCrop], tell: _Count) -> np.ndarray:
    rows = Crop.objects.select_related("scene").in_bulk([crop.pk for crop in crops])
    windows = windows_for(run, [rows[crop.pk] for crop in crops])
    scores = []
    with closing(SceneReader()) as scenes:
        for first in range(0, len(crops), CROPS_AT_ONCE):
            some = windows[first : first + CROPS_AT_ONCE]
            scores.append(window_scores(run, some, scenes))
            tell.add(len(some))
    return np.concatenate(scores)
