"""Copies of scenes made for looking at: tiled JPEG with overviews, so that any zoom reads little. Pure."""

import warnings
from errno import ENOSPC
from os import strerror
from pathlib import Path
from shutil import disk_usage

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader, MemoryFile
from rasterio.rio.overview import get_maximum_overview_level
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

from damage.errors import Refused
from damage.gdal import GDAL_WRITES
from damage.ingestion.opening import open_raster
from damage.messages import Message as _

LEAST_FREE_BYTES = 2**20
CACHE_BYTES = 256 * 2**20  # GDAL's own default is a twentieth of the machine's memory
GDAL_CONFIG = {"GDAL_NUM_THREADS": "ALL_CPUS", "GDAL_CACHEMAX": CACHE_BYTES}
BLOCK_PX = 256
BLOCKS = {"blockxsize": BLOCK_PX, "blockysize": BLOCK_PX}


def write_mosaic_view(source: Path, target: Path) -> None:
    """Write a cloud-optimised GeoTIFF of an orthomosaic; memory does not grow with it.

    Reads every pixel, so it also finds the blocks that cannot be decoded, and raises `Refused`.
    """
    with open_raster(source) as dataset:
        _write_cog(dataset, target)


def write_photo_view(pixels: np.ndarray, target: Path) -> None:
    """Write a tiled copy of a photo (H, W, 3) as it is shown.

    Not laid out for reading over a network, which would cost as much processor time again.
    """
    height, width, bands = pixels.shape
    levels = get_maximum_overview_level(width, height, minsize=BLOCK_PX)
    profile = {**cog_profiles.get("jpeg"), **BLOCKS, "jpeg_quality": 75}
    size = {"width": width, "height": height, "count": bands, "dtype": "uint8"}
    # In memory, a few megabytes: GDAL does not tell of a disk that is full when a file is closed.
    with warnings.catch_warnings(), rasterio.Env(**GDAL_CONFIG), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a photo has no georeference
        with memory.open(**profile, **size) as view:
            view.write(pixels.transpose(2, 0, 1))
            if levels:
                view.build_overviews([2**level for level in range(1, levels + 1)], Resampling.average)
        target.write_bytes(memory.read())


def _write_cog(dataset: DatasetReader, target: Path) -> None:
    try:
        cog_translate(
            dataset,
            target,
            {**cog_profiles.get("jpeg"), **BLOCKS},
            indexes=(1, 2, 3),
            add_mask=dataset.count == 4 or dataset.nodata is not None,
            nodata=dataset.nodata,
            overview_resampling="average",
            in_memory=False,
            quiet=True,
            config=GDAL_CONFIG,
        )
    except RasterioIOError as error:
        if GDAL_WRITES.search(str(error)) or disk_usage(target.parent).free < LEAST_FREE_BYTES:
            raise OSError(ENOSPC, strerror(ENOSPC), str(target)) from error
        raise Refused(
            _("Some of its pixels cannot be read: %(error)s.") % {"error": error},
            _("Copy it again from where it came, and check it with: gdalinfo -checksum FILE"),
        ) from error
