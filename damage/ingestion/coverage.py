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

    A gap is a hole, or ground between parts that lie no farther apart than two photos are wide: missing strips, and
    narrow bays of the edge, but not the ground between two flights.
    """
    if not (photos or mosaics):
        return Coverage(None, 0.0, [])
    outlines = [shape(dict(outline)) for outline in (*photos, *mosaics)]
    crs = _crs_about(outlines)
    areas = [_in_metres(outline, crs) for outline in outlines]
    flown = shapely.union_all(areas, grid_size=GRID_M)
    reach_m = 0.0
    if photos:
        reach_m = min(MOST_BRIDGED_M, float(np.median(np.sqrt(shapely.area(areas[: len(photos)])))))
    between = shapely.difference(_without_gaps(flown, reach_m), flown, grid_size=GRID_M)
    pieces: list[BaseGeometry] = [
        piece
        for piece in shapely.get_parts(between)
        if piece.area >= least_gap_m2 and not piece.buffer(-LEAST_GAP_WIDTH_M / 2).is_empty
    ]
    pieces.sort(key=lambda piece: -piece.area)
    return Coverage(_in_degrees(flown, crs), flown.area, [_gap(piece, crs) for piece in pieces])


def _without_gaps(flown: BaseGeometry, reach_m: float) -> BaseGeometry:
    """Grown by `reach_m` and shrunk again, which bridges what is narrower than twice that; then without holes.

    Corners are kept (mitred), so that the corner of an L is none that is filled.
    """
    closed = flown
    if reach_m:
        closed = flown.buffer(reach_m, join_style="mitre").buffer(-reach_m, join_style="mitre")
    whole = shapely.get_parts(shapely.union_all([closed, flown]))
    return shapely.union_all([shapely.Polygon(part.exterior) for part in whole])


def _crs_about(outlines: Sequence[BaseGeometry]) -> str:
    first_lon, _ = outlines[0].centroid.coords[0]
    lons, lats = np.array([outline.centroid.coords[0] for outline in outlines]).T
    lon = first_lon + float(np.median((lons - first_lon + 180) % 360 - 180))
    return f"+proj=laea +lat_0={float(np.median(lats)):.6f} +lon_0={lon:.6f} +datum=WGS84 +units=m +no_defs"


def _in_metres(outline: BaseGeometry, crs: str) -> BaseGeometry:
    there = to_4326(crs)

    def metres(points: np.ndarray) -> np.ndarray:
        return np.column_stack(there.transform(points[:, 0], points[:, 1], direction="INVERSE"))

    return shapely.make_valid(shapely.transform(outline, metres))


def _in_degrees(area: BaseGeometry, crs: str) -> dict[str, Any]:
    outline = outline_4326(area, transform=HERE, crs_wkt=crs)
    rounded = shapely.set_precision(outline, 1e-7, mode="pointwise")
    return dict(mapping(shapely.orient_polygons(rounded)))


def _gap(piece: BaseGeometry, crs: str) -> Gap:
    inside = shapely.point_on_surface(piece)
    lon, lat = to_4326(crs).transform(inside.x, inside.y)
    return Gap(_in_degrees(piece, crs), float(piece.area), round(float(lon), 7), round(float(lat), 7))
