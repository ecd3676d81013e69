"""A square with its surroundings as one small picture, so that a question takes one request on a slow link. Pure."""

from math import floor
from pathlib import Path

import numpy as np
from rasterio.windows import Window

from damage.ingestion.rasters import PAPER, OutsideScene, check_present, opened, read_rgb
from damage.messages import Message as _
from tagging.squares import Square

# The picture shows this many times the square's side each way, the square in its middle; and in coarse imagery, where
# a square has few pixels, at least so many of the scene's, as a house is known by its street.
SURROUNDINGS = 2.4
LEAST_SHOWN_PX = 160
LONGEST_PX = 640


def picture_side_px(size_px: int) -> int:
    """The side of what a square's picture shows, in scene pixels."""
    return max(round(size_px * SURROUNDINGS), LEAST_SHOWN_PX)


def read_picture(view: Path, square: Square) -> np.ndarray:
    """A square in its surroundings, read through the view's overviews: (P, P, 3), P at most 640.

    What lies beyond the scene's edge is grey, so that the square always stands in the middle. Raises `OutsideScene`
    unless the square itself lies inside.
    """
    check_present(view)
    with opened(view) as dataset:
        if square.size_px < 1 or not square.is_inside(dataset.width, dataset.height):
            raise OutsideScene(_("There is no such square."))
        side = picture_side_px(square.size_px)
        margin = (side - square.size_px) // 2
        longest = min(side, LONGEST_PX)
        shown = (
            _Part.of(square.x_px - margin, side, dataset.width),
            _Part.of(square.y_px - margin, side, dataset.height),
        )
        columns, rows = (part.scaled(longest / side) for part in shown)
        across, down = shown
        window = Window(across.first, down.first, across.length, down.length)
        picture = np.full((longest, longest, 3), PAPER, np.uint8)
        picture[rows, columns] = read_rgb(
            dataset, window, width_px=columns.stop - columns.start, height_px=rows.stop - rows.start
        )
        return picture


class _Part:
    """What of a stretch of pixels lies inside the scene, along one side."""

    def __init__(self, first: int, length: int, skipped: int) -> None:
        self.first, self.length, self.skipped = first, length, skipped

    @classmethod
    def of(cls, start: int, side: int, most: int) -> "_Part":
        first = max(0, start)
        return cls(first, min(start + side, most) - first, first - start)

    def scaled(self, factor: float) -> slice:
        """Where it stands in the picture."""
        begin = floor(self.skipped * factor)
        return slice(begin, max(begin + 1, round((self.skipped + self.length) * factor)))
