"""What `benchmarks/accuracy.py` counts in a town that was left out, against answers by hand."""

import sys

import numpy as np
import pytest

from benchmarks.accuracy_figures import (
    best_balanced_accuracy,
    cut_for_density,
    false_positive_rate,
    ground_km2,
    lies_within,
    middles_in_boxes,
    share,
    touched_by_boxes,
)
from benchmarks.workplace import start_django

# Three squares whose middles are (15, 15), (60, 20) and (205, 105).
SQUARES = np.array([[10, 10, 10, 10], [40, 0, 40, 40], [200, 100, 10, 10]], float)
NO_BOXES = np.empty((0, 4))


def test_a_square_is_found_where_its_middle_lies_in_a_box():
    over_the_first = [0, 0, 16, 16]
    beside_the_middle_of_the_second = [40, 0, 19, 40]
    assert middles_in_boxes(SQUARES, np.array([over_the_first], float)).tolist() == [True, False, False]
    both = np.array([over_the_first, beside_the_middle_of_the_second], float)
    assert middles_in_boxes(SQUARES, both).tolist() == [True, False, False]
    assert touched_by_boxes(SQUARES, both).tolist() == [True, True, False]


def test_a_box_that_ends_where_a_square_begins_does_not_touch_it():
    boxes = np.array([[0, 0, 10, 30], [210, 100, 5, 5], [40, 40, 40, 5]], float)
    assert not touched_by_boxes(SQUARES, boxes).any()
    assert touched_by_boxes(SQUARES, boxes + np.array([0.5, 0, 0, 0])).tolist() == [True, False, False]


def test_width_and_height_are_not_exchanged():
    """A strip 100 wide and 4 high at y 18 to 22 runs through the second square's middle, and misses the first's."""
    strip = np.array([[0, 18, 100, 4]], float)
    assert middles_in_boxes(SQUARES, strip).tolist() == [False, True, False]
    assert touched_by_boxes(SQUARES, strip).tolist() == [True, True, False]
    upright = strip[:, [1, 0, 3, 2]]
    assert middles_in_boxes(SQUARES, upright).tolist() == [False, False, False]


def test_no_boxes_find_nothing_and_of_no_squares_there_is_no_share():
    assert middles_in_boxes(SQUARES, NO_BOXES).tolist() == [False] * 3
    assert touched_by_boxes(SQUARES, NO_BOXES).tolist() == [False] * 3
    assert share(middles_in_boxes(NO_BOXES, SQUARES)) is None
    assert share(np.array([True, False, False, True])) == 0.5


def test_a_scene_of_4000_by_2500_half_metre_pixels_shows_two_and_a_half_square_kilometres():
    assert ground_km2(4000, 2500, 0.5) == pytest.approx(2.5)
    assert ground_km2(4000, 2500, 0.5, ground_share=0.8) == pytest.approx(2.0)


def test_a_threshold_lets_no_more_boxes_through_than_are_allowed():
    scores = np.array([0.2, 0.9, 0.5, 0.5, 0.7])

    def reaching(per_km2):
        return int(np.sum(scores >= cut_for_density(scores, 2.0, per_km2)))

    # On 2 km²: 1 and 2 a square kilometre are 2 and 4 boxes; of the two alike both go where only one has room.
    assert [reaching(per_km2) for per_km2 in (0, 1, 1.5, 2, 2.5, 9)] == [0, 2, 2, 4, 5, 5]
    assert 0.5 < cut_for_density(scores, 2.0, 1) <= 0.7


def test_a_promise_holds_from_its_least_to_its_most():
    band = {"mean": 0.8, "least": 0.7, "most": 0.9}
    assert [lies_within(value, band) for value in (0.69, 0.7, 0.8, 0.9, 0.91)] == [
        False,
        True,
        True,
        True,
        False,
    ]


def test_the_best_cut_is_chosen_on_the_answers():
    """From 0.6 up: both damaged ones and one of the four others, so (1 + 3/4) / 2."""
    answers = np.array([True, True, False, False, False, False])
    scores = np.array([0.9, 0.6, 0.7, 0.2, 0.1, 0.3])
    assert best_balanced_accuracy(answers, scores) == pytest.approx(0.875)
    assert best_balanced_accuracy(answers, -scores) == pytest.approx(0.5)  # no cut is better than to call all


def test_the_false_positive_rate_counts_the_undamaged():
    confusion = {"true_positive": 5, "false_negative": 5, "false_positive": 3, "true_negative": 9}
    assert false_positive_rate(confusion) == 0.25


def test_a_site_made_anew_keeps_what_it_is_told_to(tmp_path, monkeypatch):
    monkeypatch.setattr("django.setup", lambda: None)
    monkeypatch.setattr("django.core.management.call_command", lambda *words, **options: None)
    for name in ("DAMAGE_DEBUG", "DAMAGE_DATA", "DATABASE_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr("sys.path", [*sys.path])
    (tmp_path / "features").mkdir()
    (tmp_path / "features" / "kept").write_text("")
    (tmp_path / "files").mkdir()
    (tmp_path / "damage.sqlite3").write_text("")
    start_django(tmp_path, empty=True, keep=["features"])
    assert [path.name for path in tmp_path.rglob("*")] == ["features", "kept"]
    start_django(tmp_path, empty=True)
    assert list(tmp_path.iterdir()) == []
