"""Answers as columns."""

import numpy as np
import pytest

from tagging.quality.answers import coded_answers


def test_answers_become_columns_and_those_without_a_class_are_counted_apart():
    answers = coded_answers(
        [(30, 7, "yes"), (10, 7, "no"), (10, 5, "unsure"), (20, 5, "unsure")],
        ["no", "yes"],
        unsure=["unsure", "clouded"],
    )
    assert answers.crop_ids.tolist() == [10, 20, 30]
    assert answers.tagger_ids.tolist() == [5, 7]
    assert answers.votes.tolist() == [[1, 0], [0, 0], [0, 1]]
    assert answers.unsure.tolist() == [1, 1, 0]
    assert answers.counts.tolist() == [2, 1, 1]
    assert {*zip(answers.crop.tolist(), answers.tagger.tolist(), answers.answer.tolist(), strict=True)} == {
        (2, 1, 1),
        (0, 1, 0),
    }


def test_an_answer_that_the_question_does_not_have_is_an_error():
    with pytest.raises(ValueError, match="maybe"):
        coded_answers([(1, 1, "maybe")], ["no", "yes"], unsure=["unsure"])


def test_no_answers_are_no_columns():
    answers = coded_answers([], ["no", "yes"])
    assert answers.votes.shape == (0, 2)
    assert np.array_equal(answers.counts, [])
