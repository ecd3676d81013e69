"""What is true of a practice town: where its buildings and lookalikes are, and which are damaged. Pure."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from damage.practice.layout import Plan
from damage.practice.photos import Shot
from damage.practice.sites import Site

LEAST_SEEN_SHARE = 0.6  # an object counts as in a photo from this share of its box on


@dataclass(frozen=True)
class TruthObject:
    """A building, or something that looks like damage and is none; corners in metres, see `layout`."""

    number: int
    kind: str
    damage: str
    lookalike: str
    corners_m: np.ndarray


def truth_objects(plan: Plan) -> list[TruthObject]:
    """The objects that lie wholly inside the part of the town that is photographed for sure."""
    found = [("building", one.damage, "", one.place) for one in plan.buildings]
    found += [("lookalike", "none", one.kind, one.place) for one in plan.lookalikes]
    inner = [one for one in found if plan.holds(one[3])]
    return [
        TruthObject(number, kind, damage, lookalike, place.corners_m)
        for number, (kind, damage, lookalike, place) in enumerate(inner, start=1)
    ]


def truth_geojson(town: str, objects: list[TruthObject], site: Site) -> dict[str, Any]:
    """The objects as polygons in EPSG:4326."""
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
                },
                "geometry": {"type": "Polygon", "coordinates": [_ring(one, site)]},
            }
            for one in objects
        ],
    }


def _ring(one: TruthObject, site: Site) -> list[list[float]]:
    """A closed ring, counterclockwise on the map as RFC 7946 wants it."""
    corners = site.lonlat(one.corners_m)[::-1]
    return [[round(float(lon), 9), round(float(lat), 9)] for lon, lat in (*corners, corners[0])]


def photo_boxes(objects: list[TruthObject], shot: Shot) -> list[dict[str, Any]]:
    """The boxes [left, top, right, bottom], in pixels of the photo as shown, of the objects that it shows."""
    boxes = []
    for one in objects:
        corners = shot.pixels(one.corners_m)
        low, high = corners.min(axis=0), corners.max(axis=0)
        seen_low, seen_high = np.clip(low, 0, None), np.minimum(high, (shot.width_px, shot.height_px))
        if (seen_high <= seen_low).any():
            continue
        if np.prod(seen_high - seen_low) < LEAST_SEEN_SHARE * np.prod(high - low):
            continue
        box = [int(side) for side in (*np.floor(seen_low), *np.ceil(seen_high))]
        boxes.append({"object": one.number, "box_px": box})
    return boxes
