"""What rows keep under short names, in words."""

import pytest
from django.utils import translation

from damage.work.labels import duration_words, step_words
from training.models import ModelRun
from training.report.labels import (
    WORDS,
    measured_cell,
    parameter_rows,
    readable,
    worded,
)


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


def test_a_step_is_told_in_words():
    assert (step_words("comparison"), step_words("odd_step")) == ("comparing", "odd step")


def test_a_name_without_words_is_shown_without_underscores():
    assert parameter_rows({"warm_up": 3, "max_fpr": 0.01}) == [
        ("Warm up", "3"),
        ("Highest false positive rate in validation", "0.01"),
    ]
    assert worded("auc_spread") == "AUC (spread)"


def told(**fields):
    confusion = {"true_positive": 9, "false_positive": 1, "false_negative": 3, "true_negative": 7}
    return ModelRun(threshold_reason="As it was.", metrics={"validation": {"confusion": confusion}}, **fields)


def test_a_threshold_is_explained_by_what_it_does_in_validation():
    words = told(parameters={"max_fpr": 0.2}).threshold_words
    assert "at most 20.0% of the validation crops" in words
    assert "1 of 8 are, and 9 of 12 with the answer yes are found" in words


def test_it_is_explained_in_the_readers_language():
    with translation.override("es"):
        assert told(parameters={"max_fpr": 0.2}).threshold_words.startswith("El más bajo")


def test_the_threshold_of_an_adapted_run_is_explained_by_the_towns_groups():
    run = told(parameters={"max_fpr": 0.2, "adapt_to": {"town": "quake/norte", "crops": 60}})
    run.metrics["separation"] = 3.14
    assert "60 crops of quake/norte" in run.threshold_words
    assert "3.1 standard deviations apart" in run.threshold_words


ADAPTED = {"is_adapted": True, "separation": 4.04, "share": 0.21, "agreement": 0.93, "doubts": []}
LEFT = {
    "is_adapted": False,
    "separation": 2.31,
    "doubts": [
        {"name": "separation", "found": 2.31, "needed": 3.0},
        {"name": "half_separation", "found": 2.06, "needed": 2.5},
        {"name": "share", "found": 0.021, "needed": 0.05},
        {"name": "agreement", "found": 0.4, "needed": 0.8},
        {"name": "of a later version", "found": 1.0, "needed": 2.0},
    ],
}


def to_adapt(found):
    run = told(parameters={"max_fpr": 0.2, "adapt_to": {"town": "quake/norte", "crops": 60}})
    run.metrics |= {"separation": 3.14, "adaptation": found}
    return run


def test_a_run_that_adapted_says_what_spoke_for_it():
    words = to_adapt(ADAPTED).adaptation_words
    assert words == (
        "It adapted to quake/norte: by its scores before, two groups of crops lie 4.0 standard deviations apart there, "
        "21% of the crops are in the smaller, and of the crops that it calls yes before or after, 93% are the same."
    )


def test_a_run_that_was_left_as_it_is_says_why_and_where_its_threshold_comes_from():
    run = to_adapt(LEFT)
    assert run.adaptation_words == (
        "It did not adapt to quake/norte and is as it would be without. "
        "The two groups of its scores there lie 2.31 standard deviations apart; 3.00 are needed. "
        "In half of the crops these groups lie 2.06 standard deviations apart; 2.50 are needed. "
        "The smaller group has 2.1% of the crops; 5.0% are needed. "
        "Of the crops that it would call yes before or after adapting, 40.0% are the same; 80.0% are needed."
    )
    assert "at most 20.0% of the validation crops" in run.threshold_words
    with translation.override("es"):
        assert run.adaptation_words.startswith("No se adaptó a quake/norte")


def test_of_a_run_from_elsewhere_it_is_told_as_there():
    """Its file need not hold what the words are made of."""
    assert told(parameters={"imported": {"site": "Practice"}, "adapt_to": {}}).threshold_words == "As it was."


def test_every_parameter_of_a_training_has_words(run):
    def names(parameters):
        for name, value in parameters.items():
            yield name
            if isinstance(value, dict):
                yield from names(value)

    assert set(names(run.parameters)) <= set(WORDS)
