"""Squares of a scene, and the one rule by which random ones of undamaged ground are placed. Pure."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from math import floor
from random import Random

import numpy as np

# In a row: then there is no room, or so little (under a thousandth of all places) that it is not worth looking for.
MOST_MISSES = 5000


@dataclass(frozen=True)
class Square:
    """A square of a scene, by its top left corner and side in scene pixels."""

    x_px: int
    y_px: int
    size_px: int

    @classmethod
    def around(cls, centre_x_px: float, centre_y_px: float, size_px: int) -> "Square":
        """The square of whole pixels whose centre lies nearest to a point."""
        return cls(floor(centre_x_px - size_px / 2 + 0.5), floor(centre_y_px - size_px / 2 + 0.5), size_px)

    def is_inside(self, width_px: int, height_px: int) -> bool:
        """Whether all of it lies in a scene of that size."""
        return (
            min(self.x_px, self.y_px) >= 0
            and self.x_px + self.size_px <= width_px
            and self.y_px + self.size_px <= height_px
        )


class Miss(StrEnum):
    """Why a place does not do."""

    DOUBTFUL = "doubtful"
    OCCUPIED = "occupied"
    NO_DATA = "no_data"


@dataclass(frozen=True)
class DrawnSquares:
    """Random squares; where they are fewer than asked for, how many places were tried in vain in the end, and why."""

    squares: list[Square]
    misses: Counter[Miss] = field(default_factory=Counter)


def drawn_squares(
    width_px: int,
    height_px: int,
    size_px: int,
    *,
    count: int,
    seed: str,
    doubtful: Collection[Square] = (),
    buffer_px: float = 0,
    occupied: Collection[Square] = (),
    drawn_before: Collection[Square] = (),
    is_whole: Callable[[Square], bool] = lambda square: True,
) -> DrawnSquares:
    """Draw `count` squares of a scene, or as many as there is room for, by the one rule for undamaged ground.

    Every place is as likely as any other. A square is whole, lies over no other and over none that is `occupied`, and
    keeps `buffer_px`, edge to edge, from what is `doubtful`, over which it never lies. Squares that overlap teach no
    more than those that do not (`benchmarks/README.md`). One that was drawn before is given again, so the same seed
    gives the same squares whatever was added since. `is_whole` is asked last, as it reads the scene.
    """
    random = Random(seed)  # noqa: S311 - a drawing to repeat, not a secret
    kept_off, others = Squares(doubtful), Squares(occupied, room=count)
    before, given = frozenset(drawn_before), dict[Square, None]()
    misses: Counter[Miss] = Counter()

    def miss(square: Square) -> Miss | None:
        if square in given:
            return Miss.OCCUPIED
        if square in before:
            return None
        if kept_off.reached_by(square, buffer_px):
            return Miss.DOUBTFUL
        if others.reached_by(square):
            return Miss.OCCUPIED
        return None if is_whole(square) else Miss.NO_DATA

    while len(given) < count and misses.total() < MOST_MISSES:
        square = Square(
            random.randint(0, width_px - size_px), random.randint(0, height_px - size_px), size_px
        )
        if reason := miss(square):
            misses[reason] += 1
        else:
            misses.clear()
            given[square] = None
            others.add(square)
    return DrawnSquares(list(given), misses)


class Squares:
    """Many squares that one is held against at once: thousands of places are tried where room is scarce."""

    def __init__(self, squares: Collection[Square], *, room: int = 0) -> None:
        """Hold these squares, and have room for so many more."""
        self._rows = np.empty((len(squares) + room, 3), np.int64)  # x, y, size
        self._count = 0
        for square in squares:
            self.add(square)

    def add(self, square: Square) -> None:
        """Hold one more."""
        self._rows[self._count] = square.x_px, square.y_px, square.size_px
        self._count += 1

    def reached_by(self, square: Square, buffer_px: float = 0) -> bool:
        """Whether a square overlaps one of these or comes nearer to one than the buffer, from edge to edge."""
        x, y, size = self._rows[: self._count].T
        across = np.maximum(x - square.x_px - square.size_px, square.x_px - x - size)
        down = np.maximum(y - square.y_px - square.size_px, square.y_px - y - size)
        apart = np.hypot(np.maximum(across, 0), np.maximum(down, 0))
        # A buffer in metres was divided by pixels' size: what is a hair too near by that is not too near.
        return bool((((across < 0) & (down < 0)) | (apart < buffer_px - 1e-6)).any())
