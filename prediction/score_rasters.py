"""Every window's score as a small georeferenced raster: detections at any threshold follow from it.

One pixel per window step, float32, NaN where nothing was scored. A pixel lies around its window's centre,
except that windows of the last row and column, which are shifted in, lie a little before their pixel;
the tag DAMAGE_GRID holds the grid (see `prediction.windows.Grid`), from which their place is exact.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from prediction.windows import Grid, grid_from_json

GRID_TAG = "DAMAGE_GRID"


def write_score_raster(
    path: Path, scores: np.ndarray, grid: Grid, *, transform: Sequence[float], crs_wkt: str
) -> None:
    """Write `scores` (rows, columns) as a tiled GeoTIFF."""
    margin_px = (grid.window_px - grid.stride_px) / 2
    steps = (
        Affine(*transform)
        @ Affine.scale(grid.scale)
        @ Affine.translation(margin_px, margin_px)
        @ Affine.scale(grid.stride_px)
    )
    height, width = scores.shape
    profile = {"driver": "GTiff", "dtype": "float32", "count": 1, "nodata": float("nan")}
    layout = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "predictor": 3}
    with rasterio.open(
        path, "w", width=width, height=height, crs=crs_wkt, transform=steps, **profile, **layout
    ) as raster:
        raster.write(scores, 1)
        raster.update_tags(**{GRID_TAG: json.dumps(grid.as_json())})


def read_score_raster(path: Path) -> tuple[np.ndarray, Grid]:
    """The scores and the grid that `write_score_raster` wrote."""
    with rasterio.open(path) as raster:
        return raster.read(1), grid_from_json(json.loads(raster.tags()[GRID_TAG]))
