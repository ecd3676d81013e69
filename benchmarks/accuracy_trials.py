"""Trainings with one town left out: the product's own services, and what a run's figures are in that town."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_figures import best_balanced_accuracy, false_positive_rate, lies_within
from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_mosaic
from damage.work.progress import progress_bar
from tagging.importing import import_crops
from tagging.same_ground import tag_same_ground
from tagging.services import find_question
from tagging.undamaged import untag_undamaged
from training.config import TrainingConfig
from training.models import ModelRun
from training.services import train

EVENT = "Kahramanmaras 2023"
# Those with most damage first, as a training chooses its towns.
LARGE = ("kahramanmaras", "islahiye", "adiyaman")
TOWNS = (*LARGE, "turkoglu", "gaziantep")
# Islahiye's imagery is of another satellite, and lies here as crops alone.
OTHER_SENSOR, SAME_SENSOR = "islahiye", {"kahramanmaras": "adiyaman", "adiyaman": "kahramanmaras"}
# Of fewer damaged crops nothing but false alarms is told.
LEAST_DAMAGED = 5
PROMISED = ("recall", "false_positive_rate")
COUNTS = (20, 50, 100, 200)
NETWORK_PX = (224, 160, 128, 96)


def bring_in(data: Path) -> None:
    """Take in the towns' mosaics from after and before the event, where they lie, and the labelled crops."""
    for town in TOWNS:
        for path in sorted((data / "mosaics").glob(f"{town}_*_p*.tif")):
            ingest_mosaic(path, event=EVENT, town=town, in_place=True)
    import_crops(data / "crops.csv", event=EVENT)


def trained_without(town: str, **chosen: Any) -> ModelRun:
    """What `manage.py train` makes of all other towns, tested on this one; `chosen` as in `TrainingConfig`."""
    towns = {"train_towns": [other for other in TOWNS if other != town], "test_towns": [town]}
    words = ", ".join(f"{name} {value}" for name, value in chosen.items() if not name.endswith("towns"))
    with progress_bar(f"without {town} {words}", "crop") as progress:
        return train(find_question("damage"), TrainingConfig(**{**towns, **chosen}), progress=progress)


def judging(town: str) -> dict[str, Sequence[str]]:
    """Towns for what needs one to validate on: of the large ones that are left that with the second most damage."""
    validation = [other for other in LARGE if other != town][1]
    return {
        "train_towns": [other for other in TOWNS if other not in (town, validation)],
        "validation_towns": [validation],
    }


def figures(run: ModelRun, town: str) -> dict[str, Any]:
    """A run's figures in the town that was left out, what it promised, and whether that held.

    Of a town with hardly any damage only the false positive rate is told.
    """
    test = run.metrics["test"]
    rows = list(run.crops_of("test"))
    answers, scores = (
        np.array([row.is_positive for row in rows]),
        np.array([row.score for row in rows], float),
    )
    found = {name: test[name] for name in ("auc", "recall", "precision", "balanced_accuracy")}
    found |= {
        "best_balanced_accuracy": best_balanced_accuracy(answers, scores),
        "false_positive_rate": false_positive_rate(test["confusion"]),
    }
    if test["positive"] < LEAST_DAMAGED:
        found = {name: value if name == "false_positive_rate" else None for name, value in found.items()}
    unseen = run.metrics.get("unseen_towns") or {}
    promised = {name: unseen[name] for name in PROMISED if name in unseen}
    return {
        "town": town,
        "damaged": test["positive"],
        "undamaged": test["crops"] - test["positive"],
        "threshold": run.threshold,
        **found,
        "promised": promised,
        "held": {
            name: lies_within(found[name], band) for name, band in promised.items() if found[name] is not None
        },
    }


def trained_or_refused(town: str, **chosen: Any) -> ModelRun | str:
    """A run as by `trained_without`, or why there is none."""
    try:
        return trained_without(town, **chosen)
    except Refused as refusal:
        return str(refusal)


def of_variants(names: Sequence[str], towns: Sequence[str]) -> Iterator[tuple[str, str, ModelRun | str]]:
    """What each variant is called, the town of these that was left out, and the run or its refusal."""
    for name in names:
        for title, chosen in VARIANTS[name].items():
            with _same_ground() if name == "same-ground" else nullcontext():
                for town in towns:
                    options = chosen(town) if callable(chosen) else chosen
                    yield title, town, trained_or_refused(town, **options)


def few_crops(seeds: int, towns: Sequence[str]) -> Iterator[tuple[int, str, int, ModelRun | str]]:
    """So many crops of the other towns, half of either answer: count, town, seed, and the run or its refusal."""
    for count in COUNTS:
        for town in towns:
            for seed in range(seeds):
                yield count, town, seed, trained_or_refused(town, per_class=count // 2, seed=seed)


@contextmanager
def _same_ground() -> Iterator[None]:
    """Meanwhile the ground of every crop is "no" in the imagery from before the event."""
    scenes = list(Scene.objects.filter(name__endswith="_pre.tif"))
    question = find_question("damage")
    tag_same_ground(scenes, question)
    try:
        yield
    finally:
        untag_undamaged(scenes, question)


VARIANTS: dict[str, dict[str, Any]] = {
    "network-px": {f"`--network-px {px}`": {"network_px": px} for px in NETWORK_PX},
    "heads": {
        "`--head svm`": {"head": "svm"},
        "`--head softmax`, one town to stop by": lambda town: {"head": "softmax", **judging(town)},
    },
    "same-ground": {
        "`tag_undamaged --same-ground`": {},
        "the same, `--network-px 128`": {"network_px": 128},
    },
    "thesis": {"`--max-fpr 0`, one town to judge by": lambda town: {"max_fpr": 0.0, **judging(town)}},
    "adapt": {"`--adapt-to` the town": lambda town: {"adapt_to": town}},
    "sensor": {
        "the same sensor alone": lambda town: {
            "train_towns": [other for other in TOWNS if other not in (town, OTHER_SENSOR)]
        },
        "another sensor alone": lambda town: (
            {}
            if town == OTHER_SENSOR
            else {"train_towns": [OTHER_SENSOR], "validation_towns": [SAME_SENSOR[town]]}
        ),
    },
    "lite2": {"`--backbone efficientnet-lite2`": {"backbone": "efficientnet-lite2"}},
}
