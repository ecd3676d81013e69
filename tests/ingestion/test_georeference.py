"""From pixels to lon/lat, by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from pyproj import CRS

from damage.ingestion.georeference import (
    box_ring_4326,
    centre_lonlat,
    centres_lonlat,
    lonlat,
    outline_4326,
    scene_pixels,
)

WGS84 = CRS.from_epsg(4326).to_wkt()
UTM37 = CRS.from_epsg(32637).to_wkt()
MERCATOR = CRS.from_epsg(3857).to_wkt()
METRES_PER_DEGREE = 6378137 * math.pi / 180


def place(box, transform, crs_wkt):
    lon, lat = centres_lonlat(np.array([box]), transform=transform, crs_wkt=crs_wkt)
    return float(lon[0]), float(lat[0])


def test_the_first_pixels_centre_is_half_a_pixel_from_the_corner():
    assert place([0, 0, 1, 1], [0.5, 0, 36.0, 0, -0.5, 38.0], WGS84) == pytest.approx((36.25, 37.75))


def test_a_box_of_even_size_has_its_centre_on_a_pixel_corner():
    assert place([2, 4, 2, 2], [0.5, 0, 36.0, 0, -0.5, 38.0], WGS84) == pytest.approx((37.5, 35.5))


def test_a_south_up_raster_grows_northwards():
    assert place([0, 0, 1, 1], [0.5, 0, 36.0, 0, 0.5, 38.0], WGS84) == pytest.approx((36.25, 38.25))


def test_a_rotated_raster():
    # Turned by 90 degrees: columns go south, rows go west.
    assert place([0, 0, 4, 2], [0, -0.5, 36.0, -0.5, 0, 38.0], WGS84) == pytest.approx((35.5, 37.0))


def test_a_utm_zones_central_meridian_on_the_equator():
    assert place([0, 0, 2, 2], [10, 0, 499990, 0, -10, 10], UTM37) == pytest.approx((39.0, 0.0), abs=1e-9)


def test_web_mercator_has_equal_degrees_of_longitude():
    transform = [METRES_PER_DEGREE, 0, 0, 0, -METRES_PER_DEGREE, METRES_PER_DEGREE / 2]
    assert place([10, 0, 1, 1], transform, MERCATOR) == pytest.approx((10.5, 0.0), abs=1e-9)


@pytest.mark.parametrize(
    ("lonlat", "transform", "crs_wkt", "pixel"),
    [
        ((36.25, 37.75), [0.5, 0, 36.0, 0, -0.5, 38.0], WGS84, (0.5, 0.5)),
        ((35.5, 37.0), [0, -0.5, 36.0, -0.5, 0, 38.0], WGS84, (2, 1)),  # columns go south, rows go west
        ((-179, 0), [1, 0, 180, 0, -1, 0], WGS84, (1, 0)),  # the scene counts on beyond 180
        ((179, 0), [1, 0, -182, 0, -1, 0], WGS84, (1, 0)),  # or from before -180
        ((39, 0), [10, 0, 499_990, 0, -10, 10], UTM37, (1, 1)),
        ((10.5, 0), [METRES_PER_DEGREE, 0, 0, 0, -METRES_PER_DEGREE, METRES_PER_DEGREE], MERCATOR, (10.5, 1)),
    ],
)
def test_a_place_is_found_again_in_pixels(lonlat, transform, crs_wkt, pixel):
    x_px, y_px = scene_pixels(*map(np.array, lonlat), transform=transform, crs_wkt=crs_wkt)
    assert (float(x_px), float(y_px)) == pytest.approx(pixel, abs=1e-6)


def test_longitudes_beyond_the_antimeridian_come_back_into_range():
    lon, _ = lonlat(np.array([1.0]), np.array([0.0]), transform=[1, 0, 180, 0, -1, 0], crs_wkt=WGS84)
    assert lon[0] == pytest.approx(-179)


def test_metres_that_are_called_degrees_stay_off_the_earth():
    lon, lat = lonlat(np.array([1.0]), np.array([0.0]), transform=[1, 0, 500_000, 0, -1, 4e6], crs_wkt=WGS84)
    assert (lon[0], lat[0]) == (500_001, 4e6)


def test_the_centre_of_a_square_across_the_antimeridian():
    assert centre_lonlat(0, 0, 4, transform=[1, 0, 179, 0, -1, 10], crs_wkt=WGS84) == (-179, 8)


def test_an_outline_across_the_antimeridian_is_two():
    """Of six degrees, of which two lie west of it."""
    outline = outline_4326(shapely.box(0, 0, 6, 2), transform=[1, 0, 178, 0, -1, 10], crs_wkt=WGS84)
    assert sorted(part.bounds for part in outline.geoms) == [(-180, 8, -176, 10), (178, 8, 180, 10)]


def test_an_outline_that_ends_at_the_antimeridian_is_one():
    outline = outline_4326(shapely.box(0, 0, 2, 2), transform=[1, 0, 178, 0, -1, 10], crs_wkt=WGS84)
    assert (outline.geom_type, outline.bounds) == ("Polygon", (178, 8, 180, 10))


def test_an_outline_in_metres_across_the_antimeridian_is_two():
    """In UTM zone 60, which ends there: 40 km on the equator about it."""
    border_m = 833_978.557  # easting of 180 degrees east on the equator (GeographicLib)
    outline = outline_4326(
        shapely.box(0, 0, 40, 1),
        transform=[1000, 0, border_m - 20_000, 0, -1000, 500],
        crs_wkt=CRS.from_epsg(32660).to_wkt(),
    )
    west, east = sorted(outline.geoms, key=lambda part: part.bounds)
    assert (west.bounds[0], east.bounds[2]) == pytest.approx((-180, 180), abs=1e-6)
    assert west.area == pytest.approx(east.area, rel=0.01)


@pytest.mark.parametrize(
    "transform", [[1, 0, 10, 0, -1, 20], [1, 0, 10, 0, 1, 20], [-1, 0, 10, 0, -1, 20], [0, 1, 10, 1, 0, 20]]
)
def test_rings_are_closed_and_anticlockwise(transform):
    ring = box_ring_4326([0, 0, 2, 3], transform=transform, crs_wkt=WGS84)
    assert len(ring) == 5
    assert ring[0] == ring[-1]
    doubled_area = sum(p[0] * q[1] - q[0] * p[1] for p, q in pairwise(ring))
    assert doubled_area == pytest.approx(2 * 2 * 3)


def test_a_ring_goes_around_the_box():
    ring = box_ring_4326([1, 2, 2, 3], transform=[1, 0, 10, 0, -1, 20], crs_wkt=WGS84)
    assert ring == [(11, 18), (11, 15), (13, 15), (13, 18), (11, 18)]
