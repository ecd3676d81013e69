"""Hashes by which images that look alike are found. Pure."""

import numpy as np
from PIL import Image

# A difference hash (Krawetz 2013, "Kind of like that") of 16 x 16 comparisons.
HASH_SIDE = 16
HASH_WORDS = HASH_SIDE * HASH_SIDE // 64


def difference_hash(grey: np.ndarray) -> np.ndarray:
    """The hash, uint64 (4,), of a luminance picture (H, W) uint8: where it grows brighter from left to right."""
    small = Image.fromarray(np.ascontiguousarray(grey)).resize(
        (HASH_SIDE + 1, HASH_SIDE), Image.Resampling.BOX
    )
    values = np.asarray(small, np.int16)
    return np.packbits(values[:, 1:] > values[:, :-1]).view(np.uint64)
