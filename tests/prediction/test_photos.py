"""Predicting on drone photos: pixels as people see them, places that are the camera's."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
import rasterio
from django.core.management import call_command
from PIL import ExifTags, Image, ImageOps

from damage.ingestion.lookup import scenes_of
from damage.ingestion.models import Scene
from damage.ingestion.reading import SceneReader, Source
from damage.ingestion.scene_sources import source_of
from damage.ingestion.services import ingest_photo
from damage.ingestion.unreadable import SceneUnreadable
from damage.messages import worded
from prediction.models import PredictionRun
from prediction.services import predict
from tests.ingestion.heic import write_heic
from tests.prediction.conftest import _grey_ground, _paint

pytestmark = pytest.mark.one_database  # predicts for each test

NORTH, WEST = ("N", (16.0, 19.0, 30.0)), ("W", (95.0, 14.0, 24.0))
LON, LAT = -95.24, 16.325  # 95 + 14/60 + 24/3600 west, 16 + 19/60 + 30/3600 north


def write_photo(path: Path, stored: np.ndarray, *, orientation: int, has_gps: bool = True) -> Path:
    """Write pixels as a camera stores them, with its EXIF."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if has_gps:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: NORTH[0], 2: NORTH[1], 3: WEST[0], 4: WEST[1]})
    Image.fromarray(stored).save(path, exif=exif, quality=100, subsampling=0)
    return path


def turned_photo(path: Path, **facts) -> Path:
    """A photo that is shown upright, 150 x 200 px with red at (10, 12) and (110, 160), but is stored lying."""
    upright = _grey_ground(150, 200)
    _paint(upright, 10, 12, 16)
    _paint(upright, 110, 160, 16)
    stored = np.asarray(Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90))
    return write_photo(path, stored, orientation=6, **facts)


@pytest.fixture
def photo(town, tmp_path) -> Scene:
    path = turned_photo(tmp_path / "DJI_0001.JPG")
    return ingest_photo(path, event=town.event.name, town=town.name).scene


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_read_as_other_viewers_show_them(orientation, tmp_path):
    stored = np.random.default_rng(orientation).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    path = write_photo(tmp_path / "photo.png", stored, orientation=orientation)
    shown = np.asarray(ImageOps.exif_transpose(Image.open(path)))
    height, width, _ = shown.shape
    reader, source = SceneReader(), Source(str(path), orientation)
    read = reader.read(source, 1, (3, 5, 20, 30))
    np.testing.assert_array_equal(read.bands.transpose(1, 2, 0), shown[5:35, 3:23])
    assert read.valid is None
    halved = reader.read(source, 2, (0, 1, width // 2, height // 2 - 1))
    squares = shown[2:].reshape(height // 2 - 1, 2, width // 2, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(halved.bands.transpose(1, 2, 0), squares, atol=0.51)


def test_a_black_photo_is_ground_everywhere(tmp_path):
    path = write_photo(tmp_path / "night.png", np.zeros((40, 60, 3), np.uint8), orientation=1)
    read = SceneReader().read(Source(str(path), 1), 1, (0, 0, 60, 40))
    assert read.has_ground
    assert read.valid is None


@pytest.mark.parametrize("content", [None, b"", b"\xff\xd8\xff\xe0 cut off"])
def test_a_photo_that_is_gone_or_broken_is_named(tmp_path, content):
    path = tmp_path / "DJI_0001.JPG"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SceneUnreadable, match=r"DJI_0001\.JPG cannot be read"):
        SceneReader().read(Source(str(path), 1), 1, (0, 0, 8, 8))


def test_damage_is_found_where_a_person_sees_it_in_a_turned_photo(photo, model_run, engine):
    """Windows of 32 px every 22: those at (0, 0) and (110, 154) hold a red square of 16 px whole."""
    run = predict(photo, model_run, requested_by=None)
    assert (photo.width_px, photo.height_px) == (150, 200)
    best = list(run.detections.values_list("x_px", "y_px", "width_px", "height_px")[:2])
    assert sorted(best) == [(0, 0, 32, 32), (110, 154, 32, 32)]
    assert [detection.score for detection in run.detections.all()[:2]] == pytest.approx(
        [0.25, 0.25], abs=0.01
    )
    assert "windows are 32 scene pixels wide" in worded(run.parameters["warnings"])[0]


def test_damage_is_found_where_a_person_sees_it_in_a_heic_photo(town, tmp_path, model_run, engine):
    """Its red squares are those of the turned photo, and so are the windows."""
    path = write_heic(tmp_path / "IMG_0001.HEIC")
    scene = ingest_photo(path, event=town.event.name, town=town.name).scene
    run = predict(scene, model_run, requested_by=None)
    best = list(run.detections.values_list("x_px", "y_px", "width_px", "height_px")[:2])
    assert sorted(best) == [(0, 0, 32, 32), (110, 154, 32, 32)]


def test_a_place_in_a_photo_is_the_camera_s_and_approximate(photo, model_run, engine):
    run = predict(photo, model_run, requested_by=None)
    detection = run.detections.all()[0]
    assert (detection.lon, detection.lat) == pytest.approx((LON, LAT), abs=1e-6)
    assert detection.is_approximate
    assert "Tehuantepec" in detection.address
    feature = json.loads(Path(run.geojson_file.path).read_text())["features"][0]
    assert feature["geometry"]["coordinates"] == pytest.approx([LON, LAT], abs=1e-6)
    assert feature["properties"]["place"] == "approximate"


def test_a_photo_without_gps_has_boxes_and_no_place(town, tmp_path, model_run, engine):
    path = turned_photo(tmp_path / "DJI_0002.JPG", has_gps=False)
    scene = ingest_photo(path, event=town.event.name, town=town.name).scene
    run = predict(scene, model_run, requested_by=None)
    detection = run.detections.all()[0]
    assert (detection.lon, detection.lat, detection.address) == (None, None, "")
    feature = json.loads(Path(run.geojson_file.path).read_text())["features"][0]
    assert feature["geometry"] is None
    assert feature["properties"]["place"] == "approximate"


def test_a_known_ground_size_decides_the_windows(photo, model_run, engine):
    """Crops of 16 m are 64 px of 25 cm, read at half size where they are 32."""
    photo.gsd_m = 0.25
    photo.save()
    run = predict(photo, model_run, requested_by=None)
    assert run.parameters["warnings"] == []
    assert run.detections.all()[0].width_px == 64


def test_a_photo_s_rasters_are_in_its_pixels(photo, model_run, engine):
    """Score pixels are 22 photo pixels wide; the first window's centre lies at (16, 16), 11 px into its pixel."""
    run = predict(photo, model_run, requested_by=None)
    for file in (run.score_file, run.heat_file):
        with rasterio.open(file.path) as raster:
            assert raster.crs is None
    with rasterio.open(run.score_file.path) as raster:
        assert raster.transform @ (0.5, 0.5) == (16, 16)
        assert raster.transform.a == 22
        assert raster.read(1).shape == (9, 7)


def test_the_command_takes_photos_by_name(photo, model_run, engine, monkeypatch):
    out = StringIO()
    call_command("predict", "DJI_0001.JPG", str(photo.pk), model=model_run.pk, json=True, stdout=out)
    first, second = json.loads(out.getvalue())["runs"]
    assert first["detections"] == second["detections"] > 0
    assert PredictionRun.objects.filter(scene=photo).count() == 2


def test_an_event_s_photos_are_taken_only_when_asked_for(photo, mosaic):
    event, town = mosaic.town.event.name, mosaic.town.name
    assert scenes_of(event, town) == [mosaic]
    assert scenes_of(event, town, with_photos=True) == [mosaic, photo]


def test_a_mosaic_is_not_read_as_a_photo(mosaic, photo):
    assert source_of(mosaic).orientation is None
    assert source_of(photo).orientation == 6
