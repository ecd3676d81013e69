"""The one door through which rasters are opened: a GeoTIFF, alone, that names no other file. Pure.

GDAL follows what a TIFF's metadata names: in the domain OVERVIEWS, with any driver, a text file of this machine or a
web address becomes the raster's overviews (gdaldefaultoverviews.cpp), in GEOLOCATION its coordinates. It does so only
when it is asked for overviews or coordinates; so a file is opened for its domains alone, before it is opened for use.
Images that are no rasters are opened here too, by Pillow, and only as the formats that photos and crops have.
"""

import os
from functools import lru_cache
from pathlib import Path
from typing import IO

import rasterio
from PIL import Image
from rasterio.io import DatasetReader

from damage.errors import Refused
from damage.messages import Message as _

# What lies beside a file (.ovr, .msk, .aux.xml, .tfw, .IMD, .RPB) does not come along with it, so it is never read.
ALONE = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_GEOREF_SOURCES": "INTERNAL",
}
# GDAL reads files of the web only under this name.
NO_ADDRESS = "none"
BUCKETS = ("/vsis3/", "/vsigs/", "/vsiaz/", "/vsiadls/", "/vsioss/", "/vsiswift/")
IMAGE_FORMATS = ("JPEG", "PNG", "TIFF")
# What the box "ftyp" that begins a HEIC says it is; a moving picture of HEVC images has a photo too.
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")
TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
# Domains of metadata that name no files: GDAL's own of every TIFF, and those of cameras, colours and satellites.
HARMLESS_DOMAINS = frozenset(
    {
        "",
        "image_structure",
        "derived_subdatasets",
        "rpc",
        "imd",
        "imagery",
        "exif",
        "color_profile",
        "xml:xmp",
    }
)


class NamesOtherFiles(Refused):
    """A raster whose metadata may lead GDAL to other files or to other machines."""


def open_raster(address: Path | str, *, overview_level: int | None = None) -> DatasetReader:
    """Open a GeoTIFF to be read, at full size or as one of its own overviews (0 is the finest).

    A path is a file on this machine; a string may also be an address in a bucket as GDAL writes it (/vsis3/…), which
    only admins give. Raises `NamesOtherFiles`, and rasterio's `RasterioIOError` for what is no GeoTIFF.
    """
    is_in_bucket = isinstance(address, str) and address.startswith(BUCKETS)
    name = Path(address) if is_in_bucket else _local_path(address)
    allowed = {"CPL_VSIL_CURL_ALLOWED_FILENAME": str(name) if is_in_bucket else NO_ADDRESS}
    which = {} if overview_level is None else {"overview_level": overview_level}
    with rasterio.Env(**ALONE, **allowed):
        _check_names_no_files(name, None if is_in_bucket else _fingerprint(name))
        return rasterio.open(name, driver="GTiff", **which)


def open_image(file: Path | IO[bytes]) -> Image.Image:
    """Open a photo's or a crop's image with Pillow, which knows more formats than anybody hands in on purpose."""
    return Image.open(file, formats=IMAGE_FORMATS)


def open_photo(path: Path) -> Image.Image:
    """Open a photo as it came: what `open_image` opens, and HEIC, which comes turned as it is shown.

    For the process that decodes foreign images alone (`damage.ingestion.decoding`), as HEIC's decoder (libheif,
    libde265) has had more faults than all others; everybody else asks for `decode_heic`.
    """
    if not is_heic(path):
        return open_image(path)
    import pillow_heif  # whoever reads no HEIC does not load its decoder

    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return Image.open(path, formats=("HEIF",))


def is_heic(path: Path) -> bool:
    """Whether a file begins as a HEIC does, whatever its name says."""
    with path.open("rb") as file:
        beginning = file.read(12)
    return beginning[4:8] == b"ftyp" and beginning[8:] in HEIC_BRANDS


def is_tiff(path: Path) -> bool:
    """Whether a file begins as a TIFF does, whatever its name says."""
    with path.open("rb") as file:
        return file.read(4) in TIFF_SIGNATURES


def _local_path(address: Path | str) -> Path:
    """The path as it is handed to GDAL, which takes names such as /vsicurl/…, /vsizip/… or GTIFF_DIR:… for more."""
    path = Path(os.path.abspath(address))  # noqa: PTH100 (resolve() would follow links, and show people another name)
    if path.parts[1:2] and path.parts[1].startswith("vsi"):
        raise NamesOtherFiles(
            _("%(name)s is not a file on this machine.") % {"name": str(address)},
            _("Copy the file to a folder here, and name that."),
        )
    return path


def _fingerprint(path: Path) -> tuple[int, int, int] | None:
    """What changes with a file's content; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None  # GDAL says why in its own words
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=1024)
def _check_names_no_files(name: Path, fingerprint: tuple[int, int, int] | None) -> None:
    """Raise `NamesOtherFiles` for a raster with a domain that may; what passed is remembered, a tile costs no more."""
    with rasterio.open(name, driver="GTiff") as dataset:
        domains = {domain for band in range(dataset.count + 1) for domain in dataset.tag_namespaces(band)}
        foreign = sorted(domain for domain in domains if domain.casefold() not in HARMLESS_DOMAINS)
        if foreign == ["SUBDATASETS"] and _has_only_own_pages(dataset, name):
            return
    if foreign:
        raise NamesOtherFiles(
            _("Its metadata can name other files (%(domains)s), so it is not opened.")
            % {"domains": ", ".join(foreign)},
            _("If you trust it, write it without: gdal_translate -co COPY_SRC_MDD=NO IN.tif OUT.tif"),
        )


def _has_only_own_pages(dataset: DatasetReader, name: Path) -> bool:
    """Whether what is listed beside the first image are further pages of the same file, which nobody opens."""
    return all(
        value.startswith("GTIFF_DIR:") and value.endswith(f":{name}")
        for key, value in dataset.tags(ns="SUBDATASETS").items()
        if key.endswith("_NAME")
    )
