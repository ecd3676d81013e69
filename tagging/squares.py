"""Squares drawn at random, none over another. Pure."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from math import hypot
from random import Random

MOST_MISSES = 100  # in a row: then there is no room, or so little that finding it is not worth the reading


@dataclass(frozen=True)
class Square:
    """A square of a scene, by its top left corner and side in scene pixels."""

    x_px: int
    y_px: int
    size_px: int

    def overlaps(self, other: "Square") -> bool:
        """Whether the two share a pixel."""
        return (
            self.x_px < other.x_px + other.size_px
            and other.x_px < self.x_px + self.size_px
            and self.y_px < other.y_px + other.size_px
            and other.y_px < self.y_px + self.size_px
        )

    def distance_px(self, other: "Square") -> float:
        """From edge to edge, the shortest way; 0 where the two touch or overlap."""
        across = max(other.x_px - self.x_px - self.size_px, self.x_px - other.x_px - other.size_px, 0)
        down = max(other.y_px - self.y_px - self.size_px, self.y_px - other.y_px - other.size_px, 0)
        return hypot(across, down)


def drawn_squares(
    width_px: int,
    height_px: int,
    size_px: int,
    *,
    count: int,
    seed: str,
    drawn_before: Collection[Square],
    taken: Collection[Square],
    is_usable: Callable[[Square], bool],
) -> Iterator[Square]:
    """Give `count` squares, or as many as are found, that are usable and overlap neither each other nor what is taken.

    One that was drawn before is given again, so the same seed gives the same squares whatever was taken since.
    """
    random = Random(seed)  # noqa: S311 - a drawing to repeat, not a secret
    given: list[Square] = []
    misses = 0
    while len(given) < count and misses < MOST_MISSES:
        square = Square(
            random.randint(0, width_px - size_px), random.randint(0, height_px - size_px), size_px
        )
        is_free = not any(square.overlaps(other) for other in (*given, *taken))
        if (square in drawn_before and square not in given) or (is_free and is_usable(square)):
            given.append(square)
            misses = 0
            yield square
        else:
            misses += 1
