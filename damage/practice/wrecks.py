"""How a building fell, worked out from its seed, so that what is drawn and what is true agree. Pure."""

from dataclasses import dataclass

import numpy as np

from damage.practice.plan import Building, Place

SPILL_M = 1.0  # how far a collapsed building's heap reaches beyond its outline, about


@dataclass(frozen=True)
class PartialWreck:
    """One side of a building fell: at an end or along a front, to +u or +v (`side` 1) or the other way (-1).

    `share` of the roof fell in, and rubble lies `spill_m` beyond the wall.
    """

    is_end: bool
    side: float
    share: float
    spill_m: float


def partial_wreck(building: Building) -> PartialWreck:
    """Most often a part of the roof fell in; else the wall alone fell out, beside a roof that stands."""
    rng = np.random.default_rng([building.seed, 1])
    is_end, side = bool(rng.random() < 0.55), float(rng.choice([-1.0, 1.0]))
    if rng.random() < 0.75:
        return PartialWreck(is_end, side, float(rng.uniform(0.35, 0.6)), float(rng.uniform(1.6, 2.8)))
    return PartialWreck(is_end, side, 0.06, float(rng.uniform(2.4, 3.6)))


def rubble_place(building: Building) -> Place | None:
    """The rectangle that a building's rubble about fills; None where it is whole."""
    place = building.place
    if building.damage == "none":
        return None
    if building.damage == "collapsed":
        return place.part(0, 0, place.width_m + 2 * SPILL_M, place.depth_m + 2 * SPILL_M)
    wreck = partial_wreck(building)
    length_m = place.width_m if wreck.is_end else place.depth_m
    rubble_m = wreck.share * length_m + wreck.spill_m
    middle = wreck.side * (0.5 + (wreck.spill_m - rubble_m / 2) / length_m)
    if wreck.is_end:
        return place.part(middle, 0, rubble_m, place.depth_m)
    return place.part(0, middle, place.width_m, rubble_m)
