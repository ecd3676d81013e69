"""What is known of photos whose ground came to be known, or is known better, gets its place anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.scene_places import scene_lonlat
from prediction.models import PredictionRun
from prediction.services import take_anew
from tagging.placing import place_crops

SAME_DEG = 1e-6  # places are rounded to a tenth of it


@dataclass
class PlacedAnew:
    """How many crops and prediction runs got their places anew, and the runs whose scores are not to be had."""

    crops: int = 0
    runs: int = 0
    runs_left: list[int] = field(default_factory=list)

    def as_result(self) -> dict[str, Any]:
        """As commands tell it."""
        return {
            "crops_placed": self.crops,
            "predictions_placed": self.runs,
            "predictions_left": self.runs_left,
        }


def placed_words(result: Mapping[str, Any]) -> str:
    """`PlacedAnew.as_result`, worded for a person at a command."""
    left = ", ".join(map(str, result["predictions_left"]))
    words = (
        f"{result['crops_placed']} crops and {result['predictions_placed']} predictions got their places anew"
    )
    return f"{words}; not so, as their scores cannot be read now: prediction runs {left}" if left else words


def place_anew(photos: Sequence[Scene]) -> PlacedAnew:
    """Give the photos' crops, and what finished runs found in them, their places; the network is not asked.

    What lies there already stays as it is, so that a call that was cut off goes on with the next.
    """
    placed = PlacedAnew(crops=place_crops(photos))
    for photo in photos:
        for run in PredictionRun.objects.filter(scene=photo, status=PredictionRun.Status.DONE):
            run.scene = photo
            if not _lies_elsewhere(run):
                continue
            try:
                take_anew(run)
                placed.runs += 1
            except Refused:  # its file is gone, or another process is at it
                placed.runs_left.append(run.pk)
    return placed


def _lies_elsewhere(run: PredictionRun) -> bool:
    """Whether a run's places are not those of its photo's ground: all of a look were found at one moment."""
    detection = run.detections.filter(look=run.look).first()
    if detection is None:
        return False
    middle = (detection.x_px + detection.width_px / 2, detection.y_px + detection.height_px / 2)
    place = scene_lonlat(run.scene, np.array(middle[0]), np.array(middle[1]))
    if place is None:
        return False
    if detection.lon is None or detection.lat is None:
        return True
    return bool(max(abs(float(place[0]) - detection.lon), abs(float(place[1]) - detection.lat)) > SAME_DEG)
