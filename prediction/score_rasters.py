"""Rasters of a run, cloud-optimised GeoTIFFs: every window's score, and the heat map for the eye.

Scores: one pixel per window step, float32, NaN where nothing was scored. A pixel lies around its window's centre,
except that windows of the last row and column, which are shifted in, lie a little before their pixel;
the tag DAMAGE_GRID holds the grid (see `prediction.windows.Grid`), from which their place is exact.
Heat: the score of the window around every pixel's centre. Rasters of photos are in scene pixels, without a CRS.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio.shutil
from affine import Affine
from PIL import Image
from rasterio.io import MemoryFile

from damage.ingestion.opening import open_raster
from damage.ingestion.unreadable import raster_explained
from prediction import score_grid
from prediction.layouts import TileLayout, WindowLayout
from prediction.windows import Grid, grid_from_json

GRID_TAG = "DAMAGE_GRID"
COG = {"driver": "COG", "compress": "deflate", "predictor": "yes", "overview_resampling": "average"}
# How many pixels of the heat map lie along a window step, where only windows were scored.
HEAT_STEPS = 4


def write_score_raster(
    path: Path, scores: np.ndarray, grid: Grid, *, transform: Sequence[float] | None, crs_wkt: str
) -> None:
    """Write `scores` (rows, columns)."""
    steps = _step_transform(grid, transform)
    _write(path, scores, steps, crs_wkt, {GRID_TAG: json.dumps(grid.as_json())})


def read_score_raster(path: Path) -> tuple[np.ndarray, Grid]:
    """The scores and the grid that `write_score_raster` wrote."""
    with raster_explained(path), open_raster(path) as raster:
        return raster.read(1), grid_from_json(json.loads(raster.tags()[GRID_TAG]))


def write_heat_raster(
    path: Path,
    values: np.ndarray,
    layout: TileLayout | WindowLayout,
    *,
    transform: Sequence[float] | None,
    crs_wkt: str,
) -> None:
    """Write the heat map of a run's lattice of values."""
    if isinstance(layout, TileLayout):
        side = layout.cell_read_px * layout.grid.scale
        heat = score_grid.heat(values, layout)
        cells = Affine(*transform or ()) @ Affine.scale(side) if transform else Affine.scale(side)
    else:
        heat = _smoothed(values)
        cells = _step_transform(layout.grid, transform) @ Affine.scale(1 / HEAT_STEPS)
    _write(path, heat, cells, crs_wkt, {})


def _step_transform(grid: Grid, transform: Sequence[float] | None) -> Affine:
    margin_px = (grid.window_px - grid.stride_px) / 2
    scene = Affine(*transform) if transform else Affine.identity()
    return (
        scene
        @ Affine.scale(grid.scale)
        @ Affine.translation(margin_px, margin_px)
        @ Affine.scale(grid.stride_px)
    )


def _smoothed(scores: np.ndarray) -> np.ndarray:
    """Scores between the windows' centres by linear interpolation; what is unknown stays so."""
    known = ~np.isnan(scores)
    size = (scores.shape[1] * HEAT_STEPS, scores.shape[0] * HEAT_STEPS)
    summed, weights = (
        np.asarray(Image.fromarray(band.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))
        for band in (np.where(known, scores, 0), known)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights >= 0.5, summed / weights, np.nan).astype(np.float32)


def _write(path: Path, values: np.ndarray, transform: Affine, crs_wkt: str, tags: dict[str, str]) -> None:
    height, width = values.shape
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "nodata": float("nan")}
    with MemoryFile() as memory:
        with memory.open(
            width=width, height=height, crs=crs_wkt or None, transform=transform, **profile
        ) as raster:
            raster.write(values.astype(np.float32), 1)
            raster.update_tags(**tags)
        with memory.open() as raster:
            rasterio.shutil.copy(raster, path, **COG)
