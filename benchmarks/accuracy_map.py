"""A left-out town's damage map against people's squares after the event, and against nothing before it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_figures import cut_for_density, ground_km2, middles_in_boxes, share, touched_by_boxes
from damage.ingestion.models import Scene
from damage.ingestion.reading import ground_share
from damage.ingestion.scene_sources import source_of
from damage.work.progress import progress_bar
from prediction.models import PredictionRun
from prediction.options import MAX_IOU
from prediction.postprocess import boxes_above
from prediction.score_rasters import read_score_raster
from prediction.services import predict
from training.models import ModelRun

AFTER = "_post.tif"
DEFAULT_MAX_IOU = MAX_IOU
# Looser looks at the same scores; at 1 nothing is suppressed.
MAX_IOUS = tuple(dict.fromkeys((DEFAULT_MAX_IOU, 0.0, 0.1, 0.2, 0.3, 0.5, 1.0)))
# Boxes for each square kilometre before the event, at which suppressions are compared.
FALSE_ALARMS_PER_KM2 = (5, 20, 100)


@dataclass(frozen=True)
class Look:
    """A scene's boxes (M, 4) at any score (M,), and people's squares (N, 4) there; x, y, width, height in pixels."""

    is_after: bool
    km2: float
    boxes: np.ndarray
    scores: np.ndarray
    squares: np.ndarray
    is_damaged: np.ndarray

    def boxes_from(self, threshold: float) -> np.ndarray:
        """Those that reach a threshold: a worse box never suppresses a better one."""
        return self.boxes[self.scores >= threshold]


def town_map(model_run: ModelRun, town: str) -> list[dict[str, Any]]:
    """Predict a town's scenes after and before the event: a row for each suppression, the product's default first.

    Without a scene there is no row.
    """
    looks: dict[float, list[Look]] = {max_iou: [] for max_iou in MAX_IOUS}
    for scene in Scene.objects.filter(town__slug=town):
        with progress_bar(scene.name, "px") as progress:
            run = predict(scene, model_run, requested_by=None, progress=progress)
        for max_iou, of_town in looks.items():
            of_town.append(look_at(run, max_iou))
        check_is_what_the_run_shows(run, looks[DEFAULT_MAX_IOU][-1])
    return [
        {"town": town, "max_iou": max_iou}
        | figures_at(of_town, model_run.threshold or 0.0)
        | {"at_equal_alarms": [at_equal_alarms(of_town, each) for each in FALSE_ALARMS_PER_KM2]}
        for max_iou, of_town in looks.items()
        if of_town
    ]


def look_at(run: PredictionRun, max_iou: float) -> Look:
    """A finished run's boxes from the scores that it kept, as `predict --again --max-iou` takes them."""
    scene, (scores, grid) = run.scene, read_score_raster(Path(run.score_file.path))
    boxes, above = boxes_above(scores, grid, threshold=0.0, max_iou=max_iou)
    rows = [row for row in run.model_run.crops_of("test") if row.crop.scene_id == scene.pk]
    squares = [(row.crop.x_px, row.crop.y_px, row.crop.size_px, row.crop.size_px) for row in rows]
    shown = ground_share(source_of(scene))
    return Look(
        is_after=scene.name.endswith(AFTER),
        km2=ground_km2(scene.width_px, scene.height_px, scene.gsd_m or 0, 1.0 if shown is None else shown),
        boxes=boxes,
        scores=above,
        squares=np.array(squares, float).reshape(-1, 4),
        is_damaged=np.array([row.is_positive for row in rows], bool),
    )


def check_is_what_the_run_shows(run: PredictionRun, look: Look) -> None:
    """Stop where the default's boxes are not those that the prediction stored for people to see."""
    stored = set(run.found().values_list("x_px", "y_px", "width_px", "height_px"))
    assert stored == {tuple(map(int, box)) for box in look.boxes_from(run.threshold)}


def figures_at(looks: Sequence[Look], threshold: float) -> dict[str, Any]:
    """Shares of squares, and boxes for each square kilometre; None where there is nothing to count."""
    after, before = ([look for look in looks if look.is_after == is_after] for is_after in (True, False))
    damaged = np.concatenate([look.is_damaged for look in looks])
    holding, touched = (
        np.concatenate([found(look.squares, look.boxes_from(threshold)) for look in looks])
        for found in (middles_in_boxes, touched_by_boxes)
    )
    return {
        "threshold": threshold,
        "damage_squares": int(damaged.sum()),
        "damage_middle_in_a_box": share(holding[damaged]),
        "damage_touched_by_a_box": share(touched[damaged]),
        "no_damage_squares": int((~damaged).sum()),
        "no_damage_middle_in_a_box": share(holding[~damaged]),
        "km2_after": sum(look.km2 for look in after),
        "boxes_per_km2_after": _density(after, threshold),
        "boxes_per_km2_before": _density(before, threshold),
    }


def at_equal_alarms(looks: Sequence[Look], per_km2: float) -> dict[str, Any]:
    """The same at the threshold with so many boxes a square kilometre before the event: chosen on the town itself."""
    before = [look for look in looks if not look.is_after]
    scores = np.concatenate([look.scores for look in before])
    cut = cut_for_density(scores, sum(look.km2 for look in before), per_km2)
    return {"allowed_per_km2": per_km2} | figures_at(looks, cut)


def _density(looks: Sequence[Look], threshold: float) -> float | None:
    km2 = sum(look.km2 for look in looks)
    return sum(len(look.boxes_from(threshold)) for look in looks) / km2 if km2 else None
