"""What a drone photo is, and which files are none. Pure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile
from rasterio.errors import RasterioIOError

from damage.errors import Refused
from damage.ingestion.bands import rgb_bands
from damage.ingestion.exif import PhotoFacts, camera_gsd_m, read_photo_facts
from damage.ingestion.file_formats import bits_per_value, format_of
from damage.ingestion.opening import is_tiff, open_photo, open_raster
from damage.ingestion.orientation import shown_image
from damage.ingestion.rasters import read_photo, rgb_of
from damage.ingestion.tiff_structure import check_whole
from damage.ingestion.usable_bands import check_bands
from damage.messages import Message
from damage.messages import Message as _

# What Pillow and HEIC's decoder raise for broken pixels.
BROKEN_PIXELS = (OSError, SyntaxError, ValueError, EOFError, RuntimeError)
DNG_VERSION = 50706  # the tag by which a TIFF is a raw photo (DNG 1.7, DNGVersion)
COPY_AGAIN = _("Copy it again from the camera's card.")


@dataclass(frozen=True)
class Photo:
    """A photo that may come in: its facts, and the image as it is shown, in red, green and blue."""

    facts: PhotoFacts
    image: Image.Image
    gsd_m: float | None

    @property
    def pixels(self) -> np.ndarray:
        """Its pixels (H, W, 3); taking them from the image costs nearly as much as decoding it."""
        return np.asarray(self.image)


def read_usable_photo(path: Path, *, max_mpx: int) -> Photo:
    """Read a photo whole; raise `Refused`, with the remedy, when it cannot be used."""
    _check_file(path, max_mpx=max_mpx)
    facts = read_photo_facts(path)
    image = read_photo_image(path, orientation=facts.orientation)
    # A sensor's rows are its longer side, however the photo is turned.
    return Photo(facts, image, camera_gsd_m(facts, max(image.size)))


def read_photo_image(path: Path, *, orientation: int) -> Image.Image:
    """A photo as it is shown, in red, green and blue; raises `Refused` for broken pixels."""
    try:
        if is_tiff(path):
            return Image.fromarray(read_photo(path, orientation))
        with open_photo(path) as image:
            image.load()
            return shown_image(image if image.mode == "RGB" else Image.fromarray(rgb_of(image)), orientation)
    except BROKEN_PIXELS as error:
        raise Refused(_("It is truncated or damaged (%(error)s).") % {"error": error}, COPY_AGAIN) from error


def _check_file(path: Path, *, max_mpx: int) -> None:
    if path.stat().st_size == 0:
        raise Refused(_("The file is empty."), COPY_AGAIN)
    if (bits_per_value(path) or 8) > 8:
        raise Refused(_("Its pixels are not 8-bit."), _EXPORT_AS_8_BIT)
    try:
        with open_photo(path) as image:
            width, height, mode = *image.size, image.mode
            is_raw = isinstance(image, TiffImageFile) and DNG_VERSION in image.tag_v2
    except Image.DecompressionBombError as error:
        raise Refused(*_too_large(max_mpx)) from error
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise (_unnamed_tiff(path) if is_tiff(path) else _no_image(path)) from error
    if is_raw:
        raise Refused(
            _("It is a raw photo."),
            _("Take the JPEG that the camera wrote beside it, or convert it to JPEG."),
        )
    if width * height > max_mpx * 1_000_000:
        raise Refused(*_too_large(max_mpx))
    if is_tiff(path):
        check_whole(path)
        _check_tiff(path, mode)
    _check_mode(mode)


def _check_mode(mode: str) -> None:
    """Refuse what Pillow does not read as 8-bit red, green and blue."""
    if mode.startswith(("I", "F")):
        raise Refused(_("Its pixels are not 8-bit."), _EXPORT_AS_8_BIT)
    if mode not in {"RGB", "RGBA"}:
        raise Refused(
            _("It is not a colour photo in red, green and blue (%(mode)s); it may be thermal or a drawing.")
            % {"mode": mode},
            _(
                "Send the camera's colour photo; a palette is resolved by: gdal_translate -expand rgb IN "
                "OUT.tif"
            )
            if mode != "CMYK"
            else _("Save it in red, green and blue, as screens show it: magick IN -colorspace sRGB OUT.jpg"),
        )


def _check_tiff(path: Path, mode: str = "RGB") -> None:
    """Refuse an orthomosaic, and colours of which Pillow does not tell that they are not 8-bit."""
    try:
        with open_raster(path) as dataset:
            if dataset.crs is not None:
                raise Refused(
                    _("It is an orthomosaic: it has a coordinate system."),
                    _("Ingest it with ingest_mosaic."),
                )
            if mode in {"RGB", "RGBA"}:
                check_bands(dataset)
    except RasterioIOError as error:
        raise _no_image(path) from error


def _unnamed_tiff(path: Path) -> Refused:
    """Why GDAL reads a TIFF that Pillow does not."""
    _check_tiff(path)
    with open_raster(path) as dataset:
        red, green, blue = rgb_bands(dataset)
    return Refused(
        _("It is a TIFF that is not marked as an image in red, green and blue."),
        _("Mark it: gdal_translate -b %(red)s -b %(green)s -b %(blue)s -co PHOTOMETRIC=RGB IN.tif OUT.tif")
        % {"red": red, "green": green, "blue": blue},
    )


_EXPORT_AS_8_BIT = _(
    "Export it as an 8-bit JPEG, which keeps its position, or convert it: gdal_translate -ot Byte -scale 0 65535 0 "
    "255 IN OUT.tif (of 12 bits: 0 4095)"
)


def _no_image(path: Path) -> Refused:
    kind = format_of(path)
    if kind not in (None, "JPEG", "PNG"):
        return Refused(
            _("It is a %(kind)s file, not a JPEG, PNG, TIFF or HEIC image.") % {"kind": kind},
            _("Convert it to JPEG first."),
        )
    return Refused(
        _("It is not a JPEG, PNG, TIFF or HEIC image, whatever its name says."),
        _("Convert other photos to JPEG first; copy a damaged file again from the camera's card."),
    )


def _too_large(max_mpx: int) -> tuple[Message, Message]:
    return (
        _("It has more than %(most)s megapixels, which no drone photo has.") % {"most": max_mpx},
        _("If it is real, raise DAMAGE_MAX_PHOTO_MPX."),
    )
