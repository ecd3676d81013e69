"""A left-out town's damage map against people's squares after the event, and against nothing before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy_figures import ground_km2, middles_in_boxes, share, touched_by_boxes
from damage.ingestion.models import Scene
from damage.ingestion.reading import ground_share
from damage.ingestion.scene_sources import source_of
from damage.work.progress import progress_bar
from prediction.models import PredictionRun
from prediction.options import PredictionOptions
from prediction.postprocess import boxes_above
from prediction.score_rasters import read_score_raster
from prediction.services import predict
from training.models import ModelRun

AFTER, BEFORE = "_post.tif", "_pre.tif"
DEFAULT_MAX_IOU = PredictionOptions.max_iou
# Looser looks at the same scores; at 1 nothing is suppressed.
MAX_IOUS = (0.1, 0.2, 0.3, 0.5, 1.0)


@dataclass
class Look:
    """What a map shows at one suppression, over all scenes of a town so far."""

    is_damaged: list[bool] = field(default_factory=list)
    holding: list[bool] = field(default_factory=list)
    touched: list[bool] = field(default_factory=list)
    boxes: dict[str, int] = field(default_factory=lambda: {AFTER: 0, BEFORE: 0})
    km2: dict[str, float] = field(default_factory=lambda: {AFTER: 0.0, BEFORE: 0.0})

    def as_json(self) -> dict[str, Any]:
        """Shares of squares, and boxes for each square kilometre; None where there is nothing to count."""
        damaged, holding, touched = (
            np.array(one, bool) for one in (self.is_damaged, self.holding, self.touched)
        )
        return {
            "damage_squares": int(damaged.sum()),
            "damage_middle_in_a_box": share(holding[damaged]),
            "damage_touched_by_a_box": share(touched[damaged]),
            "no_damage_squares": int((~damaged).sum()),
            "no_damage_middle_in_a_box": share(holding[~damaged]),
            "boxes_after": self.boxes[AFTER],
            "km2_after": self.km2[AFTER],
            "boxes_per_km2_after": _density(self.boxes[AFTER], self.km2[AFTER]),
            "boxes_per_km2_before": _density(self.boxes[BEFORE], self.km2[BEFORE]),
        }


def town_map(model_run: ModelRun, town: str) -> list[dict[str, Any]]:
    """Predict a town's scenes after and before the event: a row for each suppression, the product's default first.

    The default's boxes are those that the prediction stored; the others are taken from the scores that it kept, as
    `predict --again` takes them. Without a scene there is no row.
    """
    scenes = [
        scene for scene in Scene.objects.filter(town__slug=town) if scene.name.endswith((AFTER, BEFORE))
    ]
    looks = {max_iou: Look() for max_iou in (DEFAULT_MAX_IOU, *MAX_IOUS)}
    for scene in scenes:
        with progress_bar(scene.name, "px") as progress:
            run = predict(scene, model_run, requested_by=None, progress=progress)
        squares, is_damaged = squares_of(model_run, scene)
        for max_iou, boxes in boxes_by_max_iou(run, looks).items():
            _add(looks[max_iou], scene, boxes, squares, is_damaged)
    return [{"town": town, "max_iou": max_iou} | look.as_json() for max_iou, look in looks.items() if scenes]


def squares_of(model_run: ModelRun, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """The scene's test crops (N, 4) as x, y, width, height in scene pixels, and whether each shows damage (N,)."""
    rows = [row for row in model_run.crops_of("test") if row.crop.scene_id == scene.pk]
    squares = [(row.crop.x_px, row.crop.y_px, row.crop.size_px, row.crop.size_px) for row in rows]
    return np.array(squares, float).reshape(-1, 4), np.array([row.is_positive for row in rows], bool)


def boxes_by_max_iou(run: PredictionRun, max_ious: Iterable[float]) -> dict[float, np.ndarray]:
    """A finished run's boxes (M, 4) at its threshold, by how far boxes may overlap."""
    fields = ("x_px", "y_px", "width_px", "height_px")
    stored: Sequence[Any] = run.found().values_list(*fields)
    scores, grid = read_score_raster(Path(run.score_file.path))
    return {
        max_iou: np.array(stored, float).reshape(-1, 4)
        if max_iou == run.parameters["max_iou"]
        else boxes_above(scores, grid, threshold=run.threshold, max_iou=max_iou)[0]
        for max_iou in max_ious
    }


def _add(look: Look, scene: Scene, boxes: np.ndarray, squares: np.ndarray, is_damaged: np.ndarray) -> None:
    when = AFTER if scene.name.endswith(AFTER) else BEFORE
    shown = ground_share(source_of(scene))
    look.boxes[when] += len(boxes)
    look.km2[when] += ground_km2(
        scene.width_px, scene.height_px, scene.gsd_m or 0, 1.0 if shown is None else shown
    )
    look.is_damaged += is_damaged.tolist()
    look.holding += middles_in_boxes(squares, boxes).tolist()
    look.touched += touched_by_boxes(squares, boxes).tolist()


def _density(boxes: int, km2: float) -> float | None:
    return boxes / km2 if km2 else None
