"""The truth about a practice town in the pixels of one of its scenes. Pure but for reading the truth's files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from affine import Affine
from pyproj import Transformer
from shapely import Polygon, box


@dataclass(frozen=True)
class Outline:
    """A building or a lookalike in scene pixels; `lookalike` is empty for a building.

    `rubble` is what is seen in ruins of it.
    """

    damage: str
    lookalike: str
    shape: Polygon
    rubble: Polygon | None = None


def read_mosaic_outlines(truth: Path, *, transform: Sequence[float], crs_wkt: str) -> list[Outline]:
    """The objects of a town in the pixels of a mosaic with this georeference."""
    from_4326 = Transformer.from_crs(4326, crs_wkt, always_xy=True)
    to_pixels = ~Affine(*transform)

    def polygon(ring: list[list[float]]) -> Polygon:
        return Polygon([to_pixels @ from_4326.transform(lon, lat) for lon, lat in ring])

    found = []
    for feature in json.loads(truth.read_text())["features"]:
        properties = feature["properties"]
        (ring,) = feature["geometry"]["coordinates"]
        rubble = properties["rubble"] and polygon(properties["rubble"])
        found.append(Outline(properties["damage"], properties["lookalike"] or "", polygon(ring), rubble))
    return found


def read_photo_outlines(truth: Path, boxes: Path, *, photo: str) -> list[Outline]:
    """The objects that a photo shows, each as the box that it fills in the photo."""
    properties = {one["id"]: one["properties"] for one in json.loads(truth.read_text())["features"]}
    found = []
    for one in json.loads(boxes.read_text())[photo]:
        known = properties[one["object"]]
        rubble = one["rubble_px"] and box(*one["rubble_px"])
        found.append(Outline(known["damage"], known["lookalike"] or "", box(*one["box_px"]), rubble))
    return found
