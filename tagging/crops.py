"""What is done with a crop's pixels and place. Pure."""

from io import BytesIO

import numpy as np
from PIL import Image

LEAST_SIZE_PX = 16


def encoded_png(pixels: np.ndarray) -> bytes:
    """A uint8 image (height, width, 3) as PNG: lossless, and quick rather than as small as can be."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=3)
    return file.getvalue()
