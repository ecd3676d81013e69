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
    """A building or a lookalike in scene pixels; `lookalike` is empty for a building."""

    damage: str
    lookalike: str
    shape: Polygon

    @property
    def is_damaged(self) -> bool:
        return self.damage != "none"


def read_mosaic_outlines(truth: Path, *, transform: Sequence[float], crs_wkt: str) -> list[Outline]:
    """The objects of a town in the pixels of a mosaic with this georeference."""
    from_4326 = Transformer.from_crs(4326, crs_wkt, always_xy=True)
    to_pixels = ~Affine(*transform)
    found = []
    for feature in json.loads(truth.read_text())["features"]:
        (ring,) = feature["geometry"]["coordinates"]
        corners = [to_pixels @ from_4326.transform(lon, lat) for lon, lat in ring]
        found.append(_outline(feature["properties"], Polygon(corners)))
    return found


def read_photo_outlines(truth: Path, boxes: Path, *, photo: str) -> list[Outline]:
    """The objects that a photo shows, each as the box that it fills in the photo."""
    properties = {one["id"]: one["properties"] for one in json.loads(truth.read_text())["features"]}
    seen = json.loads(boxes.read_text())[photo]
    return [_outline(properties[one["object"]], box(*one["box_px"])) for one in seen]


def _outline(properties: dict[str, str | None], shape: Polygon) -> Outline:
    return Outline(properties["damage"] or "none", properties["lookalike"] or "", shape)
