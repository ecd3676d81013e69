"""Small pictures for the eye, a few kilobytes for slow links."""

from io import BytesIO
from typing import IO

import numpy as np
from PIL import Image

from damage.ingestion.opening import open_image
from damage.ingestion.unreadable import image_explained

THUMBNAIL_PX = 240
QUALITY = 82


def encoded_jpeg(pixels: np.ndarray) -> bytes:
    """A uint8 image (height, width, 3) as JPEG."""
    return _encoded(Image.fromarray(pixels))


def thumbnail_jpeg(image: np.ndarray | IO[bytes]) -> bytes:
    """Pixels (height, width, 3) or an image file as a JPEG of at most 240 px."""
    if isinstance(image, np.ndarray):
        return _reduced(Image.fromarray(image))
    with image_explained(str(getattr(image, "name", ""))), open_image(image) as opened:
        return _reduced(opened.convert("RGB"))


def reduced_jpeg(image: Image.Image, *, longest_px: int) -> bytes:
    """A picture as a JPEG whose longer side has so many pixels at most; what is transparent becomes white."""
    picture = image
    if image.has_transparency_data:
        picture = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    picture = picture.convert("RGB")
    picture.thumbnail((longest_px, longest_px))
    return _encoded(picture)


def _reduced(picture: Image.Image) -> bytes:
    picture.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return _encoded(picture)


def _encoded(picture: Image.Image) -> bytes:
    content = BytesIO()
    picture.save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
