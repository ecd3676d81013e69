"""What follows from a run's values: windows' scores, boxes, digests. Pure arrays."""

import hashlib

import numpy as np

from prediction import score_grid
from prediction.layouts import TileLayout, WindowLayout
from prediction.options import MAX_IOU
from prediction.suppression import kept_boxes
from prediction.windows import Grid


def scores_of(values: np.ndarray, layout: TileLayout | WindowLayout) -> np.ndarray:
    """Scores (rows, columns), float32, of the grid's windows from a layout's values."""
    return score_grid.window_scores(values, layout) if isinstance(layout, TileLayout) else values


def boxes_above(
    scores: np.ndarray, grid: Grid, *, threshold: float, max_iou: float = MAX_IOU
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4) in scene pixels and scores (N,) from `threshold` up, best first, overlaps suppressed."""
    rows, columns = np.nonzero(scores.astype(np.float64) >= threshold)
    boxes, above = grid.boxes(rows, columns), scores[rows, columns].astype(np.float64)
    kept = kept_boxes(boxes, above, max_iou=max_iou)
    return boxes[kept], above[kept]


def digest(values: np.ndarray) -> str:
    """Sha256 of a run's values, row by row, as little-endian float32 with one NaN."""
    canonical = np.where(np.isnan(values), np.float32(np.nan), values).astype("<f4")
    return hashlib.sha256(np.ascontiguousarray(canonical).tobytes()).hexdigest()
