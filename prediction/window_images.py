"""Windows, cut out one by one for networks that look at one at a time."""

import numpy as np

from damage.ingestion.reading import Pixels
from prediction.layouts import WindowLayout
from prediction.score_grid import LEAST_VALID_SHARE
from prediction.windows import Block
from training.networks.resize import resized

# The share of valid ground is counted on about this many points along each side of a window.
POINTS_ALONG = 32


def shown_windows(pixels: Pixels, layout: WindowLayout, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the block's windows that show enough ground."""
    grid = layout.grid
    rows, columns = (
        index.ravel()
        for index in np.meshgrid(
            np.arange(block.top, block.bottom), np.arange(block.left, block.right), indexing="ij"
        )
    )
    if pixels.valid is None:
        return rows, columns
    points = np.arange(0, grid.window_px, max(1, grid.window_px // POINTS_ALONG))
    ys = _inside(grid.ys[rows][:, None] + points - pixels.y, pixels.valid.shape[0])
    xs = _inside(grid.xs[columns][:, None] + points - pixels.x, pixels.valid.shape[1])
    shares = pixels.valid[ys[:, :, None], xs[:, None, :]].mean(axis=(1, 2))
    shown = shares >= LEAST_VALID_SHARE
    return rows[shown], columns[shown]


def _inside(places: np.ndarray, length: int) -> np.ndarray:
    """A window larger than the scene counts as the scene's edge does."""
    return np.minimum(places, length - 1)


def window_images(pixels: Pixels, layout: WindowLayout, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Windows (N, size, size, 3), uint8, at the network's size; the scene's mirror image beyond its edge."""
    grid = layout.grid
    side = grid.window_px
    images = np.empty((len(rows), layout.network_px, layout.network_px, 3), dtype=np.uint8)
    for image, y, x in zip(images, grid.ys[rows], grid.xs[columns], strict=True):
        square = pixels.cut(int(x), int(y), side, side).bands
        image[:] = resized(np.ascontiguousarray(square.transpose(1, 2, 0)), layout.network_px)
    return images
