"""How high the ground lies below a place, by a height model such as OpenDroneMap's. Pure."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pyproj import CRS
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window

from damage.errors import Refused
from damage.ingestion.exif import HEIGHTS_M
from damage.ingestion.georeference import scene_pixels
from damage.ingestion.opening import open_raster
from damage.messages import Message as _

AROUND_M = 25.0  # so that no single roof or tree decides
MOST_SIDE_PX = 256


def read_heights(path: Path, places: Sequence[tuple[float, float]]) -> list[float | None]:
    """The median height in metres within `AROUND_M` of places (lon, lat); None where the model has none.

    Raises `Refused` for a file that is no height model in metres.
    """
    try:
        with open_raster(path) as dataset:
            _check_is_height_model(dataset)
            lons, lats = np.array(places, np.float64).reshape(-1, 2).T
            x_px, y_px = scene_pixels(
                lons, lats, transform=tuple(dataset.transform)[:6], crs_wkt=dataset.crs.to_wkt()
            )
            return [_median(dataset, float(x), float(y)) for x, y in zip(x_px, y_px, strict=True)]
    except RasterioError as error:
        raise Refused(_("It is no height model that can be read.")) from error


def _check_is_height_model(dataset: DatasetReader) -> None:
    is_placed = dataset.crs is not None and not dataset.transform.is_degenerate
    if not is_placed or dataset.count != 1 or not CRS.from_wkt(dataset.crs.to_wkt()).is_projected:
        raise Refused(_("It is no height model in metres."))


def _median(dataset: DatasetReader, x_px: float, y_px: float) -> float | None:
    if not (np.isfinite(x_px) and np.isfinite(y_px)):
        return None
    half_px = max(1, round(AROUND_M / abs(dataset.transform.a or 1)))
    left, top = max(0, int(x_px) - half_px), max(0, int(y_px) - half_px)
    right = min(dataset.width, int(x_px) + half_px + 1)
    bottom = min(dataset.height, int(y_px) + half_px + 1)
    if left >= right or top >= bottom:
        return None
    shape = (min(MOST_SIDE_PX, bottom - top), min(MOST_SIDE_PX, right - left))
    read = dataset.read(1, window=Window(left, top, right - left, bottom - top), out_shape=shape, masked=True)
    heights = read.compressed().astype(np.float64)
    heights = heights[(heights >= HEIGHTS_M[0]) & (heights <= HEIGHTS_M[1])]
    return float(np.median(heights)) if heights.size else None
