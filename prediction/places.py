"""From pixels to places: corners of pixels through a scene's affine to its CRS, and on to lon/lat."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from affine import Affine
from pyproj import Transformer


@lru_cache(maxsize=64)
def _to_4326(crs_wkt: str) -> Transformer:
    return Transformer.from_crs(crs_wkt, "EPSG:4326", always_xy=True)


def lonlat(
    x_px: np.ndarray, y_px: np.ndarray, *, transform: Sequence[float], crs_wkt: str
) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of points in scene pixels, where (0, 0) is the first pixel's outer corner."""
    a, b, c, d, e, f = transform
    x_px, y_px = np.asarray(x_px, dtype=np.float64), np.asarray(y_px, dtype=np.float64)
    lon, lat = _to_4326(crs_wkt).transform(a * x_px + b * y_px + c, d * x_px + e * y_px + f)
    return (np.asarray(lon) + 180) % 360 - 180, np.asarray(lat)


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
