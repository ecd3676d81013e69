"""Which photos have which problems: rules on figures that are set by hand."""

from datetime import UTC, datetime, timedelta
from math import exp

import pytest

from damage.errors import Refused
from damage.ingestion.photo_look import Look
from damage.ingestion.photo_problems import NAMES, Problem, problem_words, read_problems
from damage.ingestion.photo_quality import JudgedPhoto, judge

NOON = datetime(2023, 2, 8, 12, tzinfo=UTC)
SOUND = {
    "lon": 37.0,
    "lat": 37.5,
    "height_above_ground_m": 80.0,
    "gimbal_pitch_deg": -90.0,
    "captured_at": NOON,
}


def look(sharpness=100.0, mean=128.0, dark=0.0, bright=0.0):
    return Look(sharpness, mean, dark, bright, "0" * 64)


def photo(key, **facts):
    return JudgedPhoto(key, **(SOUND | facts))


def found(*photos):
    return {(finding.key, finding.problem.value) for finding in judge(photos)}


def test_a_sound_photo_has_no_problem():
    assert found(photo(1, look=look())) == set()


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"lon": None, "lat": None}, "no_gps"),
        ({"gimbal_pitch_deg": -54.3}, "oblique"),
        ({"gimbal_pitch_deg": 14.85}, "oblique"),
        ({"height_above_ground_m": 1.3}, "low"),
        ({"height_above_ground_m": -40.0}, "low"),
        ({"height_above_ground_m": 800.0}, "high"),
        ({"look": look(dark=0.9)}, "dark"),
        ({"look": look(mean=29.0)}, "dark"),
        ({"look": look(bright=0.9)}, "bright"),
    ],
)
def test_what_one_photo_tells_by_itself(facts, code):
    assert found(photo(1, **facts)) == {(1, code)}


@pytest.mark.parametrize(
    "facts",
    [
        {"gimbal_pitch_deg": -60.0},
        {"gimbal_pitch_deg": -120.0},
        {"gimbal_pitch_deg": None},
        {"height_above_ground_m": 10.0},
        {"height_above_ground_m": 500.0},
        {"height_above_ground_m": None},
        {"look": None},
        {"look": look(mean=30.0, dark=0.7, bright=0.5)},
    ],
)
def test_what_is_within_limits_or_unknown_is_no_problem(facts):
    assert found(photo(1, **facts)) == set()


def flight(sharpness, **facts):
    """Photos of one flight, 100 m apart."""
    return [photo(n, lat=37.5 + n / 1000, look=look(each), **facts) for n, each in enumerate(sharpness)]


def test_a_blurred_photo_lies_far_below_its_flight():
    *_others, last = findings = judge(flight([100, 110, 95, 105, 90, 120, 100, 100, 8]))
    assert (len(findings), last.key, last.problem) == (1, 8, "blurred")
    assert last.figure == 0.08  # of the median, 100


def test_a_flight_that_is_even_blames_nobody_for_a_little_less():
    assert found(*flight([100] * 9 + [40])) == set()
    assert found(*flight([100] * 9 + [20])) == {(9, "blurred")}


def test_a_flight_over_woods_and_fields_allows_for_that():
    # Logarithms (above that of 100) of 0, 0.25, ..., 2 and of one far below: their median is 0.875, the median of what
    # they are off it 0.625; three deviations are 3 * 1.4826 * 0.625 = 2.78, so that -1.905 is the lowest.
    uneven = [100 * exp(n / 4) for n in range(9)]
    assert found(*flight([*uneven, 100 * exp(-1.8)])) == set()
    assert found(*flight([*uneven, 100 * exp(-2.0)])) == {(9, "blurred")}


def test_few_photos_do_not_tell_what_is_usual():
    assert found(*flight([100] * 6 + [1])) == set()
    assert found(*flight([100] * 7 + [1])) == {(7, "blurred")}


def test_a_photo_of_one_colour_does_not_break_the_logarithm():
    assert found(*flight([100] * 8 + [0])) == {(8, "blurred")}


def test_flights_of_another_day_or_camera_are_not_compared():
    sharp = flight([100] * 8)
    for other in (
        {"captured_at": NOON + timedelta(days=1)},
        {"camera": ("DJI", "FC300S")},
        {"captured_at": None},
    ):
        assert found(*sharp, photo(9, look=look(2), **other)) == set()


def near(key, metres=0.0, seconds=0.0, bits="0000", **facts):
    """A photo so many metres to the north, so many seconds later, with a hash that begins so."""
    place = {"lat": 37.5 + metres / 111_195, "captured_at": NOON + timedelta(seconds=seconds)}
    hashed = Look(100.0, 128.0, 0.0, 0.0, bits.ljust(64, "0"))
    return photo(key, look=hashed, **(place | facts))


def test_a_drone_that_hovers_takes_near_duplicates():
    first, second = near(1), near(2, metres=1, seconds=2, bits="000f")
    (finding,) = judge([first, second])
    assert (finding.key, finding.problem, finding.like) == (2, "near_duplicate", 1)


@pytest.mark.parametrize(
    "other",
    [
        near(2, metres=20),  # a car park looks alike all over
        near(2, bits="fffffffff"),  # 36 bits differ
        near(2, seconds=60, lon=None, lat=None),
        near(2, lon=None, lat=None, captured_at=None),
    ],
)
def test_what_lies_apart_or_looks_otherwise_is_none(other):
    assert (2, "near_duplicate") not in found(near(1), other)


def test_without_positions_seconds_tell():
    unplaced = {"lon": None, "lat": None}
    assert (2, "near_duplicate") in found(near(1, **unplaced), near(2, seconds=3, **unplaced))


def test_all_but_the_first_are_near_duplicates_of_the_first():
    findings = judge([near(1), near(2, metres=2), near(3, metres=1)])
    assert [(finding.key, finding.like) for finding in findings] == [(2, 1), (3, 1)]


def test_a_drone_that_moves_on_slowly_is_compared_with_what_is_spared():
    # The third lies 4 m from the first, and 2 m from the second, which is a near-duplicate itself.
    assert found(near(1), near(2, metres=2), near(3, metres=4)) == {(2, "near_duplicate")}


def test_of_near_duplicates_a_sound_one_is_spared():
    dark = photo(1, look=Look(100.0, 5.0, 0.95, 0.0, "0" * 64))
    assert found(dark, near(2)) == {(1, "dark"), (1, "near_duplicate")}


def test_problems_are_told_with_their_figures():
    assert str(problem_words(Problem.BLURRED, 0.08)) == "blurred (8 % of its flight's usual sharpness)"
    assert str(problem_words(Problem.DARK, 18.1)) == "too dark (its mean brightness is 18 of 255)"
    assert str(problem_words(Problem.BRIGHT, 0.914)) == "overexposed (91 % of it is white)"
    assert str(problem_words(Problem.OBLIQUE, 35.7)) == "oblique (the camera looks 36° off straight down)"
    assert str(problem_words(Problem.NEAR_DUPLICATE, like=12)) == "nearly the same as scene 12"
    assert str(problem_words(Problem.NEAR_DUPLICATE, like="a.jpg")) == "nearly the same as a.jpg"
    assert str(problem_words(Problem.NEAR_DUPLICATE)) == "near-duplicate"  # the other is gone
    assert set(NAMES) == set(Problem)


def test_codes_are_read_and_others_refused():
    assert read_problems(["dark", " blurred", ""]) == {Problem.DARK, Problem.BLURRED}
    with pytest.raises(Refused, match="no problem foggy"):
        read_problems(["foggy"])
