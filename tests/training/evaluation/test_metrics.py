"""Metrics worked out by hand."""

import numpy as np
import pytest

from training.evaluation.metrics import classification_metrics
from training.evaluation.operating_threshold import operating_threshold

# From best to worst: yes yes no yes no no yes no
SCORES = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
ANSWERS = np.array([1, 1, 0, 1, 0, 0, 1, 0], bool)


@pytest.mark.parametrize(
    ("max_fpr", "cut"),
    [
        (0.0, 0.75),  # between 0.8 and the first "no" at 0.7
        (0.25, 0.55),  # one "no" of four is allowed: down to 0.6, above the "no" at 0.5
        (0.3, 0.55),
        (0.5, 0.45),
        (0.75, 0.25),
        (0.99, 0.25),
    ],
)
def test_the_threshold_is_the_lowest_that_keeps_to_the_false_positive_rate(max_fpr, cut):
    assert operating_threshold(ANSWERS, SCORES, max_fpr).value == pytest.approx(cut)


def test_the_reason_says_what_the_threshold_does_on_the_validation_crops():
    reason = operating_threshold(ANSWERS, SCORES, 0.0).reason
    assert "at most 0.0% of the 4 validation crops" in reason
    assert "50.0% of those with the answer yes are found" in reason


def test_a_threshold_that_finds_nothing_lies_above_all_scores_and_says_so():
    threshold = operating_threshold(np.array([0, 1, 1], bool), np.array([0.8, 0.7, 0.6]), 0.0)
    assert threshold.value == pytest.approx(0.9)
    assert "Nothing is found" in threshold.reason


def test_rates_follow_from_the_counts():
    metrics = classification_metrics(ANSWERS, SCORES, 0.55)
    assert metrics["confusion"] == {
        "true_positive": 3, "false_positive": 1, "false_negative": 1, "true_negative": 3
    }  # fmt: skip
    for name in ("accuracy", "balanced_accuracy", "precision", "recall", "f1"):
        assert metrics[name] == pytest.approx(0.75)


def test_auc_is_the_share_of_pairs_in_order():
    # Of 16 pairs (yes, no): 0.9 and 0.8 beat all four, 0.6 beats three, 0.3 beats one.
    assert classification_metrics(ANSWERS, SCORES, 0.5)["auc"] == pytest.approx((4 + 4 + 3 + 1) / 16)


def test_a_threshold_counts_the_score_that_equals_it_as_yes():
    assert classification_metrics(ANSWERS, SCORES, 0.6)["confusion"]["true_positive"] == 3


def test_nothing_found_is_no_division_by_zero():
    metrics = classification_metrics(ANSWERS, SCORES, 0.95)
    assert (metrics["precision"], metrics["recall"], metrics["f1"]) == (0.0, 0.0, 0.0)
