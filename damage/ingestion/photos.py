"""What a drone photo is, and which files are none. Pure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile
from rasterio.errors import RasterioIOError

from damage.errors import Refused
from damage.ingestion.exif import PhotoFacts, camera_gsd_m, read_photo_facts
from damage.ingestion.opening import open_photo, open_raster
from damage.ingestion.orientation import shown
from damage.messages import Message
from damage.messages import Message as _

# What Pillow and HEIC's decoder raise for broken pixels.
BROKEN_PIXELS = (OSError, SyntaxError, ValueError, EOFError, RuntimeError)
DNG_VERSION = 50706  # the tag by which a TIFF is a raw photo (DNG 1.7, DNGVersion)
COPY_AGAIN = _("Copy it again from the camera's card.")


@dataclass(frozen=True)
class Photo:
    """A photo that may come in: its facts, and its pixels (H, W, 3) as shown."""

    facts: PhotoFacts
    pixels: np.ndarray
    gsd_m: float | None


def read_usable_photo(path: Path, *, max_mpx: int) -> Photo:
    """Read a photo whole; raise `Refused`, with the remedy, when it cannot be used."""
    _check_file(path, max_mpx=max_mpx)
    facts = read_photo_facts(path)
    pixels = read_photo_file(path, orientation=facts.orientation)
    # A sensor's rows are its longer side, however the photo is turned.
    return Photo(facts, pixels, camera_gsd_m(facts, max(pixels.shape[:2])))


def read_photo_file(path: Path, *, orientation: int) -> np.ndarray:
    """Pixels (H, W, 3) of a photo as it is shown; raises `Refused` for broken ones."""
    try:
        with open_photo(path) as image:
            return shown(np.asarray(image.convert("RGB")), orientation)
    except BROKEN_PIXELS as error:
        raise Refused(_("It is truncated or damaged (%(error)s).") % {"error": error}, COPY_AGAIN) from error


def _check_file(path: Path, *, max_mpx: int) -> None:
    if path.stat().st_size == 0:
        raise Refused(_("The file is empty."), COPY_AGAIN)
    try:
        with open_photo(path) as image:
            width, height, kind, mode = *image.size, image.format, image.mode
            is_raw = isinstance(image, TiffImageFile) and DNG_VERSION in image.tag_v2
    except Image.DecompressionBombError as error:
        raise Refused(*_too_large(max_mpx)) from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise Refused(
            _("It is not a JPEG, PNG, TIFF or HEIC image, whatever its name says."),
            _("Convert other photos to JPEG first; copy a damaged file again from the camera's card."),
        ) from error
    if is_raw:
        raise Refused(
            _("It is a raw photo."),
            _("Take the JPEG that the camera wrote beside it, or convert it to JPEG."),
        )
    if width * height > max_mpx * 1_000_000:
        raise Refused(*_too_large(max_mpx))
    if kind == "TIFF" and _is_georeferenced(path):
        raise Refused(
            _("It is an orthomosaic: it has a coordinate system."), _("Ingest it with ingest_mosaic.")
        )
    if mode.startswith(("I", "F")):
        raise Refused(
            _("Its pixels are not 8-bit."), _("Convert it: gdal_translate -ot Byte -scale IN.tif OUT.tif")
        )
    if mode not in {"RGB", "RGBA"}:
        raise Refused(
            _("It is not a colour photo in red, green and blue (%(mode)s); it may be thermal or a drawing.")
            % {"mode": mode},
            _(
                "Send the camera's colour photo; a palette is resolved by: gdal_translate -expand rgb IN "
                "OUT.tif"
            ),
        )


def _too_large(max_mpx: int) -> tuple[Message, Message]:
    return (
        _("It has more than %(most)s megapixels, which no drone photo has.") % {"most": max_mpx},
        _("If it is real, raise DAMAGE_MAX_PHOTO_MPX."),
    )


def _is_georeferenced(path: Path) -> bool:
    try:
        with open_raster(path) as dataset:
            return dataset.crs is not None
    except RasterioIOError:
        return False
