"""A head that learns what another model says, against the regression worked out another way."""

import numpy as np
import pytest

from training.networks.heads.linear import VARIANCE_SHARE
from training.networks.heads.ridge import ridge_head

PENALTY = 0.3


def test_two_rows_of_one_feature_by_hand():
    """Features 1 and 3, logits 0 and 4: mean 2, variance 1 and a twentieth more, so rows -d and d, d² = 1/1.05.

    The mean squared error (2 - d w)² plus 0.3 w² is least at w = 2 d / (d² + 0.3); at 3 that is 2 + d w.
    """
    found = ridge_head(np.array([[1.0], [3.0]]), np.array([0.0, 4.0]), np.array([0, 1]), (PENALTY,))
    square = 1 / 1.05
    expected = 2 * square / (square + PENALTY)
    assert found.head.logits(np.array([[3.0], [1.0]])) == pytest.approx([2 + expected, 2 - expected])


def test_more_rows_are_those_of_least_squares_with_the_penalty_as_further_rows():
    """The classic form: below the rows stands the root of the penalty on the diagonal, with nothing to reach."""
    random = np.random.default_rng(4)
    features, logits = random.normal(3, 2, (40, 6)), random.normal(-1, 3, 40)
    variance = features.var(axis=0)
    rows = (features - features.mean(axis=0)) / np.sqrt(variance + VARIANCE_SHARE * np.median(variance))
    bound = np.sqrt(PENALTY * 6 * 40) * np.eye(6)
    weights = np.linalg.lstsq(
        np.vstack([rows, bound]), np.append(logits - logits.mean(), np.zeros(6)), rcond=None
    )[0]
    found = ridge_head(features, logits, np.arange(40) % 4, (PENALTY,))
    assert found.head.logits(features) == pytest.approx(rows @ weights + logits.mean())


def test_what_is_left_out_is_told_by_the_other_folds():
    random = np.random.default_rng(5)
    features, logits, folds = random.normal(size=(30, 4)), random.normal(size=30), np.arange(30) % 3
    found = ridge_head(features, logits, folds, (PENALTY,))
    others = ridge_head(features[folds != 1], logits[folds != 1], folds[folds != 1], (PENALTY,))
    assert found.left_out_logits[folds == 1] == pytest.approx(others.head.logits(features[folds == 1]))


def test_noise_is_penalised_more_than_what_features_tell():
    random = np.random.default_rng(6)
    features = random.normal(size=(120, 60))
    penalties, folds = (1e-4, 1e2), np.arange(120) % 5
    told = ridge_head(features, features @ random.normal(size=60), folds, penalties)
    noise = ridge_head(features, random.normal(size=120), folds, penalties)
    assert (told.penalty, noise.penalty) == (1e-4, 1e2)


def test_more_features_than_rows_are_no_trouble():
    random = np.random.default_rng(7)
    features = random.normal(size=(20, 200))
    logits = features[:, 0]
    found = ridge_head(features, logits, np.arange(20) % 2, (1e-9,))
    assert found.head.logits(features) == pytest.approx(logits, abs=1e-3)


def test_one_fold_leaves_nothing_to_learn_from():
    with pytest.raises(ValueError, match="at least two"):
        ridge_head(np.eye(3), np.arange(3.0), np.zeros(3))
