"""The ROC curve, against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics

from training.evaluation.metrics import classification_metrics
from training.evaluation.roc import roc_curve


def drawn(seed):
    """Answers, and scores that tell something of them; few digits let many be equal."""
    random = np.random.default_rng(seed)
    answers = np.append([True, False], random.random(random.integers(1, 200)) < random.random())
    scores = (random.random(len(answers)) + 0.5 * answers) / 1.5
    return answers, scores.round(1 + seed % 4).astype([np.float32, np.float64][seed % 2])


@pytest.mark.parametrize("seed", range(20))
def test_the_curve_is_the_one_of_scikit_learn(seed):
    answers, scores = drawn(seed)
    for ours, theirs in zip(
        roc_curve(answers, scores),
        metrics.roc_curve(answers, scores, drop_intermediate=False),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("seed", range(20))
def test_the_figures_are_those_of_scikit_learn(seed):
    answers, scores = drawn(seed)
    called = scores >= 0.6
    ours = classification_metrics(answers, scores, 0.6)
    theirs = {
        "accuracy": metrics.accuracy_score(answers, called),
        "balanced_accuracy": metrics.balanced_accuracy_score(answers, called),
        "precision": metrics.precision_score(answers, called, zero_division=0.0),
        "recall": metrics.recall_score(answers, called),
        "f1": metrics.f1_score(answers, called),
        "auc": metrics.roc_auc_score(answers, scores),
    }
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("scores", [[0.1, np.nan, 0.7], [0.1, np.inf, 0.7]])
def test_scores_that_are_no_numbers_have_no_curve(scores):
    with pytest.raises(ValueError, match="finite"):
        roc_curve(np.array([True, False, False]), np.array(scores))


def test_one_answer_alone_has_no_curve():
    with pytest.raises(ValueError, match="both answers"):
        roc_curve(np.array([True, True]), np.array([0.1, 0.2]))
