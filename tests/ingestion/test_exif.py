import csv
from datetime import UTC, datetime, timedelta, timezone

import pytest
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

from damage.ingestion.exif import PhotoFacts, camera_gsd_m, read_photo_facts

G, B = ExifTags.GPS, ExifTags.Base
NAN = IFDRational(0, 0)


def position(lat, lat_ref, lon, lon_ref):
    return {G.GPSLatitude: lat, G.GPSLatitudeRef: lat_ref, G.GPSLongitude: lon, G.GPSLongitudeRef: lon_ref}


@pytest.mark.parametrize(
    ("lat_ref", "lon_ref", "lat", "lon"),
    [
        ("N", "E", 17.5, 96.25),
        ("S", "E", -17.5, 96.25),
        ("N", "W", 17.5, -96.25),
        ("S", "W", -17.5, -96.25),
        ("s", "w\0", -17.5, -96.25),
    ],
)
def test_degrees_minutes_and_seconds_become_signed_degrees(photo, lat_ref, lon_ref, lat, lon):
    path = photo(gps=position((17.0, 29.0, 60.0), lat_ref, (96.0, 15.0, 0.0), lon_ref))
    facts = read_photo_facts(path)
    assert (facts.lat, facts.lon) == pytest.approx((lat, lon), abs=1e-9)


@pytest.mark.parametrize(
    "gps",
    [
        {},
        position((0.0, 0.0, 0.0), "N", (0.0, 0.0, 0.0), "E"),
        position((91.0, 0.0, 0.0), "N", (5.0, 0.0, 0.0), "E"),
        position((5.0, 0.0, 0.0), "N", (181.0, 0.0, 0.0), "E"),
        position((5.0, 0.0, 0.0), "", (5.0, 0.0, 0.0), "E"),
        position((5.0, 0.0, 0.0), "N", (5.0, 0.0, 0.0), "?"),
        position((5.0, NAN, 0.0), "N", (5.0, 0.0, 0.0), "E"),
        {G.GPSLatitude: (5.0, 0.0, 0.0), G.GPSLatitudeRef: "N"},
    ],
    ids=["none", "zero", "lat", "lon", "no hemisphere", "odd hemisphere", "nan", "half"],
)
def test_a_photo_without_a_believable_position_has_none(photo, gps):
    facts = read_photo_facts(photo(gps=gps))
    assert (facts.lat, facts.lon, facts.altitude_m) == (None, None, None)
    assert facts.camera_model == "FC3170"


@pytest.mark.parametrize(("reference", "altitude_m"), [(b"\0", 52.5), (b"\1", -52.5), (None, 52.5)])
def test_altitude_is_signed_by_its_reference(photo, reference, altitude_m):
    gps = position((5.0, 0.0, 0.0), "N", (5.0, 0.0, 0.0), "E") | {G.GPSAltitude: 52.5}
    if reference:
        gps[G.GPSAltitudeRef] = reference
    assert read_photo_facts(photo(gps=gps)).altitude_m == altitude_m


@pytest.mark.parametrize(
    ("written", "offset", "moment"),
    [
        ("2023:02:08 11:22:33", None, datetime(2023, 2, 8, 11, 22, 33, tzinfo=UTC)),
        (
            "2023:02:08 11:22:33",
            "+03:00",
            datetime(2023, 2, 8, 11, 22, 33, tzinfo=timezone(timedelta(hours=3))),
        ),
        ("2023:02:08 11:22:33", "nonsense", datetime(2023, 2, 8, 11, 22, 33, tzinfo=UTC)),
        ("0000:00:00 00:00:00", None, None),
        ("yesterday", None, None),
    ],
)
def test_a_time_without_a_zone_is_taken_as_utc(photo, written, offset, moment):
    details = {B.DateTimeOriginal: written} | ({B.OffsetTimeOriginal: offset} if offset else {})
    assert read_photo_facts(photo(details=details)).captured_at == moment


def test_height_and_gimbal_come_from_djis_xmp(photo):
    facts = read_photo_facts(photo(xmp={"RelativeAltitude": "+49.70", "GimbalPitchDegree": "-89.9"}))
    assert (facts.height_above_ground_m, facts.gimbal_pitch_deg) == (49.7, -89.9)


@pytest.mark.parametrize("value", ["", "&xxe;", "1e999", "12;DROP", "--1"])
def test_nothing_but_a_number_is_taken_from_xmp(photo, value):
    assert read_photo_facts(photo(xmp={"RelativeAltitude": value})).height_above_ground_m is None


@pytest.mark.parametrize(("written", "orientation"), [(6, 6), (0, 1), (9, 1)])
def test_an_orientation_that_does_not_exist_means_upright(photo, written, orientation):
    assert read_photo_facts(photo(orientation=written)).orientation == orientation


def test_a_png_carries_the_same_facts(photo):
    path = photo("photo.png", gps=position((17.0, 30.0, 0.0), "S", (96.0, 15.0, 0.0), "W"))
    assert (read_photo_facts(path).lat, read_photo_facts(path).lon) == (-17.5, -96.25)


def facts(**changes):
    usual = {"height_above_ground_m": 100.0, "gimbal_pitch_deg": -90.0, "focal_35mm_mm": 24.0}
    return PhotoFacts(**(usual | changes))


def test_the_ground_sample_distance_below_a_camera_that_looks_down():
    # 36 mm of frame at 24 mm see 1.5 times the height: 150 m over 4000 px
    assert camera_gsd_m(facts(), 4000) == pytest.approx(0.0375)


@pytest.mark.parametrize(
    "changes",
    [
        {"height_above_ground_m": None},
        {"height_above_ground_m": 0.0},
        {"height_above_ground_m": -3.0},
        {"focal_35mm_mm": None},
        {"gimbal_pitch_deg": -54.3},
    ],
)
def test_without_height_focal_length_or_a_view_straight_down_the_distance_is_unknown(changes):
    assert camera_gsd_m(facts(**changes), 4000) is None


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about each damage
def test_damaged_metadata_never_breaks_the_reading(photo):
    gps = position((17.0, 29.0, 60.0), "N", (96.0, 15.0, 0.0), "E")
    path = photo(gps=gps, details={B.DateTimeOriginal: "2023:02:08 11:22:33"}, xmp={"RelativeAltitude": "5"})
    whole = path.read_bytes()
    # Every byte of the EXIF block in turn is set to what breaks offsets, counts and types.
    start, end = whole.index(b"Exif\0\0") + 6, whole.index(b"Exif\0\0") + 260
    for at in range(start, end):
        for value in (0x00, 0x7F, 0xFF):
            path.write_bytes(whole[:at] + bytes([value]) + whole[at + 1 :])
            try:
                Image.open(path).close()
            except OSError:  # such a file is refused, like any that does not open
                continue
            assert read_photo_facts(path).orientation in range(1, 9)


def test_the_nine_photos_say_what_their_table_says(shared):
    with (shared / "data" / "photos.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 9
    for row in rows:
        read = read_photo_facts(shared / "data" / row["file"])
        assert (read.lat, read.lon) == pytest.approx((float(row["lat"]), float(row["lon"])), abs=1e-6)
        assert read.altitude_m == pytest.approx(float(row["altitude_m"]), abs=0.05)
        assert read.captured_at == datetime.strptime(row["taken"], "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
        assert read.camera_model == row["model"]
