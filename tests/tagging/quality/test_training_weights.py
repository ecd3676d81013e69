"""Labels and weights of a consensus."""

import numpy as np
from numpy.testing import assert_allclose

from tagging.quality.training_weights import weighted_labels

GRADES = ("none", "possible", "damaged", "destroyed")


def test_a_weight_is_the_distance_between_yes_and_no():
    posterior = np.array(
        [
            [1.0, 0.0, 0.0, 0.0],
            [0.1, 0.0, 0.3, 0.6],
            [0.1, 0.7, 0.1, 0.1],  # mostly a class that says neither: 0.2 yes, 0.1 no
            [0.5, 0.0, 0.5, 0.0],
        ]
    )
    labels = weighted_labels(posterior, GRADES, positive=["damaged", "destroyed"], negative=["none"])
    assert labels.is_positive.tolist() == [False, True, True, False]
    assert_allclose(labels.weight, [1.0, 0.8, 0.1, 0.0], atol=1e-12)


def test_a_weighted_label_is_both_answers_by_their_chance_but_for_a_pull_to_one_half():
    """At every logit: p loss(yes) + q loss(no) = (p - q) loss(yes) + q (loss(yes) + loss(no))."""
    logits = np.linspace(-4, 4, 9)
    loss_yes, loss_no = np.logaddexp(0, -logits), np.logaddexp(0, logits)
    (weight,) = weighted_labels(
        np.array([[0.3, 0.7]]), ("no", "yes"), positive=["yes"], negative=["no"]
    ).weight
    assert_allclose(0.7 * loss_yes + 0.3 * loss_no, weight * loss_yes + 0.3 * (loss_yes + loss_no))
