"""A threshold for towns that nobody tagged, from towns left out: worked out by hand."""

import numpy as np
import pytest

from training.evaluation.unseen_towns import (
    UnseenTown,
    best_cut,
    expected_in_unseen_towns,
    unseen_town_threshold,
)


def scores_of(*logits):
    return 1 / (1 + np.exp(-np.array(logits, float)))


def town(name, positive, negative):
    answers = np.array([True] * len(positive) + [False] * len(negative))
    return UnseenTown(name, answers, scores_of(*positive, *negative))


NORTE = town("quake/norte", positive=[3, 4], negative=[-1, 1, -2])  # best between 1 and 3: at 2
SUR = town("quake/sur", positive=[-1, 0, 1, 2.5], negative=[-3, -4, -5, -6, -2])  # best between -2 and -1


def test_the_best_cut_lies_halfway_between_the_scores_beside_it():
    assert best_cut(NORTE.is_positive, NORTE.scores) == pytest.approx(2)
    assert best_cut(SUR.is_positive, SUR.scores) == pytest.approx(-1.5)


def test_of_cuts_that_are_as_good_the_middle_one_is_taken():
    """One of two found and none false above 3.5; both found and half false above -0.5: alike, as is none between."""
    answers = np.array([True, False, False, True, False, False])
    scores = scores_of(4, 3, 1, 0, -1, -2)
    # true - false rate after each score: 1/2, 1/4, 0, 1/2, 1/4
    assert best_cut(answers, scores) == pytest.approx((3.5 + -0.5) / 2)


def test_the_threshold_is_the_mean_cut_weighted_by_the_rarer_answers():
    assert unseen_town_threshold([NORTE, SUR]) == pytest.approx(scores_of((2 * 2 + 4 * -1.5) / 6), abs=1e-6)


def test_a_town_with_next_to_none_of_an_answer_has_no_say():
    one = town("quake/este", positive=[-9], negative=[-10, -11, -12])
    assert unseen_town_threshold([NORTE, one]) == pytest.approx(scores_of(2), abs=1e-6)
    with pytest.raises(ValueError, match="no town has enough"):
        unseen_town_threshold([one])
    assert expected_in_unseen_towns([one]) == {}


def test_each_town_is_measured_at_what_the_others_chose():
    expected = expected_in_unseen_towns([NORTE, SUR])
    norte, sur = expected["towns"]
    # Norte at -1.5: both found, and -1 and 1 falsely called. Sur at 2, where nothing lies above.
    assert (norte["recall"], norte["false_positive_rate"]) == (1, pytest.approx(2 / 3))
    assert (sur["recall"], sur["false_positive_rate"]) == (pytest.approx(1 / 4), 0)
    assert (norte["positive"], norte["negative"], sur["positive"], sur["negative"]) == (2, 3, 4, 5)
    assert expected["recall"] == pytest.approx(
        {"mean": (2 * 1 + 4 * 0.25) / 6, "least": 0.25, "most": 1}, abs=1e-9
    )
    assert expected["is_own_cut"] is False


def test_a_single_town_is_measured_at_its_own_cut_and_that_is_said():
    expected = expected_in_unseen_towns([SUR])
    assert expected["is_own_cut"] is True
    assert expected["recall"] == {"mean": 1, "least": 1, "most": 1}
