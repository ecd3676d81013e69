"""How well a student follows its teacher, by hand."""

import numpy as np
import pytest

from training.evaluation.agreement_of_logits import determination, rank_correlation


def test_the_share_of_differences_that_is_told():
    """Around the mean 2 the squares add up to 2; half of one is missed twice: 1 - 0.5 / 2."""
    assert determination(np.array([1.0, 2, 3]), np.array([1.5, 2, 2.5])) == pytest.approx(0.75)
    assert determination(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-3)
    assert determination(np.ones(3), np.arange(3.0)) == 0


def test_ranks_alone_count():
    wanted = np.array([1.0, 2, 3, 4])
    assert rank_correlation(wanted, np.exp(wanted)) == pytest.approx(1)
    assert rank_correlation(wanted, -wanted) == pytest.approx(-1)
    # Differences of ranks 1, 1, 0, 0: 1 - 6 * 2 / (4 * 15).
    assert rank_correlation(wanted, np.array([20.0, 10, 30, 40])) == pytest.approx(0.8)


def test_equal_values_share_their_rank():
    """Ranks 1.5, 1.5, 3 against 1, 2, 3: covariance 1.5 over the root of 1.5 times 2."""
    assert rank_correlation(np.array([5.0, 5, 7]), np.array([1.0, 2, 3])) == pytest.approx(1.5 / np.sqrt(3))
    assert rank_correlation(np.ones(3), np.arange(3.0)) == 0
