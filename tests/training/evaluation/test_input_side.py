"""Which side of the input is chosen: from figures made up, by hand."""

import numpy as np
import pytest

from training.evaluation.input_side import (
    can_be_measured,
    candidate_sides,
    mean_auc,
    smallest_as_good,
    unmeasured_side,
)
from training.evaluation.unseen_towns import UnseenTown


def town(positive, negative):
    answers = np.array([True] * len(positive) + [False] * len(negative))
    return UnseenTown("quake/norte", answers, np.array([*positive, *negative]))


def test_sides_go_up_to_the_backbones_own_and_not_far_beyond_the_crops():
    assert candidate_sides(224, 300) == [96, 128, 160, 224]
    assert candidate_sides(224, 75) == [96, 128]
    assert candidate_sides(224, 20) == [96]
    assert candidate_sides(64, 300) == [64]


def test_the_smallest_side_within_three_thousandths_of_the_best_is_taken():
    assert smallest_as_good({96: 0.970, 128: 0.975, 160: 0.977, 224: 0.9772}) == 128
    assert smallest_as_good({96: 0.970, 128: 0.980}) == 128
    assert smallest_as_good({224: 0.5}) == 224


def test_towns_count_by_their_rarer_answers():
    # AUC 1 with 2 of the rarer answer, and 3 of 4 pairs in order with 2: (2 * 1 + 2 * 0.75) / 4.
    towns = [town([0.9, 0.8], [0.1, 0.2, 0.3]), town([0.9, 0.4], [0.5, 0.1])]
    assert mean_auc(towns) == pytest.approx(0.875)


def test_a_few_answers_measure_nothing():
    assert not can_be_measured([town([0.9] * 49, [0.1] * 90)])
    assert can_be_measured([town([0.9] * 49, [0.1] * 90), town([0.9] * 3, [0.1] * 2)])
    assert not can_be_measured([town([0.9] * 49, [0.1] * 90), town([0.9], [0.1] * 90)])
    assert (unmeasured_side(224), unmeasured_side(64)) == (160, 64)
