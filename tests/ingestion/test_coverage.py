"""What was flown and which gaps it leaves, of squares laid out by hand."""

from datetime import UTC, datetime

import pytest
from pyproj import Transformer
from shapely.geometry import MultiPolygon, mapping, shape

from damage.ingestion.coverage import coverage
from damage.ingestion.models import Scene

UTM = Transformer.from_crs("EPSG:32637", "EPSG:4326", always_xy=True)
EAST, NORTH = 500_000.0, 4_160_000.0  # on the central meridian, where a metre is 1 / 0.9996 m
SCALE = 1 / 0.9996


def square(x_m, y_m, width_m=100.0, height_m=100.0, east=EAST, north=NORTH):
    """A footprint whose south-western corner lies so many metres from the origin."""
    corners = ((0, 0), (width_m, 0), (width_m, height_m), (0, height_m), (0, 0))
    ring = [UTM.transform(east + x_m + x, north + y_m + y) for x, y in corners]
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in ring]]}


def m2(area):
    return pytest.approx(area * SCALE**2, rel=2e-3)


def test_nothing_flown_is_nothing():
    assert coverage([], []) == coverage([], [])
    assert coverage([], []).flown_4326 is None


def test_overlapping_photos_count_once_and_leave_no_gap():
    found = coverage([square(0, 0), square(40, 0), square(80, 0)], [])
    assert found.flown_m2 == m2(180 * 100)
    assert found.gaps == []
    assert shape(found.flown_4326).geom_type == "Polygon"


def test_a_missing_photo_in_the_middle_is_a_gap():
    """Three by three side by side, without the middle one."""
    photos = [square(100 * i, 100 * j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    found = coverage(photos, [])
    (gap,) = found.gaps
    assert gap.area_m2 == m2(100 * 100)
    lon, lat = UTM.transform(EAST + 150, NORTH + 150)
    assert (gap.lon, gap.lat) == pytest.approx((lon, lat), abs=1e-3)
    assert shape(gap.outline_4326).exterior.is_ccw
    assert found.flown_m2 == m2(8 * 100 * 100)


def test_a_strip_that_is_missing_from_edge_to_edge_is_a_gap():
    """Two rows of four, 120 m apart: less than two photos are wide."""
    found = coverage([square(100 * i, y) for i in range(4) for y in (0, 220)], [])
    (gap,) = found.gaps
    assert gap.area_m2 == m2(400 * 120)


def test_two_flights_far_apart_have_no_gap_between_them():
    found = coverage([square(0, 0), square(100, 0), square(450, 0)], [])
    assert found.gaps == []
    assert len(shape(found.flown_4326).geoms) == 2


def test_the_corner_of_an_l_is_no_gap():
    photos = [square(0, 100 * j) for j in range(6)] + [square(100 * i, 0) for i in range(1, 6)]
    assert coverage(photos, []).gaps == []


def test_the_teeth_of_an_edge_are_no_gaps():
    """Every other photo lies 20 m farther north; the bays between are a fifth of a photo deep."""
    assert coverage([square(100 * i, 20 * (i % 2)) for i in range(6)], []).gaps == []
    (gap,) = coverage([square(0, 0), square(130, 0), square(0, 100, 230, 100)], []).gaps  # 30 m between two
    assert gap.area_m2 == m2(30 * 100)


def test_small_and_thin_gaps_are_not_told():
    """A hole of 9 x 9 m, and a slit of half a metre."""
    ring = [
        square(0, 0, 209, 100),
        square(0, 109, 209, 100),
        square(0, 100, 100, 9),
        square(109, 100, 100, 9),
    ]
    assert coverage(ring, []).gaps == []
    (gap,) = coverage(ring, [], least_gap_m2=80).gaps
    assert gap.area_m2 == m2(81)
    slit = [square(0, 0, 300, 100), square(0, 100.5, 300, 100)]
    assert coverage(slit, [], least_gap_m2=80).gaps == []


def test_the_largest_gap_is_told_first():
    frame = [square(0, 0, 400, 50), square(0, 150, 400, 50), square(0, 50, 50, 100), square(350, 50, 50, 100)]
    bar = square(100, 50, 50, 100)
    assert [round(gap.area_m2 / SCALE**2) for gap in coverage([*frame, bar], []).gaps] == [20_000, 5000]


def test_holes_in_a_mosaic_are_gaps():
    outer, inner = (shape(square(*where)) for where in ((0, 0, 500, 500), (100, 100, 50, 40)))
    found = coverage([], [dict(mapping(outer.difference(inner)))])
    (gap,) = found.gaps
    assert gap.area_m2 == m2(50 * 40)
    assert found.flown_m2 == m2(500 * 500 - 50 * 40)


def test_a_mosaic_fills_the_gaps_of_photos():
    photos = [square(100 * i, 100 * j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    assert coverage(photos, [square(90, 90, 120, 120)]).gaps == []


def test_a_flight_across_the_antimeridian_is_whole():
    """Two photos side by side on either side of it, off Fiji, 40 m apart."""
    fiji = Transformer.from_crs("EPSG:32760", "EPSG:4326", always_xy=True)
    east, north = fiji.transform(180.0, -17.0, direction="INVERSE")

    def photo(x_m):
        corners = ((0, 0), (100, 0), (100, 100), (0, 100), (0, 0))
        ring = [fiji.transform(east + x_m + x, north + y) for x, y in corners]
        return {"type": "Polygon", "coordinates": [[list(corner) for corner in ring]]}

    found = coverage([photo(-131), photo(9)], [])
    (gap,) = found.gaps
    assert gap.area_m2 == pytest.approx(40 * 100, rel=0.01)
    west, _, east, _ = shape(found.flown_4326).bounds
    assert (west, east) == (pytest.approx(-180, abs=0.01), pytest.approx(180, abs=0.01))
    assert isinstance(shape(found.flown_4326), MultiPolygon)


@pytest.fixture
def flown(town):
    """A row of three photos without the middle one, one photo without footprint, one from before; one out of use."""

    def add(name, footprint, **facts):
        return Scene.objects.create(
            town=town, kind="photo", name=name, sha256=name.ljust(64, "0"), size_bytes=1, in_place_path=f"/{name}",
            width_px=4000, height_px=3000, band_count=3, footprint_4326=footprint, lon=39.0, lat=37.58, **facts,
        )  # fmt: skip

    day = {"captured_at": datetime(2023, 2, 8, 9, tzinfo=UTC)}
    add("a", square(0, 0), **day)
    add("b", square(200, 0), captured_at=datetime(2023, 2, 9, 9, tzinfo=UTC))
    add("c", None, **day)
    add("d", square(100, 0), role="before")
    add("e", square(100, 0), is_quarantined=True)
    return town


def asked(api, person, town, **query):
    api.force_authenticate(person)
    return api.get("/api/v1/coverage/", {"town": town.pk, **query})


def by_kind(answer):
    return [feature["properties"]["what"] for feature in answer.json()["features"]]


def test_the_coverage_of_a_town_is_geojson(api, analyst, flown):
    answer = asked(api, analyst, flown, role="after")
    assert answer.status_code == 200
    found = answer.json()
    assert found["type"] == "FeatureCollection"
    assert (found["photos"], found["photos_without_footprint"], found["mosaics"]) == (3, 1, 0)
    assert found["days"] == ["2023-02-08", "2023-02-09"]
    assert by_kind(answer) == ["flown", "gap", "cameras", "cameras_without_footprint"]
    areas, gap, cameras, unplaced = found["features"]
    assert areas["properties"]["area_m2"] == m2(2 * 100 * 100)
    assert gap["properties"]["area_m2"] == m2(100 * 100)
    assert cameras["geometry"] == {"type": "MultiPoint", "coordinates": [[39.0, 37.58]] * 2}
    assert unplaced["geometry"]["coordinates"] == [[39.0, 37.58]]


def test_before_and_after_together_leave_no_gap(api, analyst, flown):
    assert "gap" not in by_kind(asked(api, analyst, flown))


def test_a_day_is_looked_at_alone(api, analyst, flown):
    answer = asked(api, analyst, flown, day="2023-02-08")
    assert by_kind(answer) == ["flown", "cameras", "cameras_without_footprint"]
    assert answer.json()["days"] == ["2023-02-08", "2023-02-09"]


def test_small_gaps_are_asked_for(api, analyst, flown):
    assert "gap" not in by_kind(asked(api, analyst, flown, role="after", least_gap_m2="20000"))


def test_a_town_without_imagery_has_no_features(api, analyst, town):
    assert asked(api, analyst, town).json()["features"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"town": ""},
        {"town": "0"},
        {"role": "later"},
        {"kind": "map"},
        {"day": "1-2"},
        {"least_gap_m2": "nan"},
    ],
)
def test_what_makes_no_sense_is_said(api, analyst, flown, query):
    api.force_authenticate(analyst)
    answer = api.get("/api/v1/coverage/", {"town": flown.pk} | query)
    assert answer.status_code == 400
    assert set(answer.json()) >= set(query)


def test_volunteers_do_not_see_it(api, volunteer, flown):
    assert asked(api, volunteer, flown).status_code == 403
