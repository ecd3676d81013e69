"""What lies in ruins of a building."""

import numpy as np
import pytest

from damage.practice.plan import Building, Place
from damage.practice.wrecks import partial_wreck, rubble_place

PLACE = Place(50.0, 40.0, 12.0, 8.0, 0.0)


def building(damage: str, seed: int = 0) -> Building:
    return Building(PLACE, "flat", (150.0, 150.0, 150.0), 3.4, damage, seed)


def test_a_whole_building_has_no_rubble():
    assert rubble_place(building("none")) is None


def test_a_collapsed_building_spills_a_metre_over_its_outline():
    corners = rubble_place(building("collapsed")).corners_m
    assert np.allclose(corners.min(axis=0), (43, 35))
    assert np.allclose(corners.max(axis=0), (57, 45))


@pytest.mark.parametrize("seed", range(12))
def test_rubble_of_a_partial_collapse_lies_at_one_side_and_beyond_it(seed):
    """With the axis eastward, +u is the east end at x = 56 and +v the south front at y = 44."""
    wreck = partial_wreck(building("partial", seed))
    low, high = (f(rubble_place(building("partial", seed)).corners_m, axis=0) for f in (np.min, np.max))
    axis = 0 if wreck.is_end else 1
    outer, length = ((56, 44) if wreck.side > 0 else (44, 36))[axis], (12, 8)[axis]
    ends = (outer - wreck.side * wreck.share * length, outer + wreck.side * wreck.spill_m)
    assert (low[axis], high[axis]) == pytest.approx(sorted(ends))
    assert high[1 - axis] - low[1 - axis] == pytest.approx((12, 8)[1 - axis])
