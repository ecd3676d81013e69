"""Which ground was flown, and which gaps it leaves: areas of outlines, in metres. Pure.

All is worked out in an equal-area projection about the ground itself (Lambert azimuthal: Snyder, Map Projections, 1987,
ch. 24), and given in longitude and latitude.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from damage.ingestion.georeference import outline_4326, to_4326

LEAST_GAP_M2 = 100.0  # about a house
LEAST_GAP_WIDTH_M = 1.0  # thinner ones come from inexact outlines
LEAST_BAY_WIDTH = 0.25  # of a photo: no edge is straight
GRID_M = 0.01
MOST_BRIDGED_M = 300.0
HERE = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)  # the affine of what is in metres already


@dataclass(frozen=True)
class Gap:
    """Ground between what was flown: its outline as GeoJSON, its area, and a place inside."""

    outline_4326: dict[str, Any]
    area_m2: float
    lon: float
    lat: float


@dataclass(frozen=True)
class Coverage:
    """What was flown, as GeoJSON (None: nothing), its area, and the gaps, the largest first."""

    flown_4326: dict[str, Any] | None
    flown_m2: float
    gaps: list[Gap]


def coverage(
    photos: Sequence[Mapping[str, Any]],
    mosaics: Sequence[Mapping[str, Any]],
    *,
    least_gap_m2: float = LEAST_GAP_M2,
) -> Coverage:
    """The union of footprints (GeoJSON in lon/lat), and the gaps in it of at least so many square metres.

    A gap is a hole, or ground between parts that lie no farther apart than two photos are wide, and at least a quarter
    of one: missing strips, and narrow bays of the edge, but not the ground between two flights.
    """
    if not (photos or mosaics):
        return Coverage(None, 0.0, [])
    outlines = np.array([shape(dict(outline)) for outline in (*photos, *mosaics)], dtype=object)
    crs = _crs_about(outlines)
    areas = _in_metres(outlines, crs)
    flown = shapely.set_precision(shapely.union_all(areas), GRID_M)
    reach_m = 0.0
    if photos:
        reach_m = min(MOST_BRIDGED_M, float(np.median(np.sqrt(shapely.area(areas[: len(photos)])))))
    whole = _without_holes(flown)
    bays = shapely.difference(_without_holes(_closed(whole, reach_m)), whole)
    pieces = _pieces(shapely.difference(whole, flown), least_gap_m2, LEAST_GAP_WIDTH_M)
    pieces += _pieces(bays, least_gap_m2, max(LEAST_GAP_WIDTH_M, reach_m * LEAST_BAY_WIDTH))
    pieces.sort(key=lambda piece: -piece.area)
    return Coverage(_in_degrees(flown, crs), flown.area, [_gap(piece, crs) for piece in pieces])


def _closed(flown: BaseGeometry, reach_m: float) -> BaseGeometry:
    """Grown by `reach_m` and shrunk again, which bridges what is narrower than twice that.

    Corners are kept (mitred), so that the corner of an L is none that is filled.
    """
    if not reach_m:
        return flown
    closed = flown.buffer(reach_m, join_style="mitre").buffer(-reach_m, join_style="mitre")
    return shapely.union(closed, flown)


def _without_holes(area: BaseGeometry) -> BaseGeometry:
    return shapely.union_all([shapely.Polygon(part.exterior) for part in shapely.get_parts(area)])


def _pieces(area: BaseGeometry, least_m2: float, least_width_m: float) -> list[BaseGeometry]:
    """The polygons of an area that are large enough, and somewhere as wide."""
    return [
        piece
        for piece in shapely.get_parts(area)
        if piece.area >= least_m2 and not piece.buffer(-least_width_m / 2).is_empty
    ]


def _crs_about(outlines: np.ndarray) -> str:
    lons, lats = shapely.get_coordinates(shapely.centroid(outlines)).T
    lon = lons[0] + float(np.median((lons - lons[0] + 180) % 360 - 180))
    return f"+proj=laea +lat_0={float(np.median(lats)):.6f} +lon_0={lon:.6f} +datum=WGS84 +units=m +no_defs"


def _in_metres(outlines: np.ndarray, crs: str) -> np.ndarray:
    """The outlines, all at once."""
    there = to_4326(crs)

    def metres(points: np.ndarray) -> np.ndarray:
        return np.column_stack(there.transform(points[:, 0], points[:, 1], direction="INVERSE"))

    return shapely.make_valid(shapely.transform(outlines, metres))


def _in_degrees(area: BaseGeometry, crs: str) -> dict[str, Any]:
    outline = outline_4326(area, transform=HERE, crs_wkt=crs)
    rounded = shapely.set_precision(outline, 1e-7, mode="pointwise")
    return dict(mapping(shapely.orient_polygons(rounded)))


def _gap(piece: BaseGeometry, crs: str) -> Gap:
    inside = shapely.point_on_surface(piece)
    lon, lat = to_4326(crs).transform(inside.x, inside.y)
    return Gap(_in_degrees(piece, crs), float(piece.area), round(float(lon), 7), round(float(lat), 7))
