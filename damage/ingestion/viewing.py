"""Copies of scenes made for looking at: tiled JPEG with overviews, so that any zoom reads little. Pure."""

from collections.abc import Iterator
from contextlib import contextmanager
from errno import ENOSPC
from os import strerror
from pathlib import Path
from shutil import disk_usage

import rasterio
from PIL import Image
from rasterio.enums import Resampling
from rasterio.io import DatasetReader, DatasetWriter
from rasterio.shutil import copy

from damage.errors import Refused
from damage.gdal import GDAL_WRITES
from damage.ingestion.bands import ground_mask, has_mask, rgb_bands
from damage.ingestion.opening import open_raster
from damage.ingestion.rasters import TILE_PX, read_rgb
from damage.ingestion.tiled_jpeg import write_tiled_jpeg
from damage.ingestion.unreadable import GDAL_ERRORS
from damage.ingestion.view_checks import (
    BrokenView,
    check_view,
    overview_factors,
    squares_of_image,
    squares_of_raster,
    written_bytes,
)
from damage.messages import Message as _

CACHE_BYTES = 256 * 2**20  # GDAL's own default is a twentieth of the machine's memory
TILED = {
    "driver": "GTiff",
    "tiled": True,
    "blockxsize": TILE_PX,
    "blockysize": TILE_PX,
    "interleave": "pixel",
}


def write_mosaic_view(source: Path, target: Path) -> None:
    """Write a cloud-optimised GeoTIFF of an orthomosaic; memory does not grow with it.

    Reads every pixel, so it also finds the blocks that cannot be decoded, and raises `Refused`. What was written is
    opened again and checked; where it is not whole for want of room, raises `OSError`.
    """
    with open_raster(source) as dataset:
        _write_checked(dataset, target)


def write_photo_view(photo: Image.Image, target: Path) -> None:
    """Write a tiled copy of a photo as it is shown, and check it; raises `OSError` and `BrokenView`."""
    width, height = photo.size
    write_tiled_jpeg(photo, target, tile_px=TILE_PX, overviews=len(overview_factors(width, height)))
    check_view(target, width_px=width, height_px=height, like=squares_of_image(photo))


def _write_checked(dataset: DatasetReader, target: Path) -> None:
    needed = written_bytes(dataset.width, dataset.height)
    if disk_usage(target.parent).free < needed:
        raise _no_room(target)
    try:
        _write_cog(dataset, target)
        check_view(target, width_px=dataset.width, height_px=dataset.height, like=squares_of_raster(dataset))
    except (*GDAL_ERRORS, BrokenView) as error:
        _check_readable(dataset)  # else whoever hands it in would be told of our disk, or we of their file
        # What was needed for a while is free again, and others may have taken the rest.
        if GDAL_WRITES.search(str(error)) or disk_usage(target.parent).free < 2 * needed:
            raise _no_room(target) from error
        if isinstance(error, BrokenView):
            raise
        raise BrokenView(
            _("Its view could not be written (%(error)s).") % {"error": error},
            _("See that the site's disk has room and is sound, then try again."),
        ) from error


def _check_readable(dataset: DatasetReader) -> None:
    """Raise `Refused` where the source itself cannot be decoded."""
    try:
        for _place, window in dataset.block_windows(1):
            read_rgb(dataset, window)
    except GDAL_ERRORS as error:
        raise Refused(
            _("Some of its pixels cannot be read: %(error)s.") % {"error": error.__cause__ or error},
            _("Copy it again from where it came, and check it with: gdalinfo -checksum FILE"),
        ) from error


def _no_room(target: Path) -> OSError:
    return OSError(ENOSPC, strerror(ENOSPC), str(target))


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
        unpacked.build_overviews(overview_factors(dataset.width, dataset.height), Resampling.average)
        yield unpacked
