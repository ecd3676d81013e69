"""The cells of a scene: the squares that everybody is asked about, so that people's answers meet. Pure.

Pages get them from here (`/api/v1/scenes/ID/cells/`) and lay out none of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from damage.ingestion.bands import ground_mask, has_mask
from damage.ingestion.rasters import check_present, opened, read_rgb
from tagging.squares import Square

# A cell is asked about when at least this share of it shows ground.
LEAST_GROUND = 0.5
# Of a cell's side, when its ground is measured through the overviews.
MEASURED_PX = 8
# A view is JPEG: what was pure black is nearly so in it.
NEARLY_BLACK = 6


@dataclass(frozen=True)
class Cells:
    """Squares of one side, in columns that begin at `xs` and rows that begin at `ys`, in scene pixels."""

    size_px: int
    xs: tuple[int, ...]
    ys: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.ys), len(self.xs)


def cells_of(width_px: int, height_px: int, side_px: int) -> Cells:
    """As few cells as cover the whole of a scene, evenly spread; a scene that is smaller makes them smaller.

    Neighbours overlap where the sides do not divide, all by the same, so that no strip is left at an edge.
    """
    size_px = min(side_px, width_px, height_px)
    return Cells(size_px, _starts(width_px, size_px), _starts(height_px, size_px))


def _starts(length_px: int, size_px: int) -> tuple[int, ...]:
    steps = ceil(length_px / size_px) - 1
    if steps == 0:
        return (0,)
    free_px = length_px - size_px
    return tuple((2 * step * free_px + steps) // (2 * steps) for step in range(steps + 1))  # rounded half up


def ground_shares(view: Path, cells: Cells) -> np.ndarray:
    """How much of each cell of a mosaic shows ground: float32 (rows, columns), from 0 to 1.

    Read through the view's overviews. Where nothing says what is no data, black is, as in predictions.
    """
    return box_means(*_reduced_ground(view, cells.size_px), cells)


def square_ground_shares(view: Path, squares: Sequence[Square]) -> list[float]:
    """The same for single squares of a mosaic; the mask is read once for all squares of a size."""
    grounds = {size_px: _reduced_ground(view, size_px) for size_px in {square.size_px for square in squares}}
    alone = (Cells(square.size_px, (square.x_px,), (square.y_px,)) for square in squares)
    return [float(box_means(*grounds[cell.size_px], cell)[0, 0]) for cell in alone]


def _reduced_ground(view: Path, size_px: int) -> tuple[np.ndarray, tuple[float, float]]:
    """Where a mosaic shows ground (H, W), reduced to 8 px a cell of that size, and its pixels per scene pixel."""
    check_present(view)
    with opened(view) as dataset:
        factor = min(1.0, MEASURED_PX / size_px)
        width, height = (max(1, round(side * factor)) for side in (dataset.width, dataset.height))
        if has_mask(dataset):
            ground = ground_mask(dataset, out_shape=(height, width))
        else:
            whole = Window(0, 0, dataset.width, dataset.height)
            ground = read_rgb(dataset, whole, width_px=width, height_px=height).max(axis=-1) > NEARLY_BLACK
        return ground, (width / dataset.width, height / dataset.height)


def box_means(ground: np.ndarray, scale: tuple[float, float], cells: Cells) -> np.ndarray:
    """The mean of a mask (H, W) over each cell: float32 (rows, columns); `scale` is its pixels per scene pixel."""
    left, right = _edges(cells.xs, cells.size_px, scale[0], ground.shape[1])
    top, bottom = _edges(cells.ys, cells.size_px, scale[1], ground.shape[0])
    sums = _integral(ground[top.min() : bottom.max(), left.min() : right.max()])
    (up, down), (first, last) = (top - top.min(), bottom - top.min()), (left - left.min(), right - left.min())
    inside = sums[down][:, last] - sums[up][:, last] - sums[down][:, first] + sums[up][:, first]
    return (inside / np.outer(bottom - top, right - left)).astype(np.float32)


def _integral(ground: np.ndarray) -> np.ndarray:
    """How much ground lies above and left of each corner of a mask's pixels: (H + 1, W + 1)."""
    sums = np.zeros((ground.shape[0] + 1, ground.shape[1] + 1), np.int64)
    sums[1:, 1:] = ground.astype(bool).cumsum(0, dtype=np.int64).cumsum(1)
    return sums


def _edges(starts: tuple[int, ...], size_px: int, scale: float, most: int) -> tuple[np.ndarray, np.ndarray]:
    first = np.minimum(np.round(np.array(starts) * scale).astype(int), most - 1)
    last = np.round((np.array(starts) + size_px) * scale).astype(int)
    return first, np.clip(last, first + 1, most)
