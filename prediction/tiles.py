"""Tiles: stretches of a scene, scaled for a dense network and standing in their real surroundings."""

import numpy as np
from PIL import Image

from damage.ingestion.reading import CoarseGround, Pixels
from prediction.layouts import TileLayout
from training.networks.dense import BEFORE_PX, CELL_PX

# Cells that a tile's input has before those that are judged.
CELLS_BEFORE = (BEFORE_PX - 8) // CELL_PX


def has_coarse_ground(layout: TileLayout, row: int, column: int, coarse: CoarseGround | None) -> bool:
    """Whether a tile may show ground; what the coarse view does not show there, no window needs."""
    return coarse is None or not coarse.is_empty(layout.grid.scale, layout.tile_area(row, column))


def tile_image(pixels: Pixels, layout: TileLayout, row: int, column: int) -> np.ndarray:
    """A tile (3, input, input), uint8, as the network takes it."""
    return pixels.scaled(*layout.input_box(row, column), layout.input_px)


def valid_cells(pixels: Pixels, layout: TileLayout, row: int, column: int) -> np.ndarray:
    """Which of a tile's cells (rows, columns) show ground on at least half of their area."""
    part = pixels.cut(*layout.tile_area(row, column))
    if part.valid is None:
        return np.ones((layout.tile_cells, layout.tile_cells), dtype=bool)
    left, top, _ = layout.input_box(row, column)
    x, y = (corner + BEFORE_PX / layout.factor for corner in (left - part.x, top - part.y))
    side = layout.tile_px / layout.factor
    ground = part.valid.astype(np.uint8) * 255
    return _scaled(ground, layout.tile_cells, Image.Resampling.BOX, (x, y, x + side, y + side)) > 127


def own_cells(logits: np.ndarray, layout: TileLayout) -> np.ndarray:
    """The tile's own cells of the network's answer (1, cells, cells, 1)."""
    own = slice(CELLS_BEFORE, CELLS_BEFORE + layout.tile_cells)
    cells: np.ndarray = logits[0, own, own, 0]
    return cells


def _scaled(
    band: np.ndarray, side_px: int, method: Image.Resampling, box: tuple[float, float, float, float]
) -> np.ndarray:
    return np.asarray(Image.fromarray(band).resize((side_px, side_px), method, box))
