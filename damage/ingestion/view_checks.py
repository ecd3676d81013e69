"""Whether a view is whole and shows its source: a full disk may leave one that opens, all black. Pure."""

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image
from rasterio.io import DatasetReader
from rasterio.rio.overview import get_maximum_overview_level
from rasterio.windows import Window

from damage.errors import Refused
from damage.ingestion.opening import open_raster
from damage.ingestion.rasters import TILE_PX, read_rgb
from damage.ingestion.tiff_structure import Truncated, read_blocks
from damage.ingestion.unreadable import GDAL_ERRORS
from damage.messages import Message as _

# Squares along either side, and their side, in which a view is compared with its source.
SQUARES, SQUARE_PX = 5, 32
# Means of such squares differ by a few levels through JPEG; a block that was not written is black.
MOST_DIFFERENCE = 24

SquareAt = Callable[[int, int, int], np.ndarray]


class BrokenView(Refused):
    """A view that does not show its scene."""


def overview_factors(width_px: int, height_px: int) -> list[int]:
    """By how much the overviews of a view are reduced, the finest first."""
    return [2**level for level in range(1, get_maximum_overview_level(width_px, height_px, TILE_PX) + 1)]


def written_bytes(width_px: int, height_px: int) -> int:
    """What a view needs of the disk at least while it is written: an unpacked copy of whole tiles, with overviews."""
    factors = [1, *overview_factors(width_px, height_px)]
    tiles = sum(-(-width_px // (TILE_PX * by)) * -(-height_px // (TILE_PX * by)) for by in factors)
    return 3 * tiles * TILE_PX**2


def check_view(
    path: Path, *, width_px: int, height_px: int, like: SquareAt | None = None, thorough: bool = False
) -> bool:
    """Raise `BrokenView` where a view is not whole, cannot be decoded, or shows something else than its source.

    `like` gives the source's squares (size, size, 3) by (x, y, size). Decoded are the coarsest overview and the squares
    compared; all, with `thorough`. Gives whether anything but black is to be seen from afar.
    """
    try:
        _check_blocks(path)
        with open_raster(path) as view:
            _check_form(view, width_px, height_px)
            coarsest = _coarsest(view)
            if thorough:
                _decode_all(view)
            if like:
                _check_shows(view, like)
            return bool(coarsest.any())
    except GDAL_ERRORS as error:
        raise _broken(_("it cannot be read (%(words)s)") % {"words": error.__cause__ or error}) from error


def squares_of_raster(dataset: DatasetReader) -> SquareAt:
    """The squares of an open raster, to compare with."""
    return lambda x, y, size: read_rgb(dataset, Window(x, y, size, size))


def squares_of_image(image: Image.Image) -> SquareAt:
    """The squares of an image in red, green and blue, to compare with."""
    return lambda x, y, size: np.asarray(image.crop((x, y, x + size, y + size)))


def _check_blocks(path: Path) -> None:
    try:
        is_whole = all(blocks.are_all_there for blocks in read_blocks(path))
    except Truncated as error:
        raise _broken(_("it is truncated")) from error
    if not is_whole:
        raise _broken(_("some of its tiles were never written"))


def _check_form(view: DatasetReader, width_px: int, height_px: int) -> None:
    if (view.width, view.height, view.count) != (width_px, height_px, 3):
        raise _broken(_("it is not as large as its scene"))
    if view.overviews(1) != overview_factors(width_px, height_px):
        raise _broken(_("overviews are missing"))


def _decode_all(view: DatasetReader) -> None:
    for _place, window in view.block_windows(1):
        view.read(window=window)
        view.dataset_mask(window=window)


def _coarsest(view: DatasetReader) -> np.ndarray:
    factor = (view.overviews(1) or [1])[-1]
    height_px, width_px = -(-view.height // factor), -(-view.width // factor)
    return read_rgb(view, Window(0, 0, view.width, view.height), width_px=width_px, height_px=height_px)


def _check_shows(view: DatasetReader, like: SquareAt) -> None:
    """Compare squares spread over the scene, its corners included."""
    size = min(SQUARE_PX, view.width, view.height)
    rows, columns = (_begins(side, size) for side in view.shape)
    shown = squares_of_raster(view)
    for y, x in product(rows, columns):
        means = [square(x, y, size).mean(axis=(0, 1)) for square in (shown, like)]
        if np.abs(means[0] - means[1]).max() > MOST_DIFFERENCE:
            raise _broken(_("it shows something else than its scene"))


def _begins(side_px: int, size_px: int) -> list[int]:
    """Where squares begin along a side, each within one tile, so that none but that is decoded for it."""
    spread = np.linspace(0, side_px - size_px, SQUARES).astype(int)
    return np.unique(np.minimum(spread, spread // TILE_PX * TILE_PX + TILE_PX - size_px)).tolist()


def _broken(what: object) -> BrokenView:
    return BrokenView(
        _("Its view is not whole: %(what)s.") % {"what": what},
        _("See that the site's disk has room and is sound, then write it again: manage.py doctor --mend"),
    )
