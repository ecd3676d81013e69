"""What OpenDroneMap made of a flight comes in: mosaic, photos, and the ground that each of them shows."""

from datetime import UTC, datetime

import numpy as np
import pytest
from pyproj import Geod, Transformer

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.odm.services import ingest_odm
from damage.ingestion.quarantine import quarantine_scene
from damage.ingestion.services import ingest_photo
from tests.ingestion.odm.conftest import (
    CAMERAS,
    EAST_UP,
    GROUND_M,
    lonlat_of,
    shot,
    write_photo,
    write_raster,
)

pytestmark = pytest.mark.django_db
PLACE = {"event": "Quake", "town": "Altamira"}
TO_UTM = Transformer.from_crs("EPSG:4326", "EPSG:32637", always_xy=True)


def corners_m(name: str) -> np.ndarray:
    """The corners of a photo's ground from the point below its camera: in UTM, whose metres are 1 / 0.9996 m here."""
    scene = Scene.objects.get(name=name)
    lons, lats = np.array(scene.ground_corners_4326).T
    return (np.column_stack(TO_UTM.transform(lons, lats)) - CAMERAS[name]) / 0.9996


def outcome(report) -> dict[str, str]:
    return {pose.file: pose.status for pose in report.poses}


def reason(report, name: str) -> str:
    return next(pose.reason for pose in report.poses if pose.file == name)


def test_orthophoto_photos_and_poses_come_in(project):
    report = ingest_odm(project(), **PLACE)
    assert [(file.status, file.reason) for file in report.files] == [("added", "")] * 3
    assert outcome(report) == dict.fromkeys(CAMERAS, "placed")
    mosaic = Scene.objects.get(kind="mosaic")
    assert (mosaic.name, mosaic.town.name) == ("odm_orthophoto.tif", "Altamira")
    assert mosaic.captured_at == datetime(2023, 2, 8, 10, tzinfo=UTC)
    assert mosaic.captured_from == "odm"
    expected = [(-75, 56.25), (75, 56.25), (75, -56.25), (-75, -56.25)]
    for name in CAMERAS:
        np.testing.assert_allclose(corners_m(name), expected, atol=0.01)
        scene = Scene.objects.get(name=name)
        assert scene.footprint_4326["type"] == "Polygon"
        assert (scene.ground_source, scene.captured_from) == ("odm", "odm")
        assert (scene.transform, scene.crs_wkt) == (None, "")  # a photo is none that is georeferenced
    assert [scene.name for scene in report.placed] == list(CAMERAS)


def test_a_pose_turns_the_ground(project):
    ingest_odm(project(shots=[shot("DJI_0001.JPG", rotation=EAST_UP)]), **PLACE)
    expected = [(56.25, 75), (56.25, -75), (-56.25, -75), (-56.25, 75)]
    np.testing.assert_allclose(corners_m("DJI_0001.JPG"), expected, atol=0.01)
    assert Scene.objects.get(name="DJI_0002.JPG").footprint_4326 is None


def test_a_second_time_nothing_changes(project):
    folder = project()
    ingest_odm(folder, **PLACE)
    before = list(Scene.objects.order_by("pk").values())
    report = ingest_odm(folder, **PLACE)
    assert [file.status for file in report.files] == ["already"] * 3
    assert outcome(report) == dict.fromkeys(CAMERAS, "already")
    assert report.placed == []
    assert list(Scene.objects.order_by("pk").values()) == before


def test_a_time_that_is_told_goes_before_the_report_s(project):
    told = datetime(2023, 2, 7, tzinfo=UTC)
    ingest_odm(project(), taken=told, **PLACE)
    assert set(Scene.objects.values_list("captured_at", "captured_from")) == {(told, "person")}


def test_photos_that_came_in_earlier_are_matched_by_name(project, tmp_path):
    for seed, name in enumerate(CAMERAS):
        ingest_photo(write_photo(tmp_path / name, lonlat=lonlat_of(name), seed=seed), **PLACE)
    report = ingest_odm(project(has_images=False), **PLACE)
    assert outcome(report) == dict.fromkeys(CAMERAS, "placed")
    assert Scene.objects.filter(kind="photo").count() == 2


def test_a_pose_without_its_photo_is_told_and_the_rest_goes_on(project, tmp_path):
    ingest_photo(write_photo(tmp_path / "DJI_0002.JPG", lonlat=lonlat_of("DJI_0002.JPG"), seed=1), **PLACE)
    report = ingest_odm(project(has_images=False), **PLACE)
    assert outcome(report) == {"DJI_0001.JPG": "unmatched", "DJI_0002.JPG": "placed"}


def test_photos_of_another_town_or_out_of_use_are_not_matched(project, tmp_path, site_admin):
    first, second = (
        ingest_photo(
            write_photo(tmp_path / name, lonlat=lonlat_of(name), seed=seed), event="Quake", town=town
        ).scene
        for seed, (name, town) in enumerate(zip(CAMERAS, ("Elsewhere", "Altamira"), strict=True))
    )
    quarantine_scene(second, by=site_admin, reason="faces")
    report = ingest_odm(project(has_images=False), **PLACE)
    assert outcome(report) == dict.fromkeys(CAMERAS, "unmatched")
    assert first.footprint_4326 is None


def test_a_namesake_that_was_taken_elsewhere_is_not_taken_for_it(project, tmp_path):
    """Each card begins with DJI_0001. The second camera was 80 m away, this one is 300 m."""
    lon, lat = TO_UTM.transform(500_400, 4_159_900, direction="INVERSE")
    ingest_photo(write_photo(tmp_path / "DJI_0001.JPG", lonlat=(lon, lat), seed=7), **PLACE)
    report = ingest_odm(project(has_images=False, shots=[shot("DJI_0001.JPG")]), **PLACE)
    assert outcome(report) == {"DJI_0001.JPG": "refused"}
    assert "300 m from there" in reason(report, "DJI_0001.JPG")
    assert Scene.objects.get(kind="photo").footprint_4326 is None


def test_two_photos_of_one_name_are_told_apart_by_place_or_not_at_all(project, tmp_path):
    far = TO_UTM.transform(501_000, 4_159_900, direction="INVERSE")
    near = lonlat_of("DJI_0001.JPG")
    for seed, lonlat in enumerate((far, near)):
        ingest_photo(write_photo(tmp_path / str(seed) / "DJI_0001.JPG", lonlat=lonlat, seed=seed), **PLACE)
    folder = project(has_images=False, shots=[shot("DJI_0001.JPG")])
    assert outcome(ingest_odm(folder, **PLACE)) == {"DJI_0001.JPG": "placed"}
    placed = Scene.objects.get(ground_source="odm")
    assert placed.lon == pytest.approx(near[0], abs=1e-6)
    ingest_photo(write_photo(tmp_path / "2" / "DJI_0001.JPG", lonlat=near, seed=2), **PLACE)
    report = ingest_odm(folder, **PLACE)
    assert outcome(report) == {"DJI_0001.JPG": "refused"}
    assert "Several photos" in reason(report, "DJI_0001.JPG")


def test_the_photos_of_the_folder_go_before_namesakes(project, tmp_path):
    ingest_photo(write_photo(tmp_path / "DJI_0001.JPG", lonlat=lonlat_of("DJI_0001.JPG"), seed=9), **PLACE)
    report = ingest_odm(project(), **PLACE)
    assert outcome(report) == dict.fromkeys(CAMERAS, "placed")
    assert Scene.objects.filter(name="DJI_0001.JPG", ground_source="odm").count() == 1


def test_a_photo_without_gps_gets_the_pose_s_position(project):
    folder = project()
    write_photo(folder / "images" / "DJI_0001.JPG", lonlat=None, seed=5)
    ingest_odm(folder, **PLACE)
    scene = Scene.objects.get(name="DJI_0001.JPG")
    assert (scene.lon, scene.lat) == pytest.approx(lonlat_of("DJI_0001.JPG"), abs=1e-9)
    assert scene.altitude_m == 1100


def test_a_photo_s_own_position_stays(project):
    folder, here = project(), lonlat_of("DJI_0002.JPG")
    write_photo(folder / "images" / "DJI_0001.JPG", lonlat=here, seed=5)
    ingest_odm(folder, **PLACE)
    scene = Scene.objects.get(name="DJI_0001.JPG")
    assert scene.lon == pytest.approx(here[0], abs=1e-6)
    assert np.abs(corners_m("DJI_0001.JPG").mean(axis=0)).max() < 0.01


def test_turned_photos_have_their_ground_as_they_are_shown(project):
    """Orientation 6 shows the stored picture turned clockwise: the shown top is the stored left, west."""
    folder = project(shots=[shot("DJI_0001.JPG")])
    write_photo(folder / "images" / "DJI_0001.JPG", lonlat=lonlat_of("DJI_0001.JPG"), seed=5, orientation=6)
    ingest_odm(folder, **PLACE)
    expected = [(-75, -56.25), (-75, 56.25), (75, 56.25), (75, -56.25)]
    np.testing.assert_allclose(corners_m("DJI_0001.JPG"), expected, atol=0.01)


def test_without_heights_of_the_ground_the_point_cloud_s_mean_decides(project):
    """Its mean is 990 m: the cameras were 110 m above, and see 1.1 times as much."""
    ingest_odm(project(ground_m=None), **PLACE)
    assert corners_m("DJI_0001.JPG")[1] == pytest.approx((82.5, 61.875), abs=0.01)


def test_where_the_height_model_has_no_data_the_mean_decides(project):
    folder = project(ground_m=-9999.0)
    ingest_odm(folder, **PLACE)
    assert corners_m("DJI_0001.JPG")[1] == pytest.approx((82.5, 61.875), abs=0.01)


def test_a_roof_below_the_camera_does_not_decide_and_the_bare_ground_goes_before_roofs(project):
    """A house of 20 x 20 m and 8 m high in the middle of 50 x 50 m; then a model of the ground 20 m lower."""
    folder, heights = project(), np.full((1, 120, 240), GROUND_M, np.float32)
    heights[:, 45:55, 95:105] += 8
    write_raster(folder / "odm_dem" / "dsm.tif", heights)
    ingest_odm(folder, **PLACE)
    assert corners_m("DJI_0001.JPG")[1] == pytest.approx((75, 56.25), abs=0.01)
    write_raster(folder / "odm_dem" / "dtm.tif", heights * 0 + 980)
    assert outcome(ingest_odm(folder, **PLACE)) == dict.fromkeys(CAMERAS, "placed")
    assert corners_m("DJI_0001.JPG")[1] == pytest.approx((90, 67.5), abs=0.01)


def test_a_height_model_that_is_none_is_passed_over(project):
    folder = project()
    (folder / "odm_dem" / "dsm.tif").write_bytes(b"II*\0 truncated")
    report = ingest_odm(folder, **PLACE)
    assert outcome(report) == dict.fromkeys(CAMERAS, "placed")
    assert corners_m("DJI_0001.JPG")[1] == pytest.approx((82.5, 61.875), abs=0.01)


def test_without_any_height_a_photo_is_not_placed(project):
    report = ingest_odm(project(ground_m=None, mean_height_m=None), **PLACE)
    assert outcome(report) == dict.fromkeys(CAMERAS, "refused")
    assert "How high above the ground" in reason(report, "DJI_0001.JPG")


def test_a_picture_of_another_shape_is_not_placed(project):
    report = ingest_odm(project(shots=[shot("DJI_0001.JPG", height=45)]), **PLACE)
    assert "another shape" in reason(report, "DJI_0001.JPG")


def test_a_resized_picture_is_placed(project):
    ingest_odm(project(shots=[shot("DJI_0001.JPG", width=40, height=30)]), **PLACE)
    assert corners_m("DJI_0001.JPG")[1] == pytest.approx((75, 56.25), abs=0.01)


def test_a_camera_that_looks_at_the_horizon_has_no_ground(project):
    report = ingest_odm(project(shots=[shot("DJI_0001.JPG", rotation=(1.5707963, 0, 0))]), **PLACE)
    assert "horizon" in reason(report, "DJI_0001.JPG")


BAD = {
    "no name": {"filename": None},
    "a path": {"filename": "../images/DJI_0001.JPG"},
    "NaN": {"rotation": [float("nan"), 0, 0]},
    "short": {"rotation": [1, 2]},
    "words": {"rotation": ["a", "b", "c"]},
    "many turns": {"rotation": [100, 0, 0]},
    "true": {"focal": True, "rotation": [True, True, True]},
    "no focal": {"focal": 0},
    "huge focal": {"focal": 1e300},
    "no size": {"width": 0},
    "endless": {"width": float("inf")},
}


@pytest.mark.parametrize("properties", BAD.values(), ids=BAD)
def test_one_bad_shot_never_stops_the_others(project, properties):
    report = ingest_odm(project(shots=[shot("DJI_0001.JPG", **properties), shot("DJI_0002.JPG")]), **PLACE)
    assert sorted(pose.status for pose in report.poses) == ["placed", "refused"]
    assert outcome(report)["DJI_0002.JPG"] == "placed"
    assert Scene.objects.get(name="DJI_0001.JPG").footprint_4326 is None


@pytest.mark.parametrize("bad", [None, 5, "shot", [], {}, {"properties": 3}, {"properties": {"filename": 4}}])
def test_what_is_no_shot_is_named_by_its_place(project, bad):
    report = ingest_odm(project(shots=[bad, shot("DJI_0002.JPG")]), **PLACE)
    assert outcome(report) == {"shots.geojson 1": "refused", "DJI_0002.JPG": "placed"}


@pytest.mark.parametrize(
    "coordinates",
    [None, [], [200, 10, 5], [37, 95, 5], [37, 38], [37, 38, 90_000], ["37", "38", "5"], [37, 38, True]],
)
def test_positions_that_are_none_are_refused(project, coordinates):
    feature = shot("DJI_0001.JPG") | {"geometry": {"type": "Point", "coordinates": coordinates}}
    report = ingest_odm(project(shots=[feature, shot("DJI_0002.JPG")]), **PLACE)
    assert outcome(report) == {"DJI_0001.JPG": "refused", "DJI_0002.JPG": "placed"}


def test_of_two_poses_of_one_photo_the_first_counts(project):
    report = ingest_odm(
        project(shots=[shot("DJI_0001.JPG"), shot("DJI_0001.JPG", rotation=EAST_UP)]), **PLACE
    )
    assert sorted(pose.status for pose in report.poses) == ["placed", "refused"]
    assert corners_m("DJI_0001.JPG")[1] == pytest.approx((75, 56.25), abs=0.01)


def test_the_pictures_of_a_fisheye_are_not_flat(project):
    cameras = {"dji fc3170 80 60 brown 0.6666": {"projection_type": "fisheye", "focal": 0.66}}
    report = ingest_odm(project(cameras=cameras), **PLACE)
    assert outcome(report) == dict.fromkeys(CAMERAS, "refused")
    assert "fisheye" in reason(report, "DJI_0001.JPG")


@pytest.mark.parametrize("seconds", [0, -5, None, "soon", 1e300, 1e12])
def test_a_time_that_cannot_be_true_says_nothing(project, seconds):
    ingest_odm(project(shots=[shot("DJI_0001.JPG", capture_time=seconds)]), **PLACE)
    assert set(Scene.objects.values_list("captured_at", flat=True)) == {None}


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"features": 3}', b"[" * 200_000, b"\xff\xfe"])
def test_a_report_that_is_none_is_refused_before_anything_comes_in(project, content):
    folder = project()
    (folder / "odm_report" / "shots.geojson").write_bytes(content)
    with pytest.raises(Refused, match=r"shots\.geojson"):
        ingest_odm(folder, **PLACE)
    assert not Scene.objects.exists()


def test_a_report_that_is_too_large_is_not_read(project, monkeypatch):
    monkeypatch.setattr("damage.ingestion.odm.folder.MOST_JSON_BYTES", 2**20)
    folder = project()
    (folder / "odm_report" / "stats.json").write_bytes(b" " * (2**20 + 1))
    with pytest.raises(Refused, match=r"stats\.json is larger than 1 MiB"):
        ingest_odm(folder, **PLACE)


def test_another_folder_is_refused(tmp_path):
    with pytest.raises(Refused, match="neither odm_orthophoto"):
        ingest_odm(tmp_path, **PLACE)


@pytest.mark.parametrize("name", ["odm_report/shots.geojson", "odm_orthophoto/odm_orthophoto.tif"])
def test_links_out_of_the_folder_are_not_followed(project, tmp_path, name):
    folder = project()
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="link to a file outside"):
        ingest_odm(folder, **PLACE)
    assert not Scene.objects.exists()


def test_a_photo_that_links_out_of_the_folder_is_refused_and_the_rest_goes_on(project, tmp_path):
    folder = project()
    (folder / "images" / "DJI_0001.JPG").rename(tmp_path / "private.jpg")
    (folder / "images" / "DJI_0001.JPG").symlink_to(tmp_path / "private.jpg")
    report = ingest_odm(folder, **PLACE)
    assert sorted(file.status for file in report.files) == ["added", "added", "refused"]
    assert outcome(report) == {"DJI_0001.JPG": "unmatched", "DJI_0002.JPG": "placed"}


def test_images_that_are_a_link_elsewhere_are_left_alone(project, tmp_path):
    folder = project()
    (folder / "images").rename(tmp_path / "photos")
    (folder / "images").symlink_to(tmp_path / "photos")
    report = ingest_odm(folder, **PLACE)
    assert [file.status for file in report.files] == ["added"]
    assert outcome(report) == dict.fromkeys(CAMERAS, "unmatched")


def test_a_flight_without_a_place_on_earth_is_refused(project):
    """Without GPS, OpenDroneMap lays the flight on the equator: at easting 0 of UTM 30."""
    lon, lat = Transformer.from_crs("EPSG:32630", "EPSG:4326", always_xy=True).transform(40.0, -30.0)
    nowhere = {"geometry": {"type": "Point", "coordinates": [lon, lat, 20.0]}}
    with pytest.raises(Refused, match="where on earth"):
        ingest_odm(project(shots=[shot(name) | nowhere for name in CAMERAS]), **PLACE)
    assert not Scene.objects.exists()


def test_poses_alone_and_an_orthophoto_alone_come_in(project):
    report = ingest_odm(project(has_orthophoto=False), **PLACE)
    assert outcome(report) == dict.fromkeys(CAMERAS, "placed")
    np.testing.assert_allclose(corners_m("DJI_0001.JPG")[1], (75, 56.25), atol=0.01)


def test_a_map_s_north_is_not_true_north(project, monkeypatch):
    """2° east of its meridian, UTM 37's north lies 2° sin(37.6°) = 1.22° east; poses go by it."""
    east, north = TO_UTM.transform(41.0, 37.6)
    monkeypatch.setitem(CAMERAS, "DJI_0001.JPG", (east, north))
    ingest_odm(project(has_orthophoto=False, ground_m=None, shots=[shot("DJI_0001.JPG")]), **PLACE)
    left, right = Scene.objects.get(name="DJI_0001.JPG").ground_corners_4326[:2]
    azimuth, _, _ = Geod(ellps="WGS84").inv(*left, *right)
    assert azimuth == pytest.approx(90 + 2 * np.sin(np.radians(37.6)), abs=0.02)


def test_an_orthophoto_alone_comes_in(project):
    folder = project(has_images=False)
    (folder / "odm_report" / "shots.geojson").unlink()
    report = ingest_odm(folder, **PLACE)
    assert [file.status for file in report.files] == ["added"]
    assert report.poses == []
