"""Bands, calibration and rates, against answers worked out by hand."""

import numpy as np
import pytest

from training.evaluation.calibration import (
    precision_band,
    rate_interval,
    reliability,
    roc_band,
    temperature,
    windows_per_km2,
)


def drawn(count=4000, sharpness=1.0, seed=0):
    """Answers drawn with the probability that the logits say, and the logits times `sharpness`."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, count)
    return random.random(count) < 1 / (1 + np.exp(-logits)), logits * sharpness


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_overconfidence(sharpness):
    assert temperature(*drawn(sharpness=sharpness)) == pytest.approx(sharpness, rel=0.1)


def test_reliability_by_hand():
    """Scores 0.1, 0.1, 0.9, 0.9 with one yes among the first and two among the last."""
    found = reliability(np.array([True, False, True, True]), np.array([0.1, 0.1, 0.9, 0.9]))
    assert found.mean_scores.tolist() == pytest.approx([0.1, 0.9])
    assert found.positive_shares.tolist() == [0.5, 1.0]
    assert found.expected_error == pytest.approx((2 * 0.4 + 2 * 0.1) / 4)
    assert found.brier == pytest.approx((0.81 + 0.01 + 0.01 + 0.01) / 4)


def test_a_perfect_ranking_has_a_perfect_curve_and_no_band():
    truth, scores = np.repeat([False, True], 20), np.arange(40.0)
    band = roc_band(truth, scores, seed=1)
    assert band.middle.min() == band.low.min() == 1.0
    assert precision_band(truth, scores, seed=1).middle[1:].min() == 1.0


def test_a_band_holds_its_curve_and_narrows_with_more_crops():
    def width(count):
        truth, logits = drawn(count)
        band = roc_band(truth, logits, seed=1)
        assert (band.low <= band.middle + 1e-9).all()
        assert (band.middle <= band.high + 1e-9).all()
        return float(np.mean(band.high - band.low))

    assert width(1600) == pytest.approx(width(400) / 2, rel=0.3)  # as one over the square root


def test_the_interval_of_a_rate():
    """Clopper-Pearson for 2 of 20 is 0.0123 to 0.3170 (tables); none of 300 is at most 1 %, the rule of three."""
    assert rate_interval(2, 20) == pytest.approx((0.0123, 0.3170), abs=1e-4)
    assert rate_interval(0, 300) == pytest.approx((0.0, 0.00994), abs=1e-5)
    assert rate_interval(20, 20)[1] == 1.0


def test_windows_of_a_square_kilometre():
    assert windows_per_km2(40.0) == pytest.approx(625)
    assert windows_per_km2(40.0, 0.5) == pytest.approx(2500)
