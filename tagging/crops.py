"""What is done with a crop's pixels and place. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from typing import IO

import numpy as np
from PIL import Image
from pyproj import Transformer

from damage.ingestion.opening import open_image

LEAST_SIZE_PX = 16
THUMBNAIL_PX = 240
THUMBNAIL_QUALITY = 82


def encoded_png(pixels: np.ndarray) -> bytes:
    """A uint8 image (height, width, 3) as PNG: lossless, and quick rather than as small as can be."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=3)
    return file.getvalue()


def thumbnail_jpeg(image: IO[bytes]) -> bytes:
    """An image file as a JPEG of at most 240 px, a few kilobytes for slow links."""
    with open_image(image) as opened:
        small = opened.convert("RGB")
        small.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
        return encoded_jpeg(np.asarray(small))


def encoded_jpeg(pixels: np.ndarray) -> bytes:
    """A uint8 image (height, width, 3) as JPEG, for the eye."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=THUMBNAIL_QUALITY)
    return file.getvalue()


@lru_cache(maxsize=64)
def _to_4326(crs_wkt: str) -> Transformer:
    return Transformer.from_crs(crs_wkt, "EPSG:4326", always_xy=True)


def centre_lonlat(
    x_px: int, y_px: int, size_px: int, *, transform: Sequence[float], crs_wkt: str
) -> tuple[float, float]:
    """Longitude and latitude of a square's centre, through the affine (a, b, c, d, e, f) of its scene."""
    a, b, c, d, e, f = transform
    x, y = x_px + size_px / 2, y_px + size_px / 2
    lon, lat = _to_4326(crs_wkt).transform(a * x + b * y + c, d * x + e * y + f)
    return lon, lat
