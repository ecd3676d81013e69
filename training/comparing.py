"""Two models beside each other on towns that neither of them learnt from."""

from typing import Any

import numpy as np
from django.conf import settings

from damage.ingestion.models import Town
from tagging.models import Crop
from tagging.services import image_bytes
from training.dataset import AgreedCrop, agreement, kept_towns
from training.features import CropImage, read_pixels
from training.inference import load_engine
from training.models import ModelRun, ModelRunCrop
from training.resizing import resized

Part = ModelRunCrop.Part
# Of each town so many crops of either answer at most, the first by digest: the same for every comparison.
MOST_PER_ANSWER = 200


def comparison(candidate: ModelRun, present: ModelRun | None) -> dict[str, Any]:
    """Figures of both models on the towns kept for tests that have both answers, and that neither learnt from.

    Without towns kept for tests (DAMAGE_TEST_TOWNS): on every town that neither was trained or validated on.

    {"towns": {town: {"crops", "positive", "candidate": {...}, "present": {...} or None}}}; a model that cannot be
    opened is refused.
    """
    from training.metrics import measured  # heavy, and only for this

    runs = {"candidate": candidate, "present": present}
    towns = {}
    for name, crops in _unseen_towns(candidate, present).items():
        answers = np.array([crop.is_positive for crop in crops])
        figures: dict[str, Any] = {"crops": len(crops), "positive": int(answers.sum())}
        for role, run in runs.items():
            figures[role] = run and {
                key: value
                for key, value in measured(answers, _scores(run, crops), run.threshold or 0.0).items()
                if key in ("auc", "balanced_accuracy", "precision", "recall", "f1")
            }
        towns[name] = figures
    return {"towns": towns, "model_runs": {role: run and run.pk for role, run in runs.items()}}


def learnt_from(run: ModelRun) -> set[str]:
    """The towns, as "event/town", that a run was trained or validated on; of an imported run, as its file told."""
    crops = run.run_crops.filter(part__in=(Part.TRAIN, Part.VALIDATION))
    towns = Town.objects.filter(pk__in=crops.values("crop__town")).select_related("event")
    told = (run.parameters.get(f"{part}_towns", ()) for part in ("train", "validation"))
    return {f"{town.event.slug}/{town.slug}" for town in towns}.union(*told)


def _unseen_towns(*runs: ModelRun | None) -> dict[str, list[AgreedCrop]]:
    """The crops, by town, of the towns kept for tests (where there are none: of all) that no run learnt from."""
    compared = [run for run in runs if run]
    seen = set().union(*(learnt_from(run) for run in compared))
    agreed = agreement(compared[0].question)
    kept = kept_towns(settings.ENVIRONMENT.test_towns)
    towns = kept or Town.objects.select_related("event").order_by("pk")
    named = {f"{town.event.slug}/{town.slug}": town for town in towns if agreed.may_judge(town)}
    chosen = {name: _sample(agreed.of([town])) for name, town in named.items() if name not in seen}
    return {name: crops for name, crops in chosen.items() if len({crop.is_positive for crop in crops}) == 2}


def _sample(crops: list[AgreedCrop]) -> list[AgreedCrop]:
    chosen: list[AgreedCrop] = []
    for answer in (True, False):
        of_answer = [crop for crop in crops if crop.is_positive == answer]
        chosen += sorted(of_answer, key=lambda crop: crop.sha256)[:MOST_PER_ANSWER]
    return chosen


def _scores(run: ModelRun, crops: list[AgreedCrop]) -> np.ndarray:
    engine = load_engine(run)
    rows = Crop.objects.in_bulk([crop.pk for crop in crops])
    windows = np.stack([resized(_pixels(rows[crop.pk]), engine.input_size_px) for crop in crops])
    return engine.scores(windows)


def _pixels(crop: Crop) -> np.ndarray:
    return read_pixels(CropImage(crop.sha256, lambda: image_bytes(crop)))
