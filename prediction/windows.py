"""The windows that a network looks through: where they lie over a scene, and in which blocks they are read.

As in the thesis, windows are squares that overlap by 90 of 299 pixels; the last row and column are shifted
in, so that every pixel of the scene is seen. A scene smaller than one window gets one, filled up with its mirror image.
"""

from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np

from damage.messages import Message
from training.networks.model_input import ModelInput, gsd_warnings, window_as_read

OVERLAP = 90 / 299


@dataclass(frozen=True)
class Block:
    """A rectangle of windows: rows [top, bottom) and columns [left, right) of the grid."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True)
class Grid:
    """Square windows over a scene that is read at 1/`scale` of its size.

    `window_px` and `stride_px` count pixels as read; boxes are in scene pixels.
    """

    scene_width_px: int
    scene_height_px: int
    window_px: int
    stride_px: int
    scale: int = 1

    @property
    def width_px(self) -> int:
        return ceil(self.scene_width_px / self.scale)

    @property
    def height_px(self) -> int:
        return ceil(self.scene_height_px / self.scale)

    @property
    def xs(self) -> np.ndarray:
        """Left edges of the columns, in pixels as read."""
        return starts(self.width_px, self.window_px, self.stride_px)

    @property
    def ys(self) -> np.ndarray:
        """Top edges of the rows, in pixels as read."""
        return starts(self.height_px, self.window_px, self.stride_px)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.ys), len(self.xs)

    def boxes(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Boxes (N, 4) of windows as x, y, width, height in scene pixels, cut to the scene."""
        x, y = self.xs[columns] * self.scale, self.ys[rows] * self.scale
        side = self.window_px * self.scale
        width = np.minimum(x + side, self.scene_width_px) - x
        height = np.minimum(y + side, self.scene_height_px) - y
        return np.column_stack([x, y, width, height])

    def area(self, block: Block) -> tuple[int, int, int, int]:
        """Pixels as read that a block needs: x, y, width, height, cut to the scene."""
        x, y = int(self.xs[block.left]), int(self.ys[block.top])
        right = min(int(self.xs[block.right - 1]) + self.window_px, self.width_px)
        bottom = min(int(self.ys[block.bottom - 1]) + self.window_px, self.height_px)
        return x, y, right - x, bottom - y

    def as_json(self) -> dict[str, int]:
        return asdict(self)


def starts(length_px: int, window_px: int, stride_px: int) -> np.ndarray:
    """Where windows start along one side; the last is shifted in so that it ends with the side."""
    last = max(0, length_px - window_px)
    count = ceil(last / stride_px) + 1
    return np.minimum(np.arange(count) * stride_px, last)


def grid_for(
    model_input: ModelInput, *, width_px: int, height_px: int, gsd_m: float | None, overlap: float = OVERLAP
) -> tuple[Grid, list[Message]]:
    """Windows of the ground size that the model's crops had, and warnings about what may mislead.

    Raises `Refused` when the scene's ground sample distance is too far from the training's.
    """
    warnings = gsd_warnings(model_input, gsd_m)
    window_px, scale = window_as_read(model_input, gsd_m)
    stride_px = window_px - round(window_px * overlap)
    return Grid(width_px, height_px, window_px, stride_px, scale), warnings


def grid_from_json(values: dict[str, Any]) -> Grid:
    """The grid that `Grid.as_json` described."""
    return Grid(**values)
