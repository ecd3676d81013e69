"""What a practice town consists of, in metres. Pure.

Places are metres from the town's north-west corner, x east and y south, so a place is a pixel times the GSD.
"""

from dataclasses import dataclass, replace
from math import cos, sin

import numpy as np

from damage.practice.looks import Colour

DAMAGES = ("none", "partial", "collapsed")
LOOKALIKES = ("building_site", "gravel", "market", "tents")
BORDER_M = 10.0  # nearer to the edge nothing is damaged: the mosaic's ragged border cuts there
STREET_M, AVENUE_M = 5.8, 9.6


@dataclass(frozen=True)
class Place:
    """A rectangle: centre, full width along its own axis, full depth across it, angle of the axis."""

    x_m: float
    y_m: float
    width_m: float
    depth_m: float
    angle_rad: float

    @property
    def corners_m(self) -> np.ndarray:
        """Corners in turn, (4, 2)."""
        return self.points_m(np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]))

    def part(
        self, along: float, across: float, width_m: float, depth_m: float, turn_rad: float = 0.0
    ) -> "Place":
        """A rectangle at these shares of the width and depth from the centre, turned a little against this one."""
        x, y = self.points_m(np.array([(along, across)]))[0]
        return Place(float(x), float(y), width_m, depth_m, self.angle_rad + turn_rad)

    def points_m(self, shares: np.ndarray) -> np.ndarray:
        """Points given as shares of width and depth from the centre, (n, 2) to (n, 2)."""
        along, across = shares[:, 0] * self.width_m, shares[:, 1] * self.depth_m
        c, s = cos(self.angle_rad), sin(self.angle_rad)
        return np.stack([self.x_m + along * c - across * s, self.y_m + along * s + across * c], axis=1)


@dataclass(frozen=True)
class Building:
    place: Place
    roof: str
    colour: Colour
    height_m: float
    damage: str
    seed: int


@dataclass(frozen=True)
class Lookalike:
    """Something untidy that is not damage."""

    place: Place
    kind: str
    seed: int


@dataclass(frozen=True)
class Yard:
    place: Place
    ground: str
    walled: bool
    seed: int


@dataclass(frozen=True)
class Tree:
    x_m: float
    y_m: float
    radius_m: float
    seed: int


@dataclass(frozen=True)
class Car:
    place: Place
    colour: Colour


@dataclass(frozen=True)
class Street:
    """A line of points, (n, 2), and its width."""

    points_m: np.ndarray
    width_m: float
    paved: bool


@dataclass(frozen=True)
class Plan:
    size_m: float
    streets: tuple[Street, ...]
    yards: tuple[Yard, ...]
    buildings: tuple[Building, ...]
    lookalikes: tuple[Lookalike, ...]
    trees: tuple[Tree, ...]
    cars: tuple[Car, ...]

    def before(self) -> "Plan":
        """The same town before the earthquake."""
        return replace(self, buildings=tuple(replace(one, damage="none") for one in self.buildings))

    def holds(self, place: Place) -> bool:
        """Whether a place lies wholly inside the part of the town that is photographed for sure."""
        corners = place.corners_m
        return bool((corners >= BORDER_M).all() and (corners <= self.size_m - BORDER_M).all())
