"""Windows from the middle of a mosaic, where all is ground."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.windows import Window


def middle_of(path: Path, side_px: int) -> np.ndarray:
    """A square from the mosaic's middle, uint8 (side, side, 3), smaller where the mosaic is."""
    with rasterio.open(path) as dataset:
        side = min(side_px, dataset.width // 2, dataset.height // 2)
        corner = ((dataset.width - side) // 2, (dataset.height - side) // 2)
        pixels = dataset.read((1, 2, 3), window=Window(*corner, side, side))
    return np.ascontiguousarray(pixels.transpose(1, 2, 0))


def windows_in(pixels: np.ndarray, *, window_px: int, stride_px: int) -> list[np.ndarray]:
    """All windows (window, window, 3) of a grid over the pixels."""
    tops, lefts = (range(0, side - window_px + 1, stride_px) for side in pixels.shape[:2])
    return [pixels[y : y + window_px, x : x + window_px] for y in tops for x in lefts]
