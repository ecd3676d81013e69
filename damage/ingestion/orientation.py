"""EXIF orientation: from the pixels as stored to the pixels as shown. Pure."""

import numpy as np
from PIL import Image

TURNED = frozenset({5, 6, 7, 8})  # width and height change places
MIRRORED_ROWS = frozenset({3, 4, 7, 8})  # after that
MIRRORED_COLUMNS = frozenset({2, 3, 6, 7})
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def shown_image(image: Image.Image, orientation: int) -> Image.Image:
    """`shown` for Pillow's images."""
    return image.transpose(TURNS[orientation]) if orientation in TURNS else image


def shown(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Pixels (H, W, C) as a viewer shows them (Exif 2.32, tag 274)."""
    if orientation in TURNED:
        pixels = pixels.transpose(1, 0, 2)
    rows = slice(None, None, -1) if orientation in MIRRORED_ROWS else slice(None)
    columns = slice(None, None, -1) if orientation in MIRRORED_COLUMNS else slice(None)
    return np.ascontiguousarray(pixels[rows, columns])


def shown_size(width_px: int, height_px: int, orientation: int) -> tuple[int, int]:
    """Width and height as shown."""
    return (height_px, width_px) if orientation in TURNED else (width_px, height_px)


def stored_corner(
    x_px: int, y_px: int, size_px: int, *, width_px: int, height_px: int, orientation: int
) -> tuple[int, int]:
    """Top left corner, in pixels as stored, of a square of the image as shown; width and height are those shown."""
    x = width_px - x_px - size_px if orientation in MIRRORED_COLUMNS else x_px
    y = height_px - y_px - size_px if orientation in MIRRORED_ROWS else y_px
    return (y, x) if orientation in TURNED else (x, y)
