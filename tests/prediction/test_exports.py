"""Files for other programs."""

import json
import zipfile
from pathlib import Path

import fiona
import pytest

from prediction.exports import FIELDS, Finding, write_geojson, write_shapefile_zip

FINDINGS = [
    Finding(
        1,
        0.96875,
        "3.2 km NE of Kahramanmaraş, Turkey",
        36.9,
        37.6,
        "exact",
        0,
        418,
        80,
        80,
        "maraş.tif",
        7,
        3,
    ),
    Finding(2, 0.5, "ş" * 200, -95.0, 16.4, "approximate", 90, 0, 80, 60, "maraş.tif", 7, 3),
]


def test_geojson_has_points_in_lon_lat_and_no_crs(tmp_path):
    write_geojson(tmp_path / "d.geojson", FINDINGS)
    collection = json.loads((tmp_path / "d.geojson").read_text(encoding="utf-8"))
    assert set(collection) == {"type", "features"}
    assert collection["type"] == "FeatureCollection"
    first = collection["features"][0]
    assert first["type"] == "Feature"
    assert first["geometry"] == {"type": "Point", "coordinates": [36.9, 37.6]}
    assert first["properties"]["address"] == "3.2 km NE of Kahramanmaraş, Turkey"
    assert first["properties"]["y_px"] == 418
    assert [feature["id"] for feature in collection["features"]] == [1, 2]


def test_the_shapefile_reads_back_with_its_letters_and_its_crs(tmp_path):
    write_shapefile_zip(tmp_path / "detections.zip", FINDINGS)
    with zipfile.ZipFile(tmp_path / "detections.zip") as archive:
        names = set(archive.namelist())
        assert archive.read("detections.cpg") == b"UTF-8"
        assert b"WGS_1984" in archive.read("detections.prj")
        assert "left edge of the box" in archive.read("README.txt").decode()
    assert names == {"README.txt", *(f"detections.{part}" for part in ("shp", "shx", "dbf", "prj", "cpg"))}
    with fiona.open(f"zip://{tmp_path / 'detections.zip'}!detections.shp") as layer:
        assert layer.crs.to_epsg() == 4326
        first, second = list(layer)
    assert first.geometry.coordinates == (36.9, 37.6)
    assert first.properties["address"] == "3.2 km NE of Kahramanmaraş, Turkey"
    assert first.properties["score"] == pytest.approx(0.96875)
    assert first.properties["scene"] == "maraş.tif"
    assert (first.properties["place"], second.properties["place"]) == ("exact", "approximate")
    assert second.properties["address"] == "ş" * 127  # 254 bytes, no half letters


def test_a_photo_without_gps_gives_rows_without_a_point(tmp_path):
    unplaced = Finding(1, 0.5, "", None, None, "approximate", 90, 0, 80, 60, "DJI_0001.JPG", 7, 3)
    write_geojson(tmp_path / "d.geojson", [unplaced])
    (feature,) = json.loads((tmp_path / "d.geojson").read_text())["features"]
    assert feature["geometry"] is None  # as RFC 7946, 3.2, has it for what has no place
    assert feature["properties"]["place"] == "approximate"
    assert feature["properties"]["x_px"] == 90
    write_shapefile_zip(tmp_path / "d.zip", [unplaced])
    with fiona.open(f"zip://{tmp_path / 'd.zip'}!d.shp") as layer:
        (record,) = list(layer)
    assert record.geometry is None
    assert record.properties["lon"] is None
    assert record.properties["x_px"] == 90


def test_nothing_found_gives_files_that_open(tmp_path):
    write_geojson(tmp_path / "d.geojson", [])
    write_shapefile_zip(tmp_path / "d.zip", [])
    assert json.loads((tmp_path / "d.geojson").read_text())["features"] == []
    with fiona.open(f"zip://{tmp_path / 'd.zip'}!d.shp") as layer:
        assert len(layer) == 0


def test_field_names_fit_a_shapefile():
    assert all(len(field) <= 10 for field in FIELDS)


def test_every_field_is_documented_for_analysts():
    page = (Path(__file__).resolve().parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
    assert [field for field in FIELDS if f"| `{field}` |" not in page] == []
