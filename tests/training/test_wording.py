"""What rows keep under short names, in words."""

import pytest

from training.wording import WORDS, duration_words, measured_cell, parameter_rows, readable, worded


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "–"),
        ([], "–"),
        (True, "yes"),
        (0.0001, "0.0001"),
        (4.0, "4"),
        (["a", "b"], "a, b"),
        ({"unsure": 3, "is_dense": False}, "dense: no · can't tell: 3"),
        ({"form": "none", "copies": 1}, "none"),
        ({"form": "sampled", "copies": 8}, "form: sampled · copies: 8"),
        ("Altamira", "Altamira"),
    ],
)
def test_values_are_read_as_people_chose_them(value, words):
    assert readable(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.4509, "0.451"), (12.34, "12.3"), (397.501, "398"), (8, "8"), (None, "–"), ("all", "all")],
)
def test_results_have_as_many_decimals_as_tell_something(value, words):
    assert measured_cell(value) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7500, "2 h 5 min")]
)
def test_time_is_told_in_units_that_fit_it(seconds, words):
    assert duration_words(seconds) == words


def test_a_name_without_words_is_shown_without_underscores():
    assert parameter_rows({"warm_up": 3, "max_fpr": 0.01}) == [
        ("Warm up", "3"),
        ("Highest false positive rate in validation", "0.01"),
    ]
    assert worded("auc_spread") == "AUC (spread)"


def test_every_parameter_of_a_training_has_words(run):
    def names(parameters):
        for name, value in parameters.items():
            yield name
            if isinstance(value, dict):
                yield from names(value)

    assert set(names(run.parameters)) <= set(WORDS)
