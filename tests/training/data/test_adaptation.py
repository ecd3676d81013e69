"""The cut through an untagged town's scores."""

import numpy as np
import pytest
from sklearn.mixture import GaussianMixture

from training.data.adaptation import adapted_cut, logit, two_groups


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


@pytest.mark.parametrize(("share", "apart"), [(0.5, 4.0), (0.1, 5.0), (0.9, 5.0)])
def test_the_groups_are_those_that_scikit_learn_finds(share, apart):
    random = np.random.default_rng(2)
    logits = random.normal(0, 0.7, 600) + 0.7 * apart * (random.random(600) < share)
    column = logits.reshape(-1, 1)
    theirs = GaussianMixture(2, covariance_type="tied", random_state=0, n_init=5, tol=1e-7, max_iter=1000)
    theirs.fit(column)
    groups = two_groups(logits)
    means = theirs.means_[:, 0]
    assert groups.cut == pytest.approx(means.mean(), abs=0.01)
    assert groups.separation == pytest.approx(np.ptp(means) / np.sqrt(theirs.covariances_[0, 0]), abs=0.02)
    assert np.abs(groups.chances - theirs.predict_proba(column)[:, means.argmax()]).max() < 0.02


def test_scores_of_two_values_alone_are_two_groups():
    """No width could be worked out of them."""
    groups = two_groups(np.repeat([-1.0, 3.0], [30, 10]))
    assert groups.cut == pytest.approx(1.0)
    assert groups.chances.round(6).tolist() == [0.0] * 30 + [1.0] * 10
    assert groups.separation > 100
