"""The ground of a photo, against geometry worked out by hand.

A 35 mm equivalent of 24 mm sees 36 mm of frame: at 100 m straight down, 150 m of ground across and, in a picture of
4000 x 3000 px, 112.5 m along.
"""

import json
from math import cos, pi, radians, sin, sqrt, tan

import numpy as np
import pytest
from pyproj import Geod
from shapely.geometry import shape

from damage.ingestion.exif import PhotoFacts
from damage.ingestion.footprints import (
    Pose,
    camera_ground,
    ground_offsets_m,
    photo_lonlat,
    pose_ground,
    vector_rotation,
)

WGS84 = Geod(ellps="WGS84")
LON, LAT = 37.1, 37.6
SIZE = {"width_px": 4000, "height_px": 3000}
NADIR = PhotoFacts(
    lon=LON, lat=LAT, height_above_ground_m=100.0, gimbal_pitch_deg=-90.0, yaw_deg=0.0, focal_35mm_mm=24.0
)


def facts(**changes) -> PhotoFacts:
    return PhotoFacts(**{name: getattr(NADIR, name) for name in NADIR.__dataclass_fields__} | changes)


def offsets_m(lonlats, lon=LON, lat=LAT) -> list[tuple[float, float]]:
    """Metres east and north of the camera, by geodesics on the ellipsoid."""
    found = []
    for to_lon, to_lat in lonlats:
        azimuth, _, metres = WGS84.inv(lon, lat, float(to_lon), float(to_lat))
        found.append((metres * sin(radians(azimuth)), metres * cos(radians(azimuth))))
    return found


def corners_m(ground) -> np.ndarray:
    return np.array(offsets_m(ground.corners_4326))


def test_straight_down_and_north_up_the_corners_lie_half_a_frame_away():
    """Top left, top right, bottom right, bottom left."""
    expected = [(-75, 56.25), (75, 56.25), (75, -56.25), (-75, -56.25)]
    np.testing.assert_allclose(corners_m(camera_ground(NADIR, **SIZE)), expected, atol=0.01)


def test_turned_by_90_degrees_the_top_of_the_picture_points_east():
    expected = [(56.25, 75), (56.25, -75), (-56.25, -75), (-56.25, 75)]
    np.testing.assert_allclose(corners_m(camera_ground(facts(yaw_deg=90.0), **SIZE)), expected, atol=0.01)


def test_a_gimbal_that_rolled_over_points_the_other_way():
    """DJI's mapping cameras write yaw 0, pitch -90, roll 180 when the top of the picture points south."""
    expected = [(75, -56.25), (-75, -56.25), (-75, 56.25), (75, 56.25)]
    np.testing.assert_allclose(
        corners_m(camera_ground(facts(gimbal_roll_deg=180.0), **SIZE)), expected, atol=0.01
    )


def test_a_camera_that_looks_up_by_45_degrees_sees_a_trapezoid():
    """The tangents of half the picture are 0.75 across and 0.5625 along.

    With d = 100 / sin(45°) from the camera along its axis, a ray at v below (above: negative) the axis meets the
    ground 100 tan(45° - atan v) north; across it is 0.75 times its length along the axis, h / (sin 45° (1 + v)).
    """
    near, far = 100 * (1 - 0.5625) / (1 + 0.5625), 100 * (1 + 0.5625) / (1 - 0.5625)
    half_near = 0.75 * 100 * sqrt(2) / (1 + 0.5625)
    half_far = 0.75 * 100 * sqrt(2) / (1 - 0.5625)
    expected = [(-half_far, far), (half_far, far), (half_near, near), (-half_near, near)]
    assert (near, far) == pytest.approx((28.0, 357.142857))
    assert (half_near, half_far) == pytest.approx((67.882251, 242.436611))
    np.testing.assert_allclose(
        corners_m(camera_ground(facts(gimbal_pitch_deg=-45.0), **SIZE)), expected, atol=0.05
    )


def test_a_camera_whose_pitch_is_unknown_is_taken_to_look_down():
    assert camera_ground(facts(gimbal_pitch_deg=None), **SIZE) == camera_ground(NADIR, **SIZE)


@pytest.mark.parametrize("pitch_deg", [-29.0, -10.0, 0.0, 15.0])
def test_a_picture_of_the_horizon_has_no_footprint(pitch_deg):
    """Half the picture's height is 29.4°, so from 29° down on its top looks above the horizon."""
    assert camera_ground(facts(gimbal_pitch_deg=pitch_deg), **SIZE) is None


def test_rays_that_only_graze_the_ground_are_not_followed():
    """At 48° the corner looks 15.5° below the horizon; at 40° 8.9°, under the limit of 10.

    A corner's ray is (0.75, -0.5625, 1): it falls by (sin p - 0.5625 cos p) of its length sqrt(1.8789).
    """
    for pitch, falls in ((48, 0.3668), (40, 0.2119)):
        assert sin(radians(pitch)) - 0.5625 * cos(radians(pitch)) == pytest.approx(falls, abs=1e-4)
    assert falls / sqrt(1.87890625) < sin(radians(10)) < 0.3668 / sqrt(1.87890625)
    assert camera_ground(facts(gimbal_pitch_deg=-48.0), **SIZE) is not None
    assert camera_ground(facts(gimbal_pitch_deg=-40.0), **SIZE) is None


@pytest.mark.parametrize(
    "unknown",
    [
        {"lon": None, "lat": None},
        {"height_above_ground_m": None},
        {"height_above_ground_m": 0.0},
        {"height_above_ground_m": -3.0},
        {"focal_35mm_mm": None},
        {"yaw_deg": None},
    ],
)
def test_what_a_photo_does_not_say_is_not_made_up(unknown):
    assert camera_ground(facts(**unknown), **SIZE) is None


def test_the_outline_is_geojson_anticlockwise_and_as_large_as_the_ground():
    ground = camera_ground(facts(yaw_deg=30.0), **SIZE)
    assert json.loads(json.dumps(ground.footprint_4326)) == ground.footprint_4326
    outline = shape(ground.footprint_4326)
    assert outline.geom_type == "Polygon"
    assert outline.exterior.is_ccw
    area_m2, _ = WGS84.geometry_area_perimeter(outline)
    assert area_m2 == pytest.approx(150 * 112.5, rel=1e-4)


def test_an_outline_across_the_antimeridian_is_two_parts():
    """RFC 7946, 3.1.9: the camera flies 10 m west of it, off Fiji, and sees 65 m beyond it."""
    lon, lat, _ = WGS84.fwd(180.0, -17.0, 270, 10)
    ground = camera_ground(facts(lon=lon, lat=lat), **SIZE)
    west, east = sorted(shape(ground.footprint_4326).geoms, key=lambda part: part.bounds[0])
    assert west.bounds[0] == pytest.approx(-180)
    assert east.bounds[2] == pytest.approx(180)
    east_m2, west_m2 = (abs(WGS84.geometry_area_perimeter(part)[0]) for part in (east, west))
    assert (east_m2, west_m2) == (pytest.approx(85 * 112.5, rel=1e-3), pytest.approx(65 * 112.5, rel=1e-3))
    there = photo_lonlat(np.array(4000.0), np.array(1500.0), corners_4326=ground.corners_4326, **SIZE)
    assert -180 < float(there[0]) < -179.99
    assert offsets_m([there], lon, lat)[0] == pytest.approx((75, 0), abs=0.02)


def test_a_pixel_of_a_nadir_photo_lies_where_its_size_says():
    """3.75 cm a pixel: pixel (1000, 500) is 1000 left of the middle and 1000 above it."""
    ground = camera_ground(NADIR, **SIZE)
    place = photo_lonlat(np.array(1000.0), np.array(500.0), corners_4326=ground.corners_4326, **SIZE)
    assert offsets_m([place])[0] == pytest.approx((-37.5, 37.5), abs=0.01)


def test_a_pixel_of_an_oblique_photo_lies_where_its_ray_meets_the_ground():
    """The middle of a picture at 60° down lies 100 / tan(60°) ahead; a ray at half the height above the middle, at
    60° - atan(0.28125)."""
    ground = camera_ground(facts(gimbal_pitch_deg=-60.0), **SIZE)
    xs, ys = np.array([2000.0, 2000.0]), np.array([1500.0, 750.0])
    lons, lats = photo_lonlat(xs, ys, corners_4326=ground.corners_4326, **SIZE)
    middle, above = offsets_m(zip(lons, lats, strict=True))
    assert middle == pytest.approx((0, 100 / tan(radians(60))), abs=0.02)
    assert above == pytest.approx((0, 100 / tan(radians(60) - np.arctan(0.28125))), abs=0.02)


def test_pixels_of_any_photo_lie_where_their_own_rays_meet_the_ground():
    """The corners alone give all the rest: a plane and its picture are one homography apart."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        yaw, pitch = rng.uniform(-180, 180), rng.uniform(-90, -55)
        found = camera_ground(facts(yaw_deg=yaw, gimbal_pitch_deg=pitch), **SIZE)
        points = rng.uniform((0, 0), (4000, 3000), (5, 2))
        lons, lats = photo_lonlat(points[:, 0], points[:, 1], corners_4326=found.corners_4326, **SIZE)
        for (x, y), place in zip(points, offsets_m(zip(lons, lats, strict=True)), strict=True):
            u, v = (x - 2000) / 4000 * 1.5, (y - 1500) / 4000 * 1.5
            down = sin(radians(-pitch)) + v * cos(radians(pitch))
            ahead = cos(radians(pitch)) - v * sin(radians(-pitch))
            across = u * 100 / down
            along = ahead * 100 / down
            turn = radians(yaw)
            expected = (across * cos(turn) + along * sin(turn), along * cos(turn) - across * sin(turn))
            assert place == pytest.approx(expected, abs=0.05)


def test_rotation_vectors_turn_by_their_length_about_their_direction():
    np.testing.assert_allclose(vector_rotation((0, 0, 0)), np.eye(3))
    np.testing.assert_allclose(vector_rotation((0, 0, pi / 2)) @ (1, 0, 0), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(vector_rotation((pi, 0, 0)), np.diag((1, -1, -1)), atol=1e-12)


def pose(**changes) -> Pose:
    """A camera that looks straight down, the top of its picture to the north: half a turn about east."""
    known = {
        "lon": LON, "lat": LAT, "height_m": 100.0, "rotation": vector_rotation((pi, 0, 0)),
        "focal_ratio": 24 / 36,
    }  # fmt: skip
    return Pose(**known | changes)


def test_a_pose_sees_what_the_gimbal_s_angles_say():
    expected = camera_ground(NADIR, **SIZE).corners_4326
    np.testing.assert_allclose(pose_ground(pose(), **SIZE).corners_4326, expected, atol=2e-8)


def test_poses_are_of_the_picture_as_stored_and_ground_is_of_the_one_shown():
    """Orientation 6 shows the stored picture a quarter turn clockwise: its stored left is the shown top.

    Stored 4000 x 3000 with north up, it is shown 3000 x 4000 with west up.
    """
    ground = pose_ground(pose(), width_px=3000, height_px=4000, orientation=6)
    expected = [(-75, -56.25), (-75, 56.25), (75, 56.25), (75, -56.25)]
    np.testing.assert_allclose(corners_m(ground), expected, atol=0.01)


def test_a_camera_on_the_ground_shows_none():
    points = np.array([(2000.0, 1500.0)])
    assert ground_offsets_m(points, pose(height_m=0.0), **SIZE) is None
    assert ground_offsets_m(points, pose(height_m=-5.0), **SIZE) is None
    assert ground_offsets_m(points, pose(), **SIZE) == pytest.approx(np.zeros((1, 2)), abs=1e-9)


def test_an_axis_beside_true_north_turns_the_ground():
    ground = pose_ground(pose(north_deg=90.0), **SIZE)
    expected = [(56.25, 75), (56.25, -75), (-56.25, -75), (-56.25, 75)]
    np.testing.assert_allclose(corners_m(ground), expected, atol=0.01)
