"""Crops that show the same ground: neighbours by position, near-duplicates by image hash. Pure.

A model that learnt from a crop is not measured on its neighbour: the same building may be in both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import dist
from typing import TypeVar

import numpy as np
from PIL import Image

from damage.ingestion.image_hashes import difference_hash

ORIENTATIONS = 8
# Of 256 bits. Of real crops, copies that were turned, scaled and saved as JPEG differ in up to 23 bits from the
# original, crops of different towns in 55 and more.
MOST_BITS = 32
EARTH_RADIUS_M = 6_371_008.8


P = TypeVar("P", bound=str)


@dataclass(frozen=True)
class Place:
    """Where a crop lies: its centre and side, in metres from the Earth's, or in pixels of its scene ("frame")."""

    frame: str
    centre: tuple[float, float, float]
    side: float


def image_hashes(image: Image.Image) -> np.ndarray:
    """Return the hashes, uint64 (8, 4), of an image in its eight orientations; the first is as it stands."""
    grey = np.asarray(image.convert("L"))
    turned = [np.rot90(side, quarter) for side in (grey, grey[:, ::-1]) for quarter in range(4)]
    return np.array([difference_hash(each) for each in turned])


def ground_place(lon: float, lat: float, side_m: float) -> Place:
    """The place of a crop whose centre's lon/lat are known, on a sphere: true to scale between neighbours."""
    along, up = np.radians(lon), np.radians(lat)
    centre = (np.cos(up) * np.cos(along), np.cos(up) * np.sin(along), np.sin(up))
    return Place("ground", tuple(float(part) * EARTH_RADIUS_M for part in centre), side_m)  # type: ignore[arg-type]


def scene_place(scene: int, x_px: int, y_px: int, size_px: int) -> Place:
    """The place of a crop that only its scene's pixels tell."""
    return Place(f"scene {scene}", (x_px + size_px / 2, y_px + size_px / 2, 0.0), size_px)


def near_in_place(kept: Sequence[Place | None], others: Sequence[Place | None]) -> np.ndarray:
    """Whether each of `others` (M,) overlaps a crop of `kept` or lies within one side of one."""
    near = np.zeros(len(others), bool)
    for frame in {place.frame for place in kept if place}:
        here = [place for place in kept if place and place.frame == frame]
        there = [index for index, place in enumerate(others) if place and place.frame == frame]
        near[there] = _near(here, [place for place in others if place and place.frame == frame])
    return near


def _near(kept: Sequence[Place], others: Sequence[Place]) -> list[bool]:
    from scipy.spatial import cKDTree  # slow to import, and the site does without

    tree = cKDTree([place.centre for place in kept])
    largest = max(place.side for place in kept)

    def is_near(place: Place) -> bool:
        within = tree.query_ball_point(place.centre, (largest + place.side) / 2 + max(largest, place.side))
        return any(
            dist(kept[index].centre, place.centre)
            < (kept[index].side + place.side) / 2 + max(kept[index].side, place.side)
            for index in within
        )

    return [is_near(place) for place in others]


def ground_numbers(places: Sequence[Place | None]) -> np.ndarray:
    """A number for each crop (N,), the same for those that show the same ground: their middles lie within half a side.

    The side is the smaller one, so neighbours in a grid have numbers of their own; crops without a place, too.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs: list[tuple[int, int]] = []
    for frame in {place.frame for place in places if place}:
        there = [(index, place) for index, place in enumerate(places) if place and place.frame == frame]
        tree = cKDTree([place.centre for _index, place in there])
        for one, other in tree.query_pairs(max(place.side for _index, place in there) / 2):
            (first, near), (second, far) = there[one], there[other]
            if dist(near.centre, far.centre) < min(near.side, far.side) / 2:
                pairs.append((first, second))
    rows, columns = np.array(pairs, int).reshape(-1, 2).T
    joined = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(places), len(places)))
    return connected_components(joined, directed=False)[1]


def near_in_looks(kept: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether each of `others` (M, 8, 4) is, in some orientation, a near-duplicate of a crop of `kept` (N, 8, 4)."""
    if not len(kept) or not len(others):
        return np.zeros(len(others), bool)
    upright = np.ascontiguousarray(kept[:, 0].T)  # (4, N), as NumPy adds up a few long rows faster
    return np.array(
        [
            (
                np.bitwise_count(turned.T[:, :, None] ^ upright[:, None]).sum(axis=0, dtype=np.uint16)
                <= MOST_BITS
            ).any()
            for turned in others
        ]
    )


def crossing(
    parts: Mapping[P, Sequence[tuple[Place | None, np.ndarray]]], order: Sequence[P]
) -> dict[P, np.ndarray]:
    """Of each part, which crops show ground of a part earlier in `order` (these are kept whole).

    What is left of the parts without them has no neighbours or duplicates across parts.
    """
    kept: list[tuple[Place | None, np.ndarray]] = []
    marked = {}
    for part in order:
        crops = parts[part]
        marked[part] = _shows_again(kept, crops)
        kept += [crop for crop, again in zip(crops, marked[part], strict=True) if not again]
    return marked


def _shows_again(
    kept: Sequence[tuple[Place | None, np.ndarray]], crops: Sequence[tuple[Place | None, np.ndarray]]
) -> np.ndarray:
    if not kept or not crops:
        return np.zeros(len(crops), bool)
    by_place = near_in_place([place for place, _hashes in kept], [place for place, _hashes in crops])
    by_looks = near_in_looks(
        np.array([hashes for _place, hashes in kept]), np.array([hashes for _place, hashes in crops])
    )
    return by_place | by_looks
