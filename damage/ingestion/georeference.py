"""From pixels to places: corners of pixels through a scene's affine to its CRS, and on to lon/lat."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from affine import Affine
from pyproj import Transformer
from pyproj.enums import TransformDirection
from shapely.geometry.base import BaseGeometry


@lru_cache(maxsize=64)
def to_4326(crs_wkt: str) -> Transformer:
    """From a coordinate system to longitude and latitude; infinite where it does not reach."""
    return Transformer.from_crs(crs_wkt, "EPSG:4326", always_xy=True)


def lonlat(
    x_px: np.ndarray, y_px: np.ndarray, *, transform: Sequence[float], crs_wkt: str
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude, within -180 and 180, and latitude of points in scene pixels; not finite where the CRS does not reach.

    (0, 0) is the first pixel's outer corner.
    """
    a, b, c, d, e, f = transform
    x_px, y_px = np.asarray(x_px, dtype=np.float64), np.asarray(y_px, dtype=np.float64)
    lon, lat = to_4326(crs_wkt).transform(a * x_px + b * y_px + c, d * x_px + e * y_px + f)
    return _within_180(np.asarray(lon)), np.asarray(lat)


def scene_pixels(
    lon: np.ndarray, lat: np.ndarray, *, transform: Sequence[float], crs_wkt: str
) -> tuple[np.ndarray, np.ndarray]:
    """Points of longitude and latitude in scene pixels: `lonlat` undone; not finite where the CRS does not reach."""
    there = to_4326(crs_wkt)
    x, y = there.transform(lon, lat, direction=TransformDirection.INVERSE)
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if there.source_crs is not None and there.source_crs.is_geographic:
        # A scene in degrees may reach beyond 180 of them: the turn that lies nearest to its corner is meant.
        x = x + 360 * np.round((transform[2] - x) / 360)
    a, b, c, d, e, f = (~Affine(*transform))[:6]
    return a * x + b * y + c, d * x + e * y + f


def _within_180(lon: np.ndarray) -> np.ndarray:
    """Longitudes within -180 and 180; what is more than one turn too far is no longitude, and is left."""
    once_round = (np.abs(lon) > 180) & (np.abs(lon) <= 360)
    return np.where(once_round, lon - np.copysign(360, lon), lon)


def outline_4326(outline: BaseGeometry, *, transform: Sequence[float], crs_wkt: str) -> BaseGeometry:
    """A polygon in scene pixels in longitude and latitude, cut in two where it crosses the antimeridian (RFC 7946).

    Its coordinates are not finite where the CRS does not reach.
    """
    edges = shapely.transform(
        outline,
        lambda points: np.column_stack(
            lonlat(points[:, 0], points[:, 1], transform=transform, crs_wkt=crs_wkt)
        ),
    )
    return cut_at_antimeridian(edges)


def cut_at_antimeridian(edges: BaseGeometry) -> BaseGeometry:
    """A polygon in longitude and latitude, cut in two where it crosses the antimeridian (RFC 7946, 3.1.9)."""
    west, _, east, _ = edges.bounds
    if not east - west > 180:
        return edges
    # No scene is half the Earth wide: it crosses, and its western half is continued beyond 180 degrees before the cut.
    joined = shapely.transform(
        edges, lambda points: np.column_stack((np.mod(points[:, 0], 360), points[:, 1]))
    )
    halves = [joined & shapely.box(0, -90, 180, 90), joined & shapely.box(180, -90, 360, 90)]
    halves[1] = shapely.transform(halves[1], lambda points: points - (360, 0))
    return shapely.union_all(halves)


def centre_lonlat(
    x_px: int, y_px: int, size_px: int, *, transform: Sequence[float], crs_wkt: str
) -> tuple[float, float]:
    """Longitude and latitude of the centre of a square in scene pixels."""
    centre = np.array([x_px, y_px]) + size_px / 2
    lon, lat = lonlat(*centre, transform=transform, crs_wkt=crs_wkt)
    return float(lon), float(lat)


def centres_lonlat(
    boxes: np.ndarray, *, transform: Sequence[float], crs_wkt: str
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of the centres of boxes (N, 4): x, y, width, height in scene pixels."""
    centres = boxes[:, :2] + boxes[:, 2:] / 2
    return lonlat(centres[:, 0], centres[:, 1], transform=transform, crs_wkt=crs_wkt)


def box_ring_4326(
    box: Sequence[int], *, transform: Sequence[float], crs_wkt: str
) -> list[tuple[float, float]]:
    """A box's outline as a closed ring of five (lon, lat), anticlockwise as RFC 7946 wants it."""
    x, y, width, height = box
    corners_x = np.array([x, x, x + width, x + width])
    corners_y = np.array([y, y + height, y + height, y])
    if Affine(*transform).determinant > 0:  # south-up or mirrored: the same walk would go clockwise
        corners_x, corners_y = corners_x[::-1], corners_y[::-1]
    lon, lat = lonlat(corners_x, corners_y, transform=transform, crs_wkt=crs_wkt)
    ring = [(round(float(p), 7), round(float(q), 7)) for p, q in zip(lon, lat, strict=True)]
    return [*ring, ring[0]]
