"""Photos whose ground is known: what is found in them, and their crops, have a place on the ground."""

import json
from io import StringIO
from math import pi
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import ExifTags, Image
from pyproj import Geod

from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_photo
from prediction.models import PredictionRun
from prediction.services import predict
from tagging.models import Crop
from tagging.services import record_tag
from tests.prediction.conftest import _grey_ground, _paint

pytestmark = pytest.mark.one_database  # predicts for each test
WGS84 = Geod(ellps="WGS84")
LON, LAT = 37.25, 37.5


def write_photo(path: Path, *, xmp: dict[str, str]) -> Path:
    """A photo of 200 x 150 px with red at (110, 100); of 36 mm, from 100 m up it sees 100 x 75 m, 0.5 m a pixel."""
    pixels = _grey_ground(200, 150)
    _paint(pixels, 110, 100, 16)
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (37.0, 30.0, 0.0), 3: "E", 4: (37.0, 15.0, 0.0)})
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.FocalLengthIn35mmFilm] = 36
    values = " ".join(f'drone-dji:{key}="{value}"' for key, value in xmp.items())
    path.parent.mkdir(parents=True, exist_ok=True)
    xmp_bytes = f"<x:xmpmeta><rdf:Description {values}/></x:xmpmeta>".encode()
    Image.fromarray(pixels).save(path, exif=exif, xmp=xmp_bytes, quality=100, subsampling=0)
    return path


POINTED = {"RelativeAltitude": "+100.0", "GimbalPitchDegree": "-90.0", "GimbalYawDegree": "90.0"}


@pytest.fixture
def pointed(town, tmp_path) -> Scene:
    """The top of its picture points east, so that its right lies south."""
    return ingest_photo(
        write_photo(tmp_path / "DJI_0001.JPG", xmp=POINTED), event=town.event.name, town=town.name
    ).scene


def metres(lon: float, lat: float) -> tuple[float, float]:
    """East and north of the camera."""
    azimuth, _, distance = WGS84.inv(LON, LAT, lon, lat)
    return distance * np.sin(np.radians(azimuth)), distance * np.cos(np.radians(azimuth))


def test_a_photo_s_ground_is_known_by_its_camera(pointed):
    assert pointed.ground_source == "camera"
    assert metres(*pointed.ground_corners_4326[0]) == pytest.approx((37.5, 50), abs=0.01)
    assert pointed.gsd_m == pytest.approx(0.5)


def test_a_place_in_a_photo_lies_where_its_box_meets_the_ground(pointed, model_run, engine, client, analyst):
    """The best window of 32 px is around the red square: at (110, 88), so its middle is 26 px right and 29 px below.

    That is 13 m south and 14.5 m west of the camera, as the picture's top points east.
    """
    run = predict(pointed, model_run, requested_by=None)
    detection = run.detections.all()[0]
    middle = (detection.x_px + 16 - 100, detection.y_px + 16 - 75)
    east, north = -middle[1] * 0.5, -middle[0] * 0.5
    assert metres(detection.lon, detection.lat) == pytest.approx((east, north), abs=0.02)
    assert middle == (26, 29)
    assert detection.is_approximate
    feature = json.loads(Path(run.geojson_file.path).read_text())["features"][0]
    assert feature["properties"]["place"] == "projected"
    client.force_login(analyst)
    told = client.get(f"/api/v1/detections/{detection.pk}/").json()["properties"]
    ring = [metres(*corner) for corner in told["box_4326"]]
    expected = [(east - 8, north + 8), (east - 8, north - 8), (east + 8, north - 8), (east + 8, north + 8)]
    assert np.array(ring[:4]) == pytest.approx(np.array(expected), abs=0.03)
    assert ring[0] == ring[4]


def test_a_photo_with_a_footprint_is_no_mosaic(pointed, api, analyst):
    api.force_authenticate(analyst)
    told = api.get(f"/api/v1/scenes/{pointed.pk}/").json()
    assert (told["kind"], told["map_tiles"], told["ground_source"]) == ("photo", None, "camera")
    assert told["footprint_4326"]["type"] == "Polygon"
    assert len(told["bounds_4326"]) == 4
    assert api.get(f"/api/v1/scenes/{pointed.pk}/map-tiles/0/0/0.webp").status_code == 404


def test_a_crop_of_a_photo_has_a_place_on_the_ground(pointed, question, volunteer):
    """The square from (20, 30), 64 px wide: its middle is 48 px left of and 13 px above the picture's."""
    question.crop_size_px = 64
    question.save()
    tag = record_tag(
        tagger=volunteer, question=question, scene=pointed, x_px=20, y_px=30, size_px=64, answer="positive"
    )
    assert metres(tag.crop.lon, tag.crop.lat) == pytest.approx((6.5, 24), abs=0.02)


def write_project(folder: Path) -> Path:
    """The same photo by OpenDroneMap: the top of its picture points north, from 200 m above ground at 0 m."""
    (folder / "odm_report").mkdir(parents=True)
    properties = {
        "filename": "DJI_0001.JPG", "focal": 1.0, "width": 200, "height": 150, "rotation": [pi, 0.0, 0.0],
        "translation": [0, 0, 0],
    }  # fmt: skip
    feature = {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [LON, LAT, 200.0]},
    }
    (folder / "odm_report" / "shots.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": [feature]})
    )
    ground = {"point_cloud_statistics": {"stats": {"statistic": [{"name": "Z", "average": 0.0}]}}}
    (folder / "odm_report" / "stats.json").write_text(json.dumps(ground))
    return folder


def ingest(folder: Path, town) -> dict:
    out = StringIO()
    call_command(
        "ingest_odm", str(folder), event=town.event.name, town=town.name, taken=None, before=False, json=True,
        stdout=out,
    )  # fmt: skip
    return json.loads(out.getvalue())


def test_poses_give_places_anew_to_crops_and_predictions(
    pointed, model_run, engine, question, volunteer, tmp_path
):
    question.crop_size_px = 64
    question.save()
    tag = record_tag(
        tagger=volunteer, question=question, scene=pointed, x_px=20, y_px=30, size_px=64, answer="positive"
    )
    run = predict(pointed, model_run, requested_by=None, threshold=0.2)
    seen = list(run.detections.order_by("-score", "x_px", "y_px").values_list("x_px", "y_px", "score"))
    told = ingest(write_project(tmp_path / "project"), pointed.town)
    assert told["poses"] == {"placed": 1, "already": 0, "unmatched": 0, "refused": 0}
    assert (told["ok"], told["crops_placed"], told["predictions_placed"]) == (True, 1, 1)
    # By UTM's north, which is not true north here: 37.25 is 1.75° west of zone 37's meridian.
    turn = np.radians(-1.75 * np.sin(np.radians(LAT)))
    crop = Crop.objects.get(pk=tag.crop_id)
    right, up = -48.0, 13.0  # twice as high: a metre a pixel
    expected = (right * np.cos(turn) + up * np.sin(turn), up * np.cos(turn) - right * np.sin(turn))
    assert metres(crop.lon, crop.lat) == pytest.approx(expected, abs=0.05)
    again = PredictionRun.objects.get(pk=run.pk)
    detection = again.detections.all()[0]
    right, up = 26.0, -29.0
    expected = (right * np.cos(turn) + up * np.sin(turn), up * np.cos(turn) - right * np.sin(turn))
    assert metres(detection.lon, detection.lat) == pytest.approx(expected, abs=0.05)
    assert (
        list(again.detections.order_by("-score", "x_px", "y_px").values_list("x_px", "y_px", "score")) == seen
    )
    assert again.threshold == 0.2
    assert again.parameters == run.parameters
    told = ingest(tmp_path / "project", pointed.town)
    assert (told["poses"]["already"], told["crops_placed"], told["predictions_placed"]) == (1, 0, 0)


def test_the_command_says_what_was_matched_and_what_not(town, tmp_path, capsys):
    folder = write_project(tmp_path / "project")
    place = {"event": town.event.name, "town": town.name}
    with pytest.raises(CommandError, match="Not all was done"):
        call_command("ingest_odm", str(folder), **place)
    assert "no photo  DJI_0001.JPG" in capsys.readouterr().out
    write_photo(folder / "images" / "DJI_0001.JPG", xmp={})
    call_command("ingest_odm", str(folder), **place)
    printed = capsys.readouterr().out
    assert "placed  DJI_0001.JPG" in printed
    assert "1 placed, 0 already so, 0 no photo, 0 refused" in printed


def test_photos_of_before_are_placed_by_their_cameras(pointed, town, tmp_path, capsys):
    unknown = write_photo(tmp_path / "b" / "DJI_0002.JPG", xmp={})
    lost = write_photo(tmp_path / "c" / "DJI_0003.JPG", xmp=POINTED | {"RelativeAltitude": "+50"})
    for path in (unknown, lost):
        ingest_photo(path, event=town.event.name, town=town.name)
    corners = pointed.ground_corners_4326
    Scene.objects.update(ground_corners_4326=None, footprint_4326=None, ground_source="")
    Path(Scene.objects.get(name="DJI_0003.JPG").file.path).unlink()
    with pytest.raises(CommandError, match="Not all was done"):
        call_command("place_photos", event=town.event.name)
    assert "Photos: 1 placed, 1 do not say enough, 1 refused" in capsys.readouterr().out
    pointed.refresh_from_db()
    assert (pointed.ground_corners_4326, pointed.ground_source) == (corners, "camera")
    assert Scene.objects.exclude(pk=pointed.pk).filter(footprint_4326__isnull=True).count() == 2
