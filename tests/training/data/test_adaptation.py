"""The cut through an untagged town's scores."""

import numpy as np
import pytest

from training.data.adaptation import adapted_cut, logit


@pytest.mark.parametrize("share", [0.5, 0.2])
@pytest.mark.parametrize("shift", [-6.0, 0.0, 4.0])
def test_the_cut_follows_scores_that_another_sensor_moved(share, shift):
    """Two groups at -2 and 2, so the cut is at 0; moved as a whole, it moves along. Most are undamaged."""
    random = np.random.default_rng(1)
    damaged = random.random(2000) < share
    logits = np.where(damaged, 2.0, -2.0) + random.normal(0, 0.7, 2000) + shift
    assert adapted_cut(logits) == pytest.approx(shift, abs=0.1)


def test_too_few_or_equal_scores_are_refused():
    with pytest.raises(ValueError, match="too few"):
        adapted_cut(np.arange(19.0))
    with pytest.raises(ValueError, match="all scores are the same"):
        adapted_cut(np.zeros(50))


def test_the_logit_of_certainty_is_finite():
    assert logit(np.array([0.0, 0.5, 1.0])).tolist() == pytest.approx([-16.118, 0.0, 16.118], abs=1e-3)
