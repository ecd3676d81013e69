"""Rasters as web-mercator tiles of a map. Pure: paths in, tiles out.

Apart from `rasters`, as rio-tiler is slow to import and only what serves a map needs it.
"""

from collections.abc import Callable
from pathlib import Path

from rasterio.io import DatasetReader

# Here and not in `map_tile`: threads that import rio-tiler at the same moment find it half made.
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader
from rio_tiler.models import ImageData

from damage.ingestion.bands import rgb_bands
from damage.ingestion.rasters import WEBP_QUALITY, OutsideScene, check_present, opened
from damage.messages import Message as _

MAX_MAP_ZOOM = 30  # a tile of level 30 is 4 cm wide


def read_map_tile(path: Path, z: int, x: int, y: int) -> bytes:
    """A web-mercator XYZ tile as WebP, transparent where there is no data: small, for slow links."""
    return bytes(map_tile(path, z, x, y, bands=rgb_bands).render(img_format="WEBP", QUALITY=WEBP_QUALITY))


def map_tile(
    path: Path, z: int, x: int, y: int, *, bands: Callable[[DatasetReader], tuple[int, ...]]
) -> ImageData:
    """Those of a raster's bands on a web-mercator XYZ tile; raises `OutsideScene` where it does not reach."""
    check_present(path)
    if not (0 <= z <= MAX_MAP_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
        raise OutsideScene(_("There is no such tile."))
    with opened(path) as dataset, Reader(None, dataset=dataset) as reader:
        try:
            return reader.tile(
                x, y, z, indexes=bands(dataset), resampling_method="bilinear", reproject_method="bilinear"
            )
        except TileOutsideBounds as error:
            raise OutsideScene(_("The scene does not reach this tile.")) from error
