"""What is true of a practice town: where its buildings and lookalikes are, and which are damaged. Pure."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from damage.practice.photos import Shot
from damage.practice.plan import Building, Plan
from damage.practice.sites import Site
from damage.practice.wrecks import rubble_place

LEAST_SEEN_SHARE = 0.6  # an object counts as in a photo from this share of its box on


@dataclass(frozen=True)
class TruthObject:
    """A building, or something that looks like damage and is none; corners in metres, see `plan`.

    `rubble_m` are the corners of what is in ruins of it.
    """

    number: int
    kind: str
    damage: str
    lookalike: str
    corners_m: np.ndarray
    rubble_m: np.ndarray | None = None


def truth_objects(plan: Plan) -> list[TruthObject]:
    """The objects that lie wholly inside the part of the town that is photographed for sure."""
    found = [
        TruthObject(0, "building", one.damage, "", one.place.corners_m, _rubble_m(one))
        for one in plan.buildings
        if plan.holds(one.place)
    ]
    found += [
        TruthObject(0, "lookalike", "none", one.kind, one.place.corners_m)
        for one in plan.lookalikes
        if plan.holds(one.place)
    ]
    return [replace(one, number=number) for number, one in enumerate(found, start=1)]


def _rubble_m(building: Building) -> np.ndarray | None:
    place = rubble_place(building)
    return None if place is None else place.corners_m


def truth_geojson(town: str, objects: list[TruthObject], site: Site) -> dict[str, Any]:
    """The objects as polygons in EPSG:4326; `rubble` is the ring of what is in ruins of a building."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": one.number,
                "properties": {
                    "town": town,
                    "kind": one.kind,
                    "damage": one.damage,
                    "lookalike": one.lookalike or None,
                    "rubble": None if one.rubble_m is None else _ring(one.rubble_m, site),
                },
                "geometry": {"type": "Polygon", "coordinates": [_ring(one.corners_m, site)]},
            }
            for one in objects
        ],
    }


def _ring(corners_m: np.ndarray, site: Site) -> list[list[float]]:
    """A closed ring, counterclockwise on the map as RFC 7946 wants it."""
    corners = site.lonlat(corners_m)[::-1]
    return [[round(float(lon), 9), round(float(lat), 9)] for lon, lat in (*corners, corners[0])]


def photo_boxes(objects: list[TruthObject], shot: Shot) -> list[dict[str, Any]]:
    """The boxes [left, top, right, bottom], in pixels of the photo as shown, of the objects that it shows."""
    boxes = []
    for one in objects:
        if box := _box_px(one.corners_m, shot):
            rubble = None if one.rubble_m is None else _box_px(one.rubble_m, shot)
            boxes.append({"object": one.number, "box_px": box, "rubble_px": rubble})
    return boxes


def _box_px(corners_m: np.ndarray, shot: Shot) -> list[int] | None:
    """The box of a shape in a photo; None where too little of it is seen."""
    corners = shot.pixels(corners_m)
    low, high = corners.min(axis=0), corners.max(axis=0)
    seen_low, seen_high = np.clip(low, 0, None), np.minimum(high, (shot.width_px, shot.height_px))
    seen = np.prod(np.clip(seen_high - seen_low, 0, None))
    if seen < LEAST_SEEN_SHARE * np.prod(high - low):
        return None
    return [int(side) for side in (*np.floor(seen_low), *np.ceil(seen_high))]
