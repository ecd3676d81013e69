"""Reading a scene block by block, at full size or through its overviews, and which pixels show ground."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.enums import MaskFlags
from rasterio.errors import RasterioError
from rasterio.windows import Window

from damage.errors import Refused
from prediction.windows import Block, Grid
from training.resizing import resized

# A window of which less than this share is valid ground is not shown to the network: its score is NaN.
LEAST_VALID_SHARE = 0.5
# The share is counted on about this many points along each side of a window.
POINTS_ALONG = 32


class SceneUnreadable(Refused):
    """The scene's file cannot be read (any more)."""


@dataclass(frozen=True)
class Looks:
    """What the network is shown at once: N squares of its input size, and their place in the grid.

    `considered` also counts the windows passed over because they show too little ground.
    """

    rows: np.ndarray
    columns: np.ndarray
    squares: np.ndarray
    considered: int


def read_looks(path: Path, grid: Grid, block: Block, input_size_px: int, *, at_once: int) -> Iterator[Looks]:
    """Read the block and scale each of its windows that shows enough ground, `at_once` of them at a time."""
    with _opened(path) as dataset:
        pixels, valid = _padded(*_read_area(dataset, path, grid, grid.area(block)), grid.window_px)
    xs = grid.xs[block.left : block.right] - grid.xs[block.left]
    ys = grid.ys[block.top : block.bottom] - grid.ys[block.top]
    shares = _valid_shares(valid, xs, ys, grid.window_px)
    shown = np.flatnonzero(shares >= LEAST_VALID_SHARE)
    passed = 0
    for start in range(0, max(1, len(shown)), at_once):
        part = shown[start : start + at_once]
        upto = int(part[-1]) + 1 if start + at_once < len(shown) else shares.size
        rows, columns = np.divmod(part, len(xs))
        squares = np.empty((len(part), input_size_px, input_size_px, 3), dtype=np.uint8)
        for look, x, y in zip(squares, xs[columns], ys[rows], strict=True):
            look[:] = resized(pixels[y : y + grid.window_px, x : x + grid.window_px], input_size_px)
        yield Looks(rows + block.top, columns + block.left, squares, considered=upto - passed)
        passed = upto


def is_tiled(path: Path) -> bool:
    """Whether the file is stored in tiles; strips are quicker read whole."""
    with _opened(path) as dataset:
        return bool(dataset.block_shapes[0][1] < dataset.width)


@contextmanager
def _opened(path: Path, **options: int) -> Iterator[rasterio.DatasetReader]:
    try:
        with rasterio.open(path, **options) as dataset:
            yield dataset
    except RasterioError as error:
        raise SceneUnreadable(
            f"The scene's file {path.name} cannot be read: {error}.",
            "See that the file is where it was and unchanged, or ingest it again.",
        ) from error


def _read_area(
    dataset: rasterio.DatasetReader, path: Path, grid: Grid, area: tuple[int, int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (h, w, 3) and validity (h, w) of an area of the grid's pixels."""
    if grid.scale == 1:
        return _read_window(dataset, Window(*area))
    overviews = dataset.overviews(1)
    if grid.scale in overviews:
        with _opened(path, overview_level=overviews.index(grid.scale)) as reduced:
            return _read_window(reduced, Window(*area))
    x, y, width, height = (side * grid.scale for side in area)
    window = Window(x, y, min(width, dataset.width - x), min(height, dataset.height - y))
    pixels, valid = _read_window(dataset, window)
    return _averaged(pixels, grid.scale), _averaged(valid[:, :, None], grid.scale)[
        :, :, 0
    ] >= LEAST_VALID_SHARE


def _read_window(dataset: rasterio.DatasetReader, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """The mask is read first: where it is empty, no pixels are decoded."""
    shape = (int(window.height), int(window.width))
    masked = MaskFlags.all_valid not in dataset.mask_flag_enums[0]
    valid = dataset.dataset_mask(window=window) > 0 if masked else np.ones(shape, dtype=bool)
    if not valid.any():
        return np.zeros((*shape, 3), dtype=np.uint8), valid
    pixels = np.ascontiguousarray(dataset.read((1, 2, 3), window=window).transpose(1, 2, 0))
    if masked:
        pixels[~valid] = 0  # as training crops have it
    else:  # nothing says what is nodata: pure black is the custom
        valid = pixels.any(axis=2)
    return pixels, valid


def _averaged(values: np.ndarray, factor: int) -> np.ndarray:
    """Mean over squares of `factor` pixels; at the right and bottom edge over what there is."""
    rows, columns = (np.arange(0, side, factor) for side in values.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=0, dtype=np.float32), columns, axis=1)
    counts = np.outer(np.diff([*rows, values.shape[0]]), np.diff([*columns, values.shape[1]]))
    means = sums / counts[:, :, None]
    return (means + 0.5).astype(np.uint8) if values.dtype == np.uint8 else means


def _padded(pixels: np.ndarray, valid: np.ndarray, window_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Add black below and right of a scene smaller than one window; it counts as its edge does."""
    below, right = (max(0, window_px - side) for side in valid.shape)
    if not below and not right:
        return pixels, valid
    black = np.pad(pixels, ((0, below), (0, right), (0, 0)))
    return black, np.pad(valid, ((0, below), (0, right)), mode="edge")


def _valid_shares(valid: np.ndarray, xs: np.ndarray, ys: np.ndarray, window_px: int) -> np.ndarray:
    """Share (rows, columns) of valid ground in each window, on points that only its own place decides."""
    points = np.arange(0, window_px, max(1, window_px // POINTS_ALONG))
    columns = (xs[:, None] + points).ravel()
    return np.stack(
        [
            valid[np.ix_(y + points, columns)].reshape(len(points), len(xs), len(points)).mean(axis=(0, 2))
            for y in ys
        ]
    )
