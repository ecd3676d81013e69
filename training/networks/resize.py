"""The one way in which squares are scaled to a network's input, in training and in prediction."""

import numpy as np
from PIL import Image


def resized(square: np.ndarray, size_px: int) -> np.ndarray:
    """The square (h, w, 3, uint8) at `size_px` on each side: bilinear, and averaging where it shrinks."""
    if square.shape[:2] == (size_px, size_px):
        return square
    return np.asarray(Image.fromarray(square).resize((size_px, size_px), Image.Resampling.BILINEAR))
