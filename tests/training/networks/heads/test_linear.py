"""The trained layer, on made-up features."""

import keras
import numpy as np
import pytest

from tests.training.clouds import clouds
from training.networks.heads.keras_layer import keras_head, learnt_head
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import logistic_head, softmax_head, standardisation
from training.networks.heads.parameters import HeadParameters, LogisticParameters

PARAMETERS = HeadParameters(max_epochs=30)


@pytest.fixture(scope="module")
def train():
    return clouds(120, seed=1)


@pytest.fixture(scope="module")
def head(train):
    return softmax_head(train, clouds(60, seed=2), PARAMETERS)[0]


def test_it_learns_to_tell_the_clouds_apart(head):
    unseen = clouds(400, seed=3)
    called = np.asarray(head(unseen.features))[:, 1] > 0.5
    # The best that can be done at three deviations is 93.3 %.
    assert (called == unseen.is_positive).mean() > 0.9


def test_its_two_outputs_sum_to_one(head, train):
    assert np.allclose(np.asarray(head(train.features)).sum(1), 1, atol=1e-6)


def test_the_same_crops_give_the_same_scores(head, train):
    again, _course = softmax_head(train, clouds(60, seed=2), PARAMETERS)
    assert np.array_equal(np.asarray(again(train.features)), np.asarray(head(train.features)))


def test_it_goes_the_way_of_kerass_own_descent(train):
    """Keras steps on a layer of its own, over rows that are standardised beforehand; no patience ends either."""
    validation, steps = clouds(60, seed=2), 12
    mean, variance = standardisation(train.features)
    rows, unseen = ((each.features - mean) / np.sqrt(variance) for each in (train, validation))
    keras_layer = keras.Sequential(
        [
            keras.layers.Input((rows.shape[1],)),
            keras.layers.Dense(
                2,
                activation="softmax",
                kernel_initializer="zeros",
                kernel_regularizer=keras.regularizers.L2(PARAMETERS.l2),
            ),
        ]
    )
    keras_layer.compile(
        keras.optimizers.SGD(PARAMETERS.learning_rate, PARAMETERS.momentum), "categorical_crossentropy"
    )
    told = keras_layer.fit(
        rows,
        train.answers,
        sample_weight=train.weights,
        batch_size=len(rows),
        epochs=steps,
        validation_data=(unseen, validation.answers, validation.weights),
        verbose=0,
    ).history
    head, course = softmax_head(train, validation, HeadParameters(max_epochs=steps))
    assert course.train_losses == pytest.approx(told["loss"], abs=1e-5)
    assert course.validation_losses == pytest.approx(told["val_loss"], abs=1e-5)
    assert course.best_epoch == steps  # so that both have their last weights
    kernel, biases = keras_layer.get_weights()
    expected = kernel[:, 1] - kernel[:, 0]
    assert head.folded()[0] == pytest.approx(expected / np.sqrt(variance), abs=1e-5)
    assert head.bias == pytest.approx(biases[1] - biases[0], abs=1e-6)


def test_as_a_layer_of_kerass_it_gives_the_same_and_is_read_back(train):
    head = logistic_head(train, LogisticParameters())
    layer = keras_head(head)
    assert np.asarray(layer(train.features)) == pytest.approx(head(train.features), abs=1e-5)
    kernel, biases = layer.get_layer("softmax").get_weights()
    layer.get_layer("softmax").set_weights([2 * kernel, biases + np.array([0, 1])])
    learnt = learnt_head(layer, head)
    assert learnt.weights == pytest.approx(2 * head.weights, rel=1e-6)
    assert learnt.bias == pytest.approx(head.bias + 1, rel=1e-6)
    assert np.asarray(layer(train.features)) == pytest.approx(learnt(train.features), abs=1e-5)


def test_it_stops_early_at_the_best_epoch(train):
    """Validation answers that contradict the training ones make every step worse than the one before."""
    validation = clouds(60, seed=2)
    contrary = Labelled(validation.features, ~validation.is_positive)
    _head, course = softmax_head(train, contrary, PARAMETERS)
    assert course.best_epoch == 1
    assert len(course.train_losses) == len(course.validation_losses) == 1 + PARAMETERS.patience


def test_a_rare_answer_counts_as_much_as_a_common_one(train):
    rare = clouds(400, seed=4, share=0.05)
    head, _course = softmax_head(rare, clouds(100, seed=5), PARAMETERS)
    unseen = clouds(400, seed=3)
    called = np.asarray(head(unseen.features))[:, 1] > 0.5
    assert called[unseen.is_positive].mean() > 0.8


def test_a_constant_feature_does_no_harm(train):
    flat = Labelled(train.features * [1, 0, 1, 1, 1, 1, 1, 1], train.is_positive)
    head, _course = softmax_head(flat, flat, PARAMETERS)
    assert np.isfinite(np.asarray(head(flat.features))).all()


def test_weights_balance_the_answers():
    labelled = Labelled(np.zeros((4, 1), np.float32), np.array([True, False, False, False]))
    assert np.allclose(labelled.weights, [2, 2 / 3, 2 / 3, 2 / 3])
    assert labelled.answers.tolist() == [[0, 1], [1, 0], [1, 0], [1, 0]]


def test_the_logistic_head_is_at_its_optimum(train):
    """There the gradient of the penalised loss is zero in every direction (worked out here by hand)."""
    parameters = LogisticParameters(inverse_l2=0.5)
    weights, bias = logistic_head(train, parameters).folded()
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


def test_copies_of_a_crop_share_its_weight():
    """Each crop three times over is the same training as each crop once."""
    rows = Labelled(np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32), np.arange(12) % 3 == 0)
    thrice = Labelled(np.repeat(rows.features, 3, axis=0), np.repeat(rows.is_positive, 3), copies=3)
    once, copied = (logistic_head(each, LogisticParameters()).folded() for each in (rows, thrice))
    assert np.allclose(once[0], copied[0], atol=1e-4)
    assert once[1] == pytest.approx(copied[1], abs=1e-4)
    assert np.array_equal(thrice.originals.features, rows.features)


def test_more_rows_than_features_lead_to_the_same_optimum():
    """Worked out directly by scikit-learn on standardised features."""
    from sklearn.linear_model import LogisticRegression

    features = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    rows = Labelled(features, features[:, 0] + features[:, 1] > 0.3)
    weights, bias = logistic_head(rows, LogisticParameters()).folded()
    mean, variance = standardisation(features)
    expected = LogisticRegression(C=0.003, class_weight="balanced", tol=1e-8).fit(
        (features - mean) / np.sqrt(variance), rows.is_positive
    )
    assert np.allclose(weights * np.sqrt(variance), expected.coef_[0], atol=1e-4)
    assert bias + weights @ mean == pytest.approx(expected.intercept_[0], abs=1e-3)


def test_the_regression_ends_where_scikit_learns_does_step_by_step():
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    features = random.normal(size=(120, 40)).astype(np.float32)
    rows = Labelled(features, features[:, :9].sum(axis=1) + random.normal(size=120) > 2)
    mean, variance = standardisation(features)
    standardised = (features - mean) / np.sqrt(variance)
    expected = LogisticRegression(C=0.003, class_weight="balanced").fit(standardised, rows.is_positive)
    logits = logistic_head(rows, LogisticParameters()).logits(features)
    assert np.ptp(logits) > 1
    assert logits == pytest.approx(expected.decision_function(standardised), abs=1e-8)
