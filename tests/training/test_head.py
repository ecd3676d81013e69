"""The trained layer, on made-up features."""

import numpy as np
import pytest

from training.head import (
    HeadParameters,
    Labelled,
    LogisticParameters,
    linear_weights,
    logistic_head,
    standardisation,
    trained_head,
)

PARAMETERS = HeadParameters(max_epochs=30)


def clouds(count, *, seed, share=0.5):
    """Two clouds of points three deviations apart along the first of eight axes."""
    random = np.random.default_rng(seed)
    is_positive = random.random(count) < share
    features = random.normal(size=(count, 8)).astype(np.float32)
    features[:, 0] += 3 * is_positive
    return Labelled(features * 10 + 50, is_positive)


@pytest.fixture(scope="module")
def train():
    return clouds(120, seed=1)


@pytest.fixture(scope="module")
def head(train):
    return trained_head(train, clouds(60, seed=2), PARAMETERS, seed=0)[0]


def test_it_learns_to_tell_the_clouds_apart(head):
    unseen = clouds(400, seed=3)
    called = np.asarray(head(unseen.features))[:, 1] > 0.5
    # The best that can be done at three deviations is 93.3 %.
    assert (called == unseen.is_positive).mean() > 0.9


def test_its_two_outputs_sum_to_one(head, train):
    assert np.allclose(np.asarray(head(train.features)).sum(1), 1, atol=1e-6)


def test_the_same_seed_gives_the_same_scores(head, train):
    again, _course = trained_head(train, clouds(60, seed=2), PARAMETERS, seed=0)
    assert np.array_equal(np.asarray(again(train.features)), np.asarray(head(train.features)))


def test_it_stops_early_at_the_best_epoch(train):
    """Validation answers that contradict the training ones make every step worse than the one before."""
    validation = clouds(60, seed=2)
    contrary = Labelled(validation.features, ~validation.is_positive)
    _head, course = trained_head(train, contrary, PARAMETERS, seed=0)
    assert course.best_epoch == 1
    assert len(course.train_losses) == len(course.validation_losses) == 1 + PARAMETERS.patience


def test_a_rare_answer_counts_as_much_as_a_common_one(train):
    rare = clouds(400, seed=4, share=0.05)
    head, _course = trained_head(rare, clouds(100, seed=5), PARAMETERS, seed=0)
    unseen = clouds(400, seed=3)
    called = np.asarray(head(unseen.features))[:, 1] > 0.5
    assert called[unseen.is_positive].mean() > 0.8


def test_a_constant_feature_does_no_harm(train):
    flat = Labelled(train.features * [1, 0, 1, 1, 1, 1, 1, 1], train.is_positive)
    head, _course = trained_head(flat, flat, PARAMETERS, seed=0)
    assert np.isfinite(np.asarray(head(flat.features))).all()


def test_weights_balance_the_answers():
    labelled = Labelled(np.zeros((4, 1), np.float32), np.array([True, False, False, False]))
    assert np.allclose(labelled.weights, [2, 2 / 3, 2 / 3, 2 / 3])
    assert labelled.answers.tolist() == [[0, 1], [1, 0], [1, 0], [1, 0]]


def test_the_logistic_head_is_at_its_optimum(train):
    """There the gradient of the penalised loss is zero in every direction (worked out here by hand)."""
    parameters = LogisticParameters(inverse_l2=0.5)
    weights, bias = linear_weights(logistic_head(train, parameters))
    mean, variance = standardisation(train.features)
    deviation = np.sqrt(variance)
    error = 1 / (1 + np.exp(-(train.features @ weights + bias))) - train.is_positive
    of_features = (train.weights * error) @ ((train.features - mean) / deviation)
    assert np.abs(weights * deviation + parameters.inverse_l2 * of_features).max() < 1e-2
    assert abs(float(np.sum(train.weights * error))) < 1e-2


def test_a_feature_that_hardly_varied_in_training_does_not_rule_elsewhere():
    features = np.tile(np.array([[0.0, 10.0, 1.0], [2.0, 14.0, 1.0]]), (10, 1))
    _mean, variance = standardisation(features)
    assert variance.tolist() == pytest.approx([1.05, 4.05, 0.05])  # the median variance is 1
