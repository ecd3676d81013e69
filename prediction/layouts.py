"""How a scene is cut up for the network, into blocks that can be done anywhere and in any order.

A layout is a lattice of values over the scene: a logit each (dense models, see `networks.dense`) or a
window's score each. What a value is depends on its own place alone, never on the block that it is done in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from damage.ingestion.reading import Pixels
from prediction.windows import Block, Grid
from training.networks.dense import BEFORE_PX, CELL_PX, STRIDE_PX, input_px

# A tile's judged side in network pixels, in whole strides of the network. Larger tiles spend less on surroundings, and
# take more memory.
LEAST_TILE_PX, TILE_PX = 512, 960
# About how many pixels as read lie along a block: what a killed process loses is a second's work, or some
# ten seconds' where windows are scored one by one.
TILES_BLOCK_PX, WINDOWS_BLOCK_PX = 3072, 1536
BLOCKS_ACROSS = 4


@dataclass(frozen=True)
class WindowLayout:
    """A score for each window of the grid."""

    grid: Grid
    network_px: int
    whole_rows: bool = False
    block_px: int = WINDOWS_BLOCK_PX

    @property
    def shape(self) -> tuple[int, int]:
        return self.grid.shape

    def blocks(self) -> list[Block]:
        along = max(1, (self.block_px - self.grid.window_px) // self.grid.stride_px + 1)
        return list(_blocks(self.shape, along, whole_rows=self.whole_rows))

    def place_of(self, block: Block) -> tuple[slice, slice]:
        return slice(block.top, block.bottom), slice(block.left, block.right)

    def area(self, block: Block) -> tuple[int, int, int, int]:
        return self.grid.area(block)

    def pixels(self, block: Block) -> int:
        xs = np.append(self.grid.xs, self.grid.width_px)
        ys = np.append(self.grid.ys, self.grid.height_px)
        ends = (xs[block.left], ys[block.top], xs[block.right], ys[block.bottom])
        return _scene_pixels(self.grid, ends)


@dataclass(frozen=True)
class TileLayout:
    """A logit for every 16 network pixels, judged in tiles that stand in their real surroundings."""

    grid: Grid
    network_px: int
    whole_rows: bool = False
    tile_px: int = TILE_PX
    block_px: int = TILES_BLOCK_PX

    @property
    def factor(self) -> float:
        """Network pixels per pixel as read."""
        return self.network_px / self.grid.window_px

    @property
    def cell_read_px(self) -> float:
        """A cell's side in pixels as read."""
        return CELL_PX / self.factor

    @property
    def shape(self) -> tuple[int, int]:
        return ceil(self.grid.height_px / self.cell_read_px), ceil(self.grid.width_px / self.cell_read_px)

    @property
    def tile_cells(self) -> int:
        return self.tile_px // CELL_PX

    @property
    def input_px(self) -> int:
        """The side of a tile with its surroundings, in network pixels."""
        return input_px(self.tile_px)

    def blocks(self) -> list[Block]:
        tiles = tuple(ceil(count / self.tile_cells) for count in self.shape)
        along = max(1, round(self.block_px * self.factor / self.tile_px))
        blocks = _blocks((tiles[0], tiles[1]), along, whole_rows=self.whole_rows)
        # In strips a few blocks wide: what neighbours share is still decoded when the next row of a strip is read.
        return sorted(
            blocks, key=lambda block: (block.left // (BLOCKS_ACROSS * along), block.top, block.left)
        )

    def tiles(self, block: Block) -> list[tuple[int, int]]:
        """Rows and columns of the block's tiles."""
        return [
            (row, column)
            for row in range(block.top, block.bottom)
            for column in range(block.left, block.right)
        ]

    def place_of(self, block: Block) -> tuple[slice, slice]:
        rows, columns = self.shape
        return (
            slice(block.top * self.tile_cells, min(block.bottom * self.tile_cells, rows)),
            slice(block.left * self.tile_cells, min(block.right * self.tile_cells, columns)),
        )

    def input_box(self, row: int, column: int) -> tuple[float, float, float]:
        """A tile with its surroundings, in pixels as read: left, top, side."""
        left, top = ((index * self.tile_px - BEFORE_PX) / self.factor for index in (column, row))
        return left, top, self.input_px / self.factor

    def tile_area(self, row: int, column: int) -> tuple[int, int, int, int]:
        """Whole pixels as read that a tile is scaled from: x, y, width, height; may reach beyond the scene."""
        return Pixels.around(*self.input_box(row, column))

    def area(self, block: Block) -> tuple[int, int, int, int]:
        left, top, _, _ = self.tile_area(block.top, block.left)
        x, y, width, height = self.tile_area(block.bottom - 1, block.right - 1)
        x_end, y_end = min(x + width, self.grid.width_px), min(y + height, self.grid.height_px)
        left, top = max(left, 0), max(top, 0)
        return left, top, x_end - left, y_end - top

    def pixels(self, block: Block) -> int:
        side = self.tile_px / self.factor
        ends = [floor(end * side) for end in (block.left, block.top, block.right, block.bottom)]
        ends[2], ends[3] = min(ends[2], self.grid.width_px), min(ends[3], self.grid.height_px)
        return _scene_pixels(self.grid, ends)


def fitting_tile_px(grid: Grid, network_px: int) -> int:
    """The side of tiles, up to `TILE_PX`, with which a network looks at the fewest pixels to judge a whole scene."""
    factor = network_px / grid.window_px

    def seen_px(tile_px: int) -> int:
        across, down = (ceil(side * factor / tile_px) for side in (grid.width_px, grid.height_px))
        return across * down * input_px(tile_px) ** 2

    return min(range(LEAST_TILE_PX, TILE_PX + 1, STRIDE_PX), key=seen_px)


def _blocks(units: tuple[int, int], along: int, *, whole_rows: bool) -> Iterator[Block]:
    """Cut rows and columns of units (windows, tiles) into blocks; `whole_rows` suits files stored in strips."""
    rows, columns = units
    across, down = (columns, 1) if whole_rows else (along, along)
    for top in range(0, rows, down):
        for left in range(0, columns, across):
            yield Block(top, min(top + down, rows), left, min(left + across, columns))


def _scene_pixels(grid: Grid, ends: "np.ndarray | list[int] | tuple[int, ...]") -> int:
    left, top, right, bottom = (int(end) * grid.scale for end in ends)
    width = min(right, grid.scene_width_px) - left
    height = min(bottom, grid.scene_height_px) - top
    return width * height
