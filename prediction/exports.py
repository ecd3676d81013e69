"""A run's detections as files that other programs read: GeoJSON (RFC 7946) and zipped ESRI shapefile."""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import fiona
from fiona.crs import CRS

WGS84 = CRS.from_epsg(4326)
ADDRESS_BYTES = 254  # what a dBASE text field holds
SHAPEFILE_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
FIELDS = {
    "rank": ("int:9", "1 for the highest score of the run"),
    "score": ("float:8.6", "the model's score, 0 to 1"),
    "address": (f"str:{ADDRESS_BYTES}", "distance and direction from the nearest town, or street address"),
    "lon": ("float:12.7", "longitude of the box's centre, or of a photo's camera, WGS 84, degrees"),
    "lat": ("float:12.7", "latitude of the box's centre, or of a photo's camera, WGS 84, degrees"),
    "place": (
        "str:11",
        "exact: the box's centre; projected: in a photo, the box's centre on flat ground; approximate: where the "
        "photo's camera was",
    ),
    "x_px": ("int:9", "left edge of the box in scene pixels"),
    "y_px": ("int:9", "top edge of the box in scene pixels"),
    "width_px": ("int:9", "width of the box in scene pixels"),
    "height_px": ("int:9", "height of the box in scene pixels"),
    "scene": ("str:120", "file name of the scene"),
    "run": ("int:9", "number of the prediction run"),
    "model": ("int:9", "number of the model run"),
}
Place = Literal["exact", "projected", "approximate"]
ABOUT = """Predicted damage: points at the centre of boxes in which a model sees damage.
Nobody has confirmed them yet.
Ground that was not flown over is unknown, not undamaged.
A photo has no georeference. Where its camera's position, height and direction are known, its points lie on flat
ground by them (place: projected): some metres off, more on slopes and roofs and where the camera looked aside.
Else they lie where the camera was (place: approximate), which may be far from what it shows. x_px and y_px say
where in the photo, turned as it is shown. A photo without a GPS position gives rows without a point.
Coordinates: EPSG:4326. Text: UTF-8. Offline addresses: GeoNames (https://www.geonames.org), CC BY 4.0.

Fields
"""


@dataclass(frozen=True)
class Finding:
    """One detection as it is exported; the fields are those of `FIELDS`."""

    rank: int
    score: float
    address: str
    lon: float | None
    lat: float | None
    place: Place
    x_px: int
    y_px: int
    width_px: int
    height_px: int
    scene: str
    run: int
    model: int


def write_geojson(path: Path, findings: Sequence[Finding]) -> None:
    """Write a FeatureCollection of points, a feature a line, so that any size streams; no position: null."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [')
        for finding in findings:
            file.write("," if finding.rank > 1 else "")
            file.write("\n" + json.dumps(_feature(finding), ensure_ascii=False))
        file.write("\n]}\n")


def write_shapefile_zip(path: Path, findings: Sequence[Finding]) -> None:
    """Write a zip of a point shapefile in EPSG:4326 and UTF-8, with a text that says what its fields mean."""
    name = path.stem
    target = path.with_suffix(".shp")
    schema = {"geometry": "Point", "properties": {field: kind for field, (kind, _) in FIELDS.items()}}
    with fiona.open(
        target, "w", driver="ESRI Shapefile", crs=WGS84, schema=schema, encoding="UTF-8"
    ) as layer:
        layer.writerecords({**_feature(finding), "properties": _record(finding)} for finding in findings)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in SHAPEFILE_PARTS:
            archive.write(target.with_suffix(part), f"{name}{part}")
            target.with_suffix(part).unlink()
        lines = (f"{field:10} {meaning}" for field, (_, meaning) in FIELDS.items())
        archive.writestr("README.txt", ABOUT + "\n".join(lines) + "\n")


def _feature(finding: Finding) -> dict[str, Any]:
    is_located = finding.lon is not None
    return {
        "type": "Feature",
        "id": finding.rank,
        "geometry": {"type": "Point", "coordinates": [finding.lon, finding.lat]} if is_located else None,
        "properties": {**asdict(finding), "score": round(finding.score, 6)},
    }


def _record(finding: Finding) -> dict[str, Any]:
    """Values for dBASE, whose texts are counted in bytes; a letter is never cut in two."""
    values = asdict(finding)
    for field, size in (("address", ADDRESS_BYTES), ("scene", 120)):
        values[field] = values[field].encode()[:size].decode(errors="ignore")
    return values
