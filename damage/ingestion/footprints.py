"""Which ground a photo shows: a pinhole camera over a horizontal plane, and from its pixels to places. Pure.

World axes are east, north and up in metres (ENU), camera axes right and down in the picture and forward out of the
lens, as OpenCV and OpenSfM have them (https://opensfm.org/docs/geometry.html). A pixel's ray is turned into the world
and cut with the plane (Hartley and Zisserman, Multiple View Geometry, 2nd ed. 2004, ch. 6 and 8); between a plane and a
picture lies a homography, which the corners decide (ibid., 4.1). Lens distortion and relief are left out: what stands h
above the plane is shifted away from the camera by h times the tangent of the ray's angle from straight down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin, tan
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import mapping

from damage.ingestion.exif import FRAME_WIDTH_MM, NADIR_DEG, PhotoFacts
from damage.ingestion.georeference import cut_at_antimeridian
from damage.ingestion.orientation import shown_size, stored_corner

# Nearer to the horizon, a degree of error moves a place by a fifth of the camera's height and more: no footprint.
LEAST_BELOW_HORIZON_DEG = 10.0
DECIMALS = 8  # of degrees: a millimetre
WGS84 = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Ground:
    """The ground that a photo shows.

    `corners_4326` are longitude and latitude of the outer corners of the picture as it is shown: top left, top right,
    bottom right, bottom left. `footprint_4326` is the outline as GeoJSON (RFC 7946).
    """

    corners_4326: list[list[float]]
    footprint_4326: dict[str, Any]


@dataclass(frozen=True)
class Pose:
    """Where a camera was and which way it looked.

    `rotation` (3, 3) takes directions of the world to those of the camera, whose picture is as it is stored.
    `focal_ratio` is the focal length over the picture's longer side. `north_deg` is how far the world's north axis
    lies east of true north, which is not 0 for that of a map's grid.
    """

    lon: float
    lat: float
    height_m: float  # above the plane
    rotation: np.ndarray
    focal_ratio: float
    north_deg: float = 0.0


def camera_ground(facts: PhotoFacts, *, width_px: int, height_px: int) -> Ground | None:
    """The ground of a photo by its EXIF and DJI's XMP; None where they do not tell, or it shows the horizon.

    Width and height are those as shown, and so is the direction. It is taken for looking straight down where its pitch
    is unknown, and the height is that above the place of take-off, as DJI writes it.
    """
    height_m, focal_mm, yaw_deg = facts.height_above_ground_m, facts.focal_35mm_mm, facts.yaw_deg
    if facts.lon is None or facts.lat is None or not height_m or not focal_mm or yaw_deg is None:
        return None
    pitch_deg = NADIR_DEG if facts.gimbal_pitch_deg is None else facts.gimbal_pitch_deg
    pose = Pose(
        facts.lon,
        facts.lat,
        height_m,
        gimbal_rotation(yaw_deg, pitch_deg, facts.gimbal_roll_deg or 0.0),
        focal_mm / FRAME_WIDTH_MM,
    )
    return pose_ground(pose, width_px=width_px, height_px=height_px)


def pose_ground(pose: Pose, *, width_px: int, height_px: int, orientation: int = 1) -> Ground | None:
    """The ground of a photo by its pose; None where it shows the horizon, or is on the ground.

    Width and height are those of the photo as shown, by its EXIF `orientation`.
    """
    shown_corners = ((0, 0), (width_px, 0), (width_px, height_px), (0, height_px))
    size = {"width_px": width_px, "height_px": height_px, "orientation": orientation}
    stored = np.array([stored_corner(x, y, 0, **size) for x, y in shown_corners], np.float64)
    stored_size = shown_size(width_px, height_px, orientation)  # which undoes itself
    offsets = ground_offsets_m(stored, pose, width_px=stored_size[0], height_px=stored_size[1])
    if offsets is None:
        return None
    east_m, north_m = offsets.T
    azimuths = np.degrees(np.arctan2(east_m, north_m)) + pose.north_deg
    here = np.full(len(offsets), pose.lon), np.full(len(offsets), pose.lat)
    lons, lats, _ = WGS84.fwd(*here, azimuths, np.hypot(east_m, north_m))
    corners = [
        [round(float(lon), DECIMALS), round(float(lat), DECIMALS)]
        for lon, lat in zip(lons, lats, strict=True)
    ]
    outline = shapely.orient_polygons(cut_at_antimeridian(shapely.Polygon(corners)))
    return Ground(corners, _rings_as_lists(mapping(outline)))


def ground_offsets_m(points: np.ndarray, pose: Pose, *, width_px: int, height_px: int) -> np.ndarray | None:
    """Where pixels (N, 2) of a picture lie on the plane, in metres east and north (N, 2) of the point below the camera.

    None where one of them lies less than `LEAST_BELOW_HORIZON_DEG` below the horizon, or the camera is not above it.
    """
    if not pose.height_m > 0:
        return None
    focal_px = pose.focal_ratio * max(width_px, height_px)
    rays = np.column_stack(((points - (width_px / 2, height_px / 2)) / focal_px, np.ones(len(points))))
    east, north, up = (rays @ pose.rotation).T  # each ray times the inverse, which is the transpose
    if not (-up > np.hypot(east, north) * tan(radians(LEAST_BELOW_HORIZON_DEG))).all():
        return None
    return np.column_stack((east, north)) * (pose.height_m / -up)[:, None]


def gimbal_rotation(yaw_deg: float, pitch_deg: float, roll_deg: float) -> np.ndarray:
    """World to camera (3, 3): yaw clockwise from north, pitch -90 straight down and 0 level, roll clockwise.

    Yaw, pitch and roll turn about down, right and forward one after the other, as DJI's XMP has them.
    """
    yaw, pitch, roll = radians(yaw_deg), radians(pitch_deg), radians(roll_deg)
    forward = np.array([sin(yaw) * cos(pitch), cos(yaw) * cos(pitch), sin(pitch)])
    right = np.array([cos(yaw), -sin(yaw), 0.0])
    down = np.cross(forward, right)
    return np.stack((right * cos(roll) + down * sin(roll), down * cos(roll) - right * sin(roll), forward))


def vector_rotation(vector: Sequence[float]) -> np.ndarray:
    """The rotation (3, 3) by a vector's length about its direction (Rodrigues), as OpenSfM writes poses."""
    turn = np.asarray(vector, np.float64)
    angle = float(np.linalg.norm(turn))
    if angle == 0:
        return np.eye(3)
    x, y, z = turn / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + sin(angle) * cross + (1 - cos(angle)) * cross @ cross


def photo_lonlat(
    x_px: np.ndarray,
    y_px: np.ndarray,
    *,
    corners_4326: Sequence[Sequence[float]],
    width_px: int,
    height_px: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of positions in a photo as shown, by those of its corners (see `Ground`)."""
    corners = np.asarray(corners_4326, np.float64)
    origin = corners[0]
    degrees = corners - origin
    degrees[:, 0] = (degrees[:, 0] + 180) % 360 - 180  # across the antimeridian
    a, b, c, d, e, f, g, h = _square_to_quadrilateral(degrees)
    u, v = np.asarray(x_px, np.float64) / width_px, np.asarray(y_px, np.float64) / height_px
    scale = g * u + h * v + 1
    lon = origin[0] + (a * u + b * v + c) / scale
    return (lon + 180) % 360 - 180, origin[1] + (d * u + e * v + f) / scale


def _square_to_quadrilateral(corners: np.ndarray) -> tuple[float, ...]:
    """The homography from the unit square to corners (4, 2), in closed form.

    Heckbert, Fundamentals of Texture Mapping and Image Warping (1989), 2.2.3.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / area, (dx1 * sy - sx * dy1) / area
    return x1 - x0 + g * x1, x3 - x0 + h * x3, x0, y1 - y0 + g * y1, y3 - y0 + h * y3, y0, g, h


def _rings_as_lists(geometry: Any) -> dict[str, Any]:
    """GeoJSON as the database gives it back: lists instead of tuples."""

    def lists(value: Any) -> Any:
        return [lists(each) for each in value] if isinstance(value, list | tuple) else value

    return {"type": geometry["type"], "coordinates": lists(geometry["coordinates"])}
