"""What a drone photo is, and which files are none. Pure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from rasterio.errors import RasterioIOError

from damage.errors import Refused
from damage.ingestion.exif import PhotoFacts, camera_gsd_m, read_photo_facts
from damage.ingestion.opening import open_image, open_raster
from damage.ingestion.orientation import TURNED
from damage.ingestion.rasters import read_photo
from damage.ingestion.tiff_structure import check_whole
from damage.messages import Message
from damage.messages import Message as _

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
    try:
        pixels = read_photo(path, facts.orientation)
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises for broken pixels
        raise Refused(_("It is truncated or damaged (%(error)s).") % {"error": error}, COPY_AGAIN) from error
    stored_width_px = pixels.shape[0] if facts.orientation in TURNED else pixels.shape[1]
    return Photo(facts, pixels, camera_gsd_m(facts, stored_width_px))


def _check_file(path: Path, *, max_mpx: int) -> None:
    if path.stat().st_size == 0:
        raise Refused(_("The file is empty."), COPY_AGAIN)
    try:
        with open_image(path) as image:
            width, height, kind, mode = *image.size, image.format, image.mode
    except Image.DecompressionBombError as error:
        raise Refused(*_too_large(max_mpx)) from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise Refused(
            _("It is not a JPEG, PNG or TIFF image, whatever its name says."),
            _("Convert raw or HEIC photos to JPEG first; copy a damaged file again from the camera's card."),
        ) from error
    if width * height > max_mpx * 1_000_000:
        raise Refused(*_too_large(max_mpx))
    if kind == "TIFF":
        check_whole(path)
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
