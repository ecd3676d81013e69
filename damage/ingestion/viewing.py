"""Copies of scenes made for looking at: tiled JPEG with overviews, so that any zoom reads little. Pure."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from os import strerror
from pathlib import Path
from shutil import disk_usage

import numpy as np
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader, DatasetWriter, MemoryFile
from rasterio.rio.overview import get_maximum_overview_level
from rasterio.shutil import copy

from damage.errors import Refused
from damage.gdal import GDAL_WRITES
from damage.ingestion.bands import ground_mask, has_mask, rgb_bands
from damage.ingestion.opening import open_raster
from damage.messages import Message as _

LEAST_FREE_BYTES = 2**20
CACHE_BYTES = 256 * 2**20  # GDAL's own default is a twentieth of the machine's memory
TILE_PX = 256
TILED = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": TILE_PX,
    "blockysize": TILE_PX,
    "interleave": "pixel",
}


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
    """Red, green and blue as tiled JPEG with overviews, and where there is ground as mask, by way of an unpacked copy.

    Tiles and overviews are ordered as GDAL's and rio-cogeo's cloud-optimised files.
    """
    unpacked = target.with_name(f"{target.stem}-unpacked.tif")
    environment = {
        "GDAL_TIFF_INTERNAL_MASK": True,
        "GDAL_NUM_THREADS": "ALL_CPUS",
        "GDAL_CACHEMAX": CACHE_BYTES,
    }
    try:
        with rasterio.Env(**environment), _unpacked_with_overviews(dataset, unpacked) as copied:
            copy(copied, target, copy_src_overviews=True, compress="JPEG", photometric="YCBCR", **TILED)
    except RasterioIOError as error:
        if GDAL_WRITES.search(str(error)) or disk_usage(target.parent).free < LEAST_FREE_BYTES:
            raise OSError(ENOSPC, strerror(ENOSPC), str(target)) from error
        raise Refused(
            _("Some of its pixels cannot be read: %(error)s.") % {"error": error},
            _("Copy it again from where it came, and check it with: gdalinfo -checksum FILE"),
        ) from error
    finally:
        unpacked.unlink(missing_ok=True)


@contextmanager
def _unpacked_with_overviews(dataset: DatasetReader, path: Path) -> Iterator[DatasetWriter]:
    form = {
        "width": dataset.width,
        "height": dataset.height,
        "count": 3,
        "dtype": "uint8",
        "photometric": "RGB",
    }
    place = {"crs": dataset.crs, "transform": dataset.transform, "BIGTIFF": "IF_SAFER"}
    bands, masked = rgb_bands(dataset), has_mask(dataset)
    with rasterio.open(path, "w", **TILED, **form, **place) as unpacked:
        for _place, window in unpacked.block_windows(1):
            unpacked.write(dataset.read(bands, window=window), window=window)
            if masked:
                unpacked.write_mask(ground_mask(dataset, window=window), window=window)
        halvings = range(1, get_maximum_overview_level(dataset.width, dataset.height, TILE_PX) + 1)
        unpacked.build_overviews([2**halving for halving in halvings], Resampling.average)
        yield unpacked
