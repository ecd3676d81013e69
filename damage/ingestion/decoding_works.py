"""What is done in the process that decodes foreign images: plain arguments in, plain answers and files out. Pure."""

import logging
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, TiffImageFile
from rasterio.errors import RasterioIOError

from damage.errors import Refused
from damage.ingestion.exif import PhotoFacts, read_photo_facts
from damage.ingestion.file_formats import bits_per_value
from damage.ingestion.height_models import read_heights
from damage.ingestion.mosaics import read_mosaic_facts
from damage.ingestion.opening import open_image, open_raster
from damage.ingestion.photo_look import look_of
from damage.ingestion.photos import read_photo_image, read_usable_photo
from damage.ingestion.viewing import write_mosaic_view, write_photo_view
from damage.messages import Message as _

# A refusal says what matters; libraries' own remarks would come between the lines of a report.
logging.getLogger("rasterio").addHandler(logging.NullHandler())
warnings.simplefilter("ignore")


def georeferenced(path: str) -> dict[str, Any]:
    """Whether a TIFF says where on earth it lies, in whatever way: then it is no photo."""
    try:
        with open_raster(path) as dataset:
            return {"is": bool(dataset.crs or dataset.gcps[0] or dataset.rpcs)}
    except RasterioIOError:
        return {"is": False}  # as a photo it is told what is wrong with it


def mosaic_facts(path: str) -> dict[str, Any]:
    """`MosaicFacts` as plain data."""
    facts = read_mosaic_facts(Path(path))
    return asdict(facts) | {"warnings": [warning.as_json() for warning in facts.warnings]}


def mosaic_view(path: str, view: str) -> dict[str, Any]:
    """Write a mosaic's view."""
    write_mosaic_view(Path(path), Path(view))
    return {}


def photo(path: str, view: str | None, max_mpx: int) -> dict[str, Any]:
    """Write a photo's view, if it is to have one; `ViewedPhoto` as plain data."""
    Image.MAX_IMAGE_PIXELS = max_mpx * 1_000_000
    read = read_usable_photo(Path(path), max_mpx=max_mpx)
    if view:
        write_photo_view(read.image, Path(view))
    return {
        "facts": _plain(read.facts),
        "width_px": read.image.width,
        "height_px": read.image.height,
        "band_count": len(read.image.getbands()),
        "gsd_m": read.gsd_m,
        "look": asdict(look_of(read.image)),
    }


def photo_facts(path: str) -> dict[str, Any]:
    """`PhotoFacts` as plain data."""
    return _plain(read_photo_facts(Path(path)))


def _plain(facts: PhotoFacts) -> dict[str, Any]:
    return asdict(facts) | {
        "warnings": [warning.as_json() for warning in facts.warnings],
        "captured_at": facts.captured_at and facts.captured_at.isoformat(),
    }


def heic(path: str, pixels: str) -> dict[str, Any]:
    """Write the pixels (H, W, 3) of a HEIC photo as an array; its size was limited when it came in."""
    Image.MAX_IMAGE_PIXELS = None
    np.save(pixels, np.asarray(read_photo_image(Path(path), orientation=1)))
    return {}


def image(path: str, most_px: int) -> dict[str, Any]:
    """Mode and size of an image, which is decoded whole unless a side is longer than `most_px`."""
    try:
        with open_image(Path(path)) as opened:
            if max(opened.size) <= most_px:
                opened.load()
            is_deep = max(_bits_of_tiff(opened), bits_per_value(Path(path)) or 8) > 8
            mode = f"{opened.mode} > 8 bit" if is_deep else opened.mode
            return {"mode": mode, "width_px": opened.width, "height_px": opened.height}
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise Refused(_("It is no JPEG, PNG or TIFF image that can be read.")) from error


def heights(path: str, places: list[tuple[float, float]]) -> dict[str, Any]:
    """The ground's heights at places (lon, lat), by a height model."""
    return {"heights_m": read_heights(Path(path), places)}


def _bits_of_tiff(opened: Image.Image) -> int:
    return max(opened.tag_v2.get(BITSPERSAMPLE, (8,))) if isinstance(opened, TiffImageFile) else 8


WORKS: dict[str, Callable[..., dict[str, Any]]] = {
    work.__name__: work
    for work in (georeferenced, mosaic_facts, mosaic_view, photo, photo_facts, heic, image, heights)
}
