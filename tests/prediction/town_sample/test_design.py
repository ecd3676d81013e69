"""Which places are drawn: spread over the scores, apart from each other, and each with what it stands for."""

from itertools import combinations

import numpy as np
import pytest

from prediction.town_sample.design import drawn_sample, near_edges, wide_edges
from prediction.town_sample.recalibration import Recalibration

EDGES = np.array([-1.0, 1.0])
# Three strata of 1000, 100 and 10 windows.
LOGITS = np.concatenate([np.full(1000, -2.0), np.full(100, 0.0), np.full(10, 2.0)])


def test_each_stratum_gets_as_many_and_each_place_its_weight():
    sample = drawn_sample(LOGITS, EDGES, count=15, seed=0)
    assert np.bincount(sample.strata).tolist() == [5, 5, 5]
    assert len(set(sample.rows.tolist())) == 15
    assert [sorted(set(sample.weights[sample.strata == s])) for s in range(3)] == [[200], [20], [2]]


def test_a_stratum_that_is_used_up_leaves_its_share_to_the_others():
    sample = drawn_sample(LOGITS, EDGES, count=50, seed=0)
    assert np.bincount(sample.strata).tolist() == [20, 20, 10]
    assert sample.weights.sum() == pytest.approx(len(LOGITS))
    assert sorted(sample.rows[sample.strata == 2]) == list(range(1100, 1110))


def test_the_same_seed_draws_the_same_and_another_others():
    first, again, other = (drawn_sample(LOGITS, EDGES, count=15, seed=seed).rows for seed in (7, 7, 8))
    assert first.tolist() == again.tolist() != other.tolist()


def test_every_window_of_a_stratum_is_drawn_as_often():
    drawn = np.concatenate([drawn_sample(LOGITS, EDGES, count=6, seed=seed).rows for seed in range(500)])
    times = np.bincount(drawn, minlength=len(LOGITS))[-10:]  # 2 of these 10 are drawn each time
    assert times.sum() == 1000
    assert times.min() > 60  # five standard deviations below 100
    assert times.max() < 140


def test_no_two_places_share_ground():
    xs, ys = np.meshgrid(np.arange(20) * 7, np.arange(20) * 7)
    boxes = np.column_stack([xs.ravel(), ys.ravel(), np.full(400, 10), np.full(400, 10)])
    logits = np.random.default_rng(0).normal(size=400)
    sample = drawn_sample(logits, wide_edges(logits), count=40, seed=0, boxes=boxes)
    assert len(sample.rows) == 40
    for one, other in combinations(boxes[sample.rows], 2):
        assert abs(one[0] - other[0]) >= 10 or abs(one[1] - other[1]) >= 10


def test_where_no_place_is_left_fewer_are_drawn():
    boxes = np.array([[0, 0, 10, 10], [5, 5, 10, 10], [10, 0, 10, 10]])  # the second overlaps both others
    sample = drawn_sample(np.zeros(3), np.array([]), count=3, seed=0, boxes=boxes)
    assert set(sample.rows.tolist()) in ({0, 2}, {1})


def test_a_second_round_keeps_the_first_and_fills_what_lacks():
    taken = [0, 1, 2, 3, 4, 1000]  # five low ones and one in the middle
    sample = drawn_sample(LOGITS, EDGES, count=9, seed=0, taken=taken)
    assert sample.rows[:6].tolist() == taken
    assert np.bincount(sample.strata).tolist() == [5, 5, 5]
    assert len(set(sample.rows.tolist())) == 15
    assert sample.weights[0] == 200  # of the new strata: all five low ones stand for the thousand


def test_the_first_strata_are_as_wide_as_each_other_and_leave_out_the_few_at_the_ends():
    logits = np.arange(101.0)  # its lowest twentieth ends at 5, and its tenth highest is 91
    assert wide_edges(logits) == pytest.approx([5, 26.5, 48, 69.5, 91])


def test_later_strata_lie_around_the_cut_in_calibrated_logits():
    steep = Recalibration(bias=0.0, slope=2.0, centre=0.0, covariance=np.eye(2))
    assert near_edges(steep, 3.0) == pytest.approx([2.5, 2.75, 3, 3.25, 3.5])


def test_scores_that_are_all_the_same_make_one_stratum():
    sample = drawn_sample(np.zeros(30), wide_edges(np.zeros(30)), count=10, seed=0)
    assert len(sample.rows) == 10
    assert sample.weights == pytest.approx(3)
