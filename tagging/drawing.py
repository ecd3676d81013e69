"""Drawing cells by chance: every cell of all scenes is as likely as any other. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from random import Random

import numpy as np

from tagging.cells import cells_of
from tagging.squares import Square

# For each cell that is wanted: then what is left is no data, or answered, or nearly so.
MOST_ATTEMPTS = 40


@dataclass(frozen=True)
class SceneSize:
    """A scene that cells are drawn from: its number, width, height and the side of its cells in its pixels."""

    pk: int
    width_px: int
    height_px: int
    side_px: int

    @property
    def cell_count(self) -> int:
        """How many cells cover it."""
        size_px = min(self.side_px, self.width_px, self.height_px)
        return ceil(self.width_px / size_px) * ceil(self.height_px / size_px)

    def cell(self, number: int) -> Square:
        """Its cell of that number, row by row from the top left."""
        cells = cells_of(self.width_px, self.height_px, self.side_px)
        row, column = divmod(number, len(cells.xs))
        return Square(cells.xs[column], cells.ys[row], cells.size_px)


@dataclass(frozen=True)
class Drawn:
    """A cell, its number in its scene, and the chance of each cell to come in one drawing."""

    scene: SceneSize
    number: int
    square: Square
    chance: float


class Frame:
    """All cells of some scenes, to draw from."""

    def __init__(self, scenes: Sequence[SceneSize]) -> None:
        """Count the cells."""
        self.scenes = scenes
        self._ends = np.cumsum([scene.cell_count for scene in scenes], dtype=np.int64)

    @property
    def cell_count(self) -> int:
        """Of all scenes."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def draw(self, random: Random) -> Drawn:
        """One cell."""
        place = random.randrange(self.cell_count)
        index = int(np.searchsorted(self._ends, place, side="right"))
        scene = self.scenes[index]
        number = place - (int(self._ends[index - 1]) if index else 0)
        return Drawn(scene, number, scene.cell(number), 1 / self.cell_count)

    def different(self, count: int, random: Random, is_wanted: Callable[[Drawn], bool]) -> Iterator[Drawn]:
        """Up to `count` different cells that are wanted; fewer where they are not found by drawing for a while.

        What is not wanted (no data, answered already) is drawn again, so that what is left stays equally likely.
        """
        given: set[tuple[int, int]] = set()
        attempts = count * MOST_ATTEMPTS if self.cell_count else 0
        for _attempt in range(attempts):
            if len(given) == count:
                return
            drawn = self.draw(random)
            key = (drawn.scene.pk, drawn.number)
            if key not in given and is_wanted(drawn):
                given.add(key)
                yield drawn
