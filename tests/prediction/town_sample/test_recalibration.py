"""What answers make of scores, against numbers worked out by hand and by another optimiser."""

import numpy as np
import pytest
from scipy import optimize, special

from damage.errors import Refused
from prediction.town_sample.recalibration import (
    Goal,
    Recalibration,
    logistic,
    nearest_cut,
    operating_point,
    recalibrated,
    sampled_rates,
)

AS_IT_IS = Recalibration(bias=0.0, slope=1.0, centre=0.0, covariance=np.diag([0.04, 0.01]))
NINE = np.log(9)  # the logit of 0.9


def answered(seed, *, count, bias, slope):
    """Logits and answers whose chances are the logistic function of bias + slope * logit."""
    random = np.random.default_rng(seed)
    logits = random.uniform(-5, 5, count)
    return logits, random.random(count) < special.expit(bias + slope * logits)


@pytest.mark.parametrize(("bias", "slope"), [(-2, 1), (1.5, 0.4), (0, 3)])
def test_bias_and_slope_are_those_of_another_optimiser(bias, slope):
    logits, is_damaged = answered(4, count=60, bias=bias, slope=slope)

    def loss(point):
        values = point[0] + np.exp(point[1]) * logits
        answers = np.where(is_damaged, special.log_expit(values), special.log_expit(-values))
        return -answers.sum() + point[1] ** 2 / (2 * 0.5**2)

    best = optimize.minimize(loss, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    found = recalibrated(logits, is_damaged)
    assert (found.bias, found.slope) == pytest.approx((best.x[0], np.exp(best.x[1])), abs=1e-5)


def test_a_town_whose_scores_are_all_moved_gets_its_bias_back():
    logits, is_damaged = answered(1, count=4000, bias=0, slope=1)
    found = recalibrated(logits - 3, is_damaged)
    assert found.slope == pytest.approx(1, abs=0.1)
    assert found.bias == pytest.approx(3, abs=0.3)


def test_a_few_answers_move_the_slope_less_than_many():
    slopes = [recalibrated(*answered(2, count=count, bias=0, slope=4)).slope for count in (20, 2000)]
    assert 1 < slopes[0] < slopes[1] == pytest.approx(4, rel=0.15)


def test_answers_that_part_wholly_still_have_a_finite_slope():
    logits = np.array([-5.0, -4, -3, -2, -1, 1, 2, 3, 4, 5])
    found = recalibrated(logits, logits > 0)
    assert found.bias == pytest.approx(0, abs=1e-6)  # by symmetry
    assert 1 < found.slope < 5


def test_too_few_answers_of_a_kind_are_refused_with_how_many_are_missing():
    logits = np.arange(20.0)
    with pytest.raises(Refused, match=r"17 are yes and 3 are no.*0 more yes, 2 more no.*review_sample"):
        recalibrated(logits, logits > 2)
    recalibrated(logits, logits > 4)


# Three windows of chance 0.1 and one of 0.9: 1.2 damaged and 2.8 undamaged are expected.
FEW = np.array([NINE, -NINE, -NINE, -NINE])
# Chances 0.1, 0.5 and 0.9: precision from the lowest is 0.5, 0.7, 0.9; recall 1, 1.4 / 1.5, 0.9 / 1.5.
THREE = np.array([-NINE, 0, NINE])
AT_A_QUARTER, AT_THREE_QUARTERS = 0.25, 0.75  # halfway between these logits: the logit of 0.25 is -log 3


@pytest.mark.parametrize(
    ("logits", "goal", "expected"),
    [
        (FEW, Goal("balanced"), (0.5, 0.9, 0.75)),
        (THREE, Goal("precision", 0.65), (AT_A_QUARTER, 0.7, 1.4 / 1.5)),
        (THREE, Goal("precision", 0.75), (AT_THREE_QUARTERS, 0.9, 0.6)),
        (THREE, Goal("recall", 0.9), (AT_A_QUARTER, 0.7, 1.4 / 1.5)),
        (THREE, Goal("recall", 0.5), (AT_THREE_QUARTERS, 0.9, 0.6)),
    ],
)
def test_thresholds_and_what_to_expect_there_are_those_worked_out_by_hand(logits, goal, expected):
    point = operating_point(AS_IT_IS, logits, goal)
    values = (point.threshold.value, point.precision.value, point.recall.value)
    assert values == pytest.approx(expected)
    assert nearest_cut(AS_IT_IS, logits, goal) == pytest.approx(special.logit(expected[0]))
    for estimate in (point.threshold, point.precision, point.recall):
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


def test_a_bias_moves_the_threshold_and_not_what_is_found():
    moved = Recalibration(bias=2.0, slope=1.0, centre=-2.0, covariance=np.diag([0.04, 0.01]))
    point = operating_point(moved, THREE - 2, Goal("recall", 0.9))
    assert point.threshold.value == pytest.approx(special.expit(-np.log(3) - 2))
    assert point.recall.value == pytest.approx(1.4 / 1.5)


def test_a_precision_that_nothing_reaches_is_refused_with_the_best_there_is():
    with pytest.raises(Refused, match=r"precision of 0\.95 here: the highest to expect is 0\.90"):
        operating_point(AS_IT_IS, THREE, Goal("precision", 0.95))
    assert nearest_cut(AS_IT_IS, THREE, Goal("precision", 0.95)) == pytest.approx(np.log(3))


def test_all_windows_are_called_where_all_must_be():
    point = operating_point(AS_IT_IS, THREE, Goal("recall", 0.999))
    assert point.threshold.value < special.expit(-NINE)
    assert (point.recall.value, point.precision.value) == pytest.approx((1, 0.5))


def test_many_windows_in_bins_give_what_each_by_itself_gives():
    logits = np.random.default_rng(0).normal(-3, 2, 30_000)
    point = operating_point(AS_IT_IS, logits, Goal("precision", 0.8))
    ordered = np.sort(logits)[::-1]
    precision = np.cumsum(special.expit(ordered)) / np.arange(1, len(ordered) + 1)
    last = np.flatnonzero(precision >= 0.8)[-1]
    assert special.logit(point.threshold.value) == pytest.approx(ordered[last], abs=0.01)
    recall = special.expit(ordered[: last + 1]).sum() / special.expit(ordered).sum()
    assert point.recall.value == pytest.approx(recall, abs=0.005)


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Towns of known bias and slope, 50 answers each: what is truly found at the threshold lies in the interval."""
    held = []
    for seed in range(120):
        random = np.random.default_rng(seed)
        bias, slope = random.normal(-1, 1), np.exp(random.normal(0, 0.3))
        logits = random.normal(-1, 3, 3000)
        chances = special.expit(bias + slope * logits)
        rows = random.choice(3000, 50, replace=False)
        is_damaged = random.random(50) < chances[rows]
        if min(is_damaged.sum(), (~is_damaged).sum()) < 5:
            continue
        point = operating_point(recalibrated(logits[rows], is_damaged), logits, Goal("recall", 0.9))
        called = logistic(logits) >= point.threshold.value
        recall, precision = chances[called].sum() / chances.sum(), chances[called].mean()
        held.append(
            (
                point.recall.low <= recall <= point.recall.high,
                point.precision.low <= precision <= point.precision.high,
            )
        )
    assert len(held) > 100
    assert np.mean(held, axis=0) == pytest.approx(0.95, abs=0.05)


def test_the_sample_alone_tells_rates_by_weights():
    logits = np.array([2.0, 2, 1, -1, -1])
    is_damaged = np.array([True, False, True, True, False])
    weights = np.array([1.0, 1, 2, 4, 4])
    # Called are the first three, which stand for 4 windows, 3 of them damaged; 7 are damaged in all.
    assert sampled_rates(logits, is_damaged, weights, 0.0) == pytest.approx((3 / 4, 3 / 7))
    assert sampled_rates(logits, is_damaged, weights, 5.0) == (None, 0.0)
