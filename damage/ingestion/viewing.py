"""Copies of scenes made for looking at: tiled JPEG with overviews, so that any zoom reads little. Pure."""

import warnings
from errno import ENOSPC
from os import strerror
from pathlib import Path
from shutil import disk_usage

import numpy as np
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader, MemoryFile
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

from damage.errors import Refused
from damage.gdal import GDAL_WRITES
from damage.ingestion.opening import open_raster
from damage.messages import Message as _

LEAST_FREE_BYTES = 2**20
CACHE_BYTES = 256 * 2**20  # GDAL's own default is a twentieth of the machine's memory


def write_mosaic_view(source: Path, target: Path) -> None:
    """Write a cloud-optimised GeoTIFF of an orthomosaic; memory does not grow with it.

    Reads every pixel, so it also finds the blocks that cannot be decoded, and raises `Refused`.
    """
    with open_raster(source) as dataset:
        _write_cog(dataset, target)


def write_photo_view(pixels: np.ndarray, target: Path) -> None:
    """Write a tiled copy of a photo (H, W, 3) as it is shown."""
    height, width, bands = pixels.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a photo has no georeference
        with MemoryFile() as memory:
            with memory.open(
                driver="GTiff", width=width, height=height, count=bands, dtype="uint8"
            ) as dataset:
                dataset.write(pixels.transpose(2, 0, 1))
            with memory.open() as dataset:
                _write_cog(dataset, target)


def _write_cog(dataset: DatasetReader, target: Path) -> None:
    try:
        cog_translate(
            dataset,
            target,
            {**cog_profiles.get("jpeg"), "blockxsize": 256, "blockysize": 256},
            indexes=(1, 2, 3),
            add_mask=dataset.count == 4 or dataset.nodata is not None,
            nodata=dataset.nodata,
            overview_resampling="average",
            in_memory=False,
            quiet=True,
            config={"GDAL_NUM_THREADS": "ALL_CPUS", "GDAL_CACHEMAX": CACHE_BYTES},
        )
    except RasterioIOError as error:
        if GDAL_WRITES.search(str(error)) or disk_usage(target.parent).free < LEAST_FREE_BYTES:
            raise OSError(ENOSPC, strerror(ENOSPC), str(target)) from error
        raise Refused(
            _("Some of its pixels cannot be read: %(error)s.") % {"error": error},
            _("Copy it again from where it came, and check it with: gdalinfo -checksum FILE"),
        ) from error
