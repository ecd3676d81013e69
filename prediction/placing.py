"""What is known of photos whose ground came to be known, or is known better, gets its place anew."""

from collections.abc import Sequence
from dataclasses import dataclass

from damage.ingestion.models import Scene
from prediction.models import PredictionRun
from prediction.services import take_anew
from tagging.placing import place_crops


@dataclass(frozen=True)
class PlacedAnew:
    """How many crops and prediction runs."""

    crops: int
    runs: int


def place_anew(scenes: Sequence[Scene]) -> PlacedAnew:
    """Give the scenes' crops, and what finished runs found in them, their places; the network is not asked."""
    runs = PredictionRun.objects.filter(scene__in=scenes, status=PredictionRun.Status.DONE)
    placed = 0
    for run in runs.select_related("scene"):
        if run.score_file:
            take_anew(run)
            placed += 1
    return PlacedAnew(place_crops(scenes), placed)
