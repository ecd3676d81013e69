"""What cameras and programs write that keep to no standard: read where it can be believed, else left empty and said."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from PIL import Image

from damage.ingestion.exif import read_photo_facts
from damage.ingestion.thermal import is_thermal
from tests.ingestion.exif_bytes import (
    ALTITUDE,
    ALTITUDE_REF,
    DATE_STAMP,
    DATE_TIME,
    DATE_TIME_DIGITIZED,
    DATE_TIME_ORIGINAL,
    FOCAL_LENGTH_IN_35MM,
    LAT,
    LAT_REF,
    LON,
    LON_REF,
    MODEL,
    OFFSET_TIME,
    OFFSET_TIME_DIGITIZED,
    OFFSET_TIME_ORIGINAL,
    SUBSEC_TIME,
    SUBSEC_TIME_ORIGINAL,
    TIME_STAMP,
    byte,
    degrees,
    exif,
    letters,
    rationals,
    short,
)

MOMENT = datetime(2023, 2, 8, 11, 22, 33, tzinfo=UTC)
EAST_3H = timezone(timedelta(hours=3))
PLACE = {LAT_REF: letters("N"), LAT: degrees(37, 30, 0), LON_REF: letters("E"), LON: degrees(36, 15, 0)}


@pytest.fixture
def facts_of(tmp_path):
    """The facts of a photo with these EXIF directories and this XMP, as they are written."""

    def read(*, main=None, details=None, gps=None, xmp="", size=(80, 60)):
        extra = {"xmp": xmp.encode()} if xmp else {}
        Image.new("RGB", size).save(tmp_path / "odd.jpg", exif=exif(main, details, gps), **extra)
        return read_photo_facts(tmp_path / "odd.jpg")

    return read


def words(facts):
    return [str(warning) for warning in facts.warnings]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2023:02:08 11:22:33.25", MOMENT.replace(microsecond=250_000)),
        ("2023-02-08 11:22:33", MOMENT),
        ("2023-02-08T11:22:33Z", MOMENT),
        ("2023/02/08 11:22:33", MOMENT),
        ("2023:02:08 11:22:33+03:00", MOMENT.replace(tzinfo=EAST_3H)),
        ("2023:02:08 11:22:33\0left over", MOMENT),
        ("2023:02:08 11:22", MOMENT.replace(second=0)),
        # Android's Nexus 4 wrote so eight minutes after midnight; its satellites' time says which midnight.
        ("2015:08:22 24:08:19", datetime(2015, 8, 22, 0, 8, 19, tzinfo=UTC)),
        ("2015:08:22 24:08", datetime(2015, 8, 22, 0, 8, tzinfo=UTC)),
        ("1970:01:01 00:00:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_however_it_is_written(facts_of, written, moment):
    facts = facts_of(details={DATE_TIME_ORIGINAL: letters(written)})
    assert (facts.captured_at, facts.warnings) == (moment, ())
    assert facts.captured_at.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize(
    "written",
    [
        "0001:01:01 00:00:00",
        "1969:12:31 23:59:59",
        "1904:01:01 00:00:00",
        "9999:12:31 23:59:59",
        f"{datetime.now(UTC).year + 2}:01:01 00:00:00",
        "2023:02:30 11:22:33",
        "2023:02:08 25:00:00",
        "2023:02:08 11:22:33 tomorrow" * 20,
        "yesterday",
    ],
)
@pytest.mark.parametrize("offset", ["", "+03:00", "-12:00", "+99:99"])
def test_a_time_that_cannot_be_believed_is_left_empty_and_said(facts_of, written, offset):
    details = {DATE_TIME_ORIGINAL: letters(written)}
    if offset:
        details[OFFSET_TIME_ORIGINAL] = letters(offset)
    facts = facts_of(details=details)
    assert facts.captured_at is None
    [warning] = words(facts)
    assert written[:30] in warning
    assert len(warning) < 120
    assert "not believed" in warning


def test_a_time_is_believed_from_1970_on_in_utc_whatever_its_offset(facts_of):
    def at(written, offset):
        details = {DATE_TIME_ORIGINAL: letters(written), OFFSET_TIME_ORIGINAL: letters(offset)}
        return facts_of(details=details).captured_at

    assert at("1970:01:01 02:59:59", "+03:00") is None
    assert at("1970:01:01 03:00:00", "+03:00") == datetime(1970, 1, 1, tzinfo=UTC)
    last = datetime.now(UTC).year + 1
    assert at(f"{last}:12:31 23:59:59", "+00:00").year == last
    assert at(f"{last}:12:31 23:59:59", "-01:00") is None


@pytest.mark.parametrize("unknown", ["0000:00:00 00:00:00", "    :  :     :  :  ", "                   ", ""])
def test_a_time_that_says_by_itself_that_it_is_unknown_is_no_warning(facts_of, unknown):
    facts = facts_of(details={DATE_TIME_ORIGINAL: letters(unknown)})
    assert (facts.captured_at, facts.warnings) == (None, ())


def test_the_first_time_that_can_be_believed_is_taken(facts_of):
    """DateTimeOriginal, DateTimeDigitized, DateTime, and the satellites' time."""
    main = {DATE_TIME: letters("2023:03:03 03:03:03")}
    details = {
        DATE_TIME_ORIGINAL: letters("2023:01:01 01:01:01"),
        DATE_TIME_DIGITIZED: letters("2023:02:02 02:02:02"),
    }
    gps = {DATE_STAMP: letters("2023:04:04"), TIME_STAMP: degrees(4, 4, 4)}
    never = letters("0001:01:01 00:00:00")
    months = []
    for spoilt in (
        {},
        {DATE_TIME_ORIGINAL: never},
        {DATE_TIME_ORIGINAL: never, DATE_TIME_DIGITIZED: never},
    ):
        facts = facts_of(main=main, details=details | spoilt, gps=gps)
        months.append(facts.captured_at.month)
        assert facts.warnings == ()
    spoilt = dict.fromkeys((DATE_TIME_ORIGINAL, DATE_TIME_DIGITIZED), never)
    months.append(facts_of(main={DATE_TIME: never}, details=spoilt, gps=gps).captured_at.month)
    assert months == [1, 2, 3, 4]


def test_each_time_has_its_own_offset_and_fraction(facts_of):
    offsets = {
        OFFSET_TIME_ORIGINAL: letters("+01:00"),
        OFFSET_TIME_DIGITIZED: letters("+02:00"),
        OFFSET_TIME: letters("+03:00"),
        SUBSEC_TIME_ORIGINAL: letters("1"),
        SUBSEC_TIME: letters("007"),
    }
    written = letters("2023:02:08 11:22:33")
    original = facts_of(details={DATE_TIME_ORIGINAL: written, **offsets}).captured_at
    digitized = facts_of(details={DATE_TIME_DIGITIZED: written, **offsets}).captured_at
    changed = facts_of(main={DATE_TIME: written}, details=offsets).captured_at
    assert original == datetime(2023, 2, 8, 10, 22, 33, 100_000, tzinfo=UTC)
    assert digitized == datetime(2023, 2, 8, 9, 22, 33, tzinfo=UTC)
    assert changed == datetime(2023, 2, 8, 8, 22, 33, 7_000, tzinfo=UTC)


@pytest.mark.parametrize("offset", ["+14:01", "+99:00", "3", "local", "+03:60"])
def test_an_offset_that_no_place_has_counts_as_none(facts_of, offset):
    details = {DATE_TIME_ORIGINAL: letters("2023:02:08 11:22:33"), OFFSET_TIME_ORIGINAL: letters(offset)}
    assert facts_of(details=details).captured_at == MOMENT


@pytest.mark.parametrize(
    ("date", "time", "moment"),
    [
        ("2023:02:08", degrees(11, 22, 33), MOMENT),
        ("2023-02-08", rationals((11, 1), (22, 1), (3325, 100)), MOMENT.replace(microsecond=250_000)),
        ("2023\x0002\x0008", degrees(11, 22, 33), MOMENT),  # Casio's EX-H20G
        ("2023:02:08", degrees(11, 22), None),
        ("2023:02:08", rationals((11, 1), (22, 1), (1, 0)), None),
        ("2023:02:08", degrees(31, 0, 0), None),
        ("9999:12:31", degrees(24, 0, 0), None),
        ("0001:01:01", degrees(0, 0, 0), None),
    ],
)
def test_the_satellites_time_is_utc(facts_of, date, time, moment):
    facts = facts_of(gps=PLACE | {DATE_STAMP: letters(date), TIME_STAMP: time})
    assert facts.captured_at == moment
    assert bool(facts.warnings) == (moment is None)


@pytest.mark.parametrize(
    ("lat", "lat_ref", "lon", "lon_ref", "place"),
    [
        (rationals((375, 10)), "N", rationals((3625, 100)), "E", (37.5, 36.25)),
        (rationals((37, 1), (30, 1)), "S", rationals((36, 1), (15, 1)), "W", (-37.5, -36.25)),
        (degrees(37, 30, 0), "North", degrees(36, 15, 0), "east", (37.5, 36.25)),
        (degrees(37, 30, 0), "south latitude", degrees(36, 15, 0), "West", (-37.5, -36.25)),
        (degrees(-37, -30, 0), "S", degrees(-36, -15, 0), "W", (-37.5, -36.25)),
        (rationals((-375, 10)), "S", rationals((-3625, 100)), "W", (-37.5, -36.25)),
        # Whole degrees rounded down, minutes upwards from there: exiftool adds them up as they are.
        (degrees(-38, 30, 0), "S", degrees(-37, 45, 0), "W", (-37.5, -36.25)),
        (letters("37.5"), "N", letters("36 15 0"), "E", (37.5, 36.25)),
    ],
)
def test_a_place_is_read_however_it_is_written(facts_of, lat, lat_ref, lon, lon_ref, place):
    facts = facts_of(gps={LAT: lat, LAT_REF: letters(lat_ref), LON: lon, LON_REF: letters(lon_ref)})
    assert (facts.lat, facts.lon) == pytest.approx(place, abs=1e-9)
    assert facts.warnings == ()


def test_a_minus_sign_against_the_hemisphere_is_read_as_exiftool_does_and_said(facts_of):
    facts = facts_of(gps=PLACE | {LAT: degrees(-37, -30, 0), LON: degrees(-96, -15, 0)})
    assert (facts.lat, facts.lon) == (37.5, 96.25)
    [warning] = words(facts)
    assert "minus sign" in warning


@pytest.mark.parametrize(
    "changes",
    [
        {LAT: degrees(91, 0, 0)},
        {LON: degrees(181, 0, 0)},
        {LAT: rationals((37, 1), (30, 0), (0, 1))},
        {LAT_REF: letters("")},
        {LON_REF: letters("?")},
        {LON: letters("nowhere")},
    ],
)
def test_a_place_that_cannot_be_believed_is_left_empty_and_said(facts_of, changes):
    facts = facts_of(gps=PLACE | changes | {ALTITUDE: degrees(100)})
    assert (facts.lat, facts.lon, facts.altitude_m) == (None, None, None)
    [warning] = words(facts)
    assert "GPS position" in warning


def test_no_place_and_no_fix_are_no_warnings(facts_of):
    assert facts_of().warnings == ()
    assert facts_of(gps=PLACE | {LAT: degrees(0, 0, 0), LON: degrees(0, 0, 0)}).warnings == ()


@pytest.mark.parametrize(
    ("reference", "altitude_m"),
    [
        (byte(0), 52.5),
        (byte(1), -52.5),
        (byte(2), 52.5),
        (byte(3), -52.5),
        (letters("0"), 52.5),
        (letters("1"), -52.5),
        (letters("3"), -52.5),
        (short(1), -52.5),
    ],
)
def test_an_altitude_is_below_where_its_reference_says_so_in_any_type(facts_of, reference, altitude_m):
    gps = PLACE | {ALTITUDE: rationals((105, 2)), ALTITUDE_REF: reference}
    assert facts_of(gps=gps).altitude_m == altitude_m


@pytest.mark.parametrize(
    ("altitude", "reference", "altitude_m"),
    [
        (degrees(20_000), 0, 20_000),
        (degrees(20_001), 0, None),
        (degrees(500), 1, -500),
        (degrees(501), 1, None),
        (rationals((-4000, 1)), 0, None),
        (rationals((4_294_967_295, 1)), 0, None),
        (rationals((1, 0)), 0, None),
        (letters("high"), 0, None),
    ],
)
def test_altitudes_are_believed_from_500_m_below_to_20_km(facts_of, altitude, reference, altitude_m):
    facts = facts_of(gps=PLACE | {ALTITUDE: altitude, ALTITUDE_REF: byte(reference)})
    assert facts.altitude_m == altitude_m
    assert [word for word in words(facts) if "altitude" in word] == words(facts)
    assert bool(facts.warnings) == (altitude_m is None)


def test_focal_lengths_are_numbers_of_lenses(facts_of):
    def focal(value):
        return facts_of(details={FOCAL_LENGTH_IN_35MM: value})

    assert focal(short(24)).focal_35mm_mm == 24
    assert (focal(short(0)).focal_35mm_mm, focal(short(0)).warnings) == (None, ())
    for odd in (rationals((1, 4_000_000_000)), rationals((1, 0)), rationals((-24, 1)), short(65_535)):
        assert focal(odd).focal_35mm_mm is None
        assert "focal length" in words(focal(odd))[0]


@pytest.mark.parametrize(
    ("xmp", "height_m"),
    [
        ("drone-dji:RelativeAltitude='+49.70'", 49.7),
        ('drone-dji:RelativeAltitude = "+49.70"', 49.7),
        ("drone-dji:RelativeAltitude\n =\t' +49.70 '", 49.7),
        ('drone-dji:RelativeAltitude="+.95"', 0.95),
        ('drone-dji:RelativeAltitude="-3."', -3.0),
        ('drone-dji:RelativeAltitude="4.97e1"', 49.7),
        ("><drone-dji:RelativeAltitude> 49.7 </drone-dji:RelativeAltitude><x", 49.7),
        ('drone-dji:RelativeAltitude=""', None),
        ('drone-dji:RelativeAltitudeOther="7"', None),
    ],
)
def test_a_number_in_xmp_is_read_however_it_is_written(facts_of, xmp, height_m):
    facts = facts_of(xmp=f"<x:xmpmeta><rdf:Description {xmp}/></x:xmpmeta>")
    assert (facts.height_above_ground_m, facts.warnings) == (height_m, ())


@pytest.mark.parametrize(
    "value", ["9" * 400, "1e999", "20000.1", "-500.1", "inf", "nan", "4_9", "٤٩", "&xxe;", "0x10"]
)
def test_a_number_in_xmp_that_cannot_be_believed_is_left_empty_and_said(facts_of, value):
    facts = facts_of(xmp=f'<rdf:Description drone-dji:RelativeAltitude="{value}"/>')
    assert facts.height_above_ground_m is None
    [warning] = words(facts)
    assert value[:40] in warning
    assert len(warning) < 120


def test_a_gimbal_cannot_turn_further_than_round(facts_of):
    facts = facts_of(xmp='<rdf:Description drone-dji:GimbalPitchDegree="-9999"/>')
    assert facts.gimbal_pitch_deg is None
    assert "gimbal pitch -9999" in words(facts)[0]


@pytest.mark.parametrize(
    ("model", "source", "size", "thermal"),
    [
        ("M3T", "InfraredCamera", (640, 512), True),
        ("M3T", "WideCamera", (4000, 3000), False),
        ("M3T", "WideCamera", (640, 512), False),
        ("ZH20T", "", (640, 512), True),
        ("ZH20T", "", (4056, 3040), False),
        ("MAVIC2-ENTERPRISE-ADVANCED", "", (640, 512), True),
        ("XT S", "", (640, 512), True),
        ("FC3170", "", (640, 512), False),
        ("M3E", "", (640, 512), False),
    ],
)
def test_thermal_photos_in_colour_are_told_by_their_camera(facts_of, model, source, size, thermal):
    xmp = f'<rdf:Description drone-dji:ImageSource="{source}"/>' if source else ""
    facts = facts_of(main={MODEL: letters(model)}, xmp=xmp, size=size)
    assert ["thermal" in word and model in word for word in words(facts)] == [True] * thermal
    assert facts.camera_model == model


def test_a_maker_of_thermal_cameras_alone_is_told_by_its_name():
    assert is_thermal(make="FLIR Systems AB", model="T640", image_source="", longest_px=640)
    assert not is_thermal(make="Canon", model="EOS", image_source="", longest_px=640)
