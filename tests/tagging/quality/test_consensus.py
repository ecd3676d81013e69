"""What the crowd says of crops, against hand-computed and published answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from tagging.quality.answers import coded_answers
from tagging.quality.consensus import CrowdPrior, consensus, posterior_of, updated_posterior
from tests.tagging.quality.anaesthetists import CLASS_SHARES, FIRST_ANAESTHETIST, ratings

CLASSES = ("no", "yes")
NOTHING_GRANTED = CrowdPrior(typical_answers=1e-9, crops_of_class=1e-9)
CAREFUL, CARELESS = np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([[0.6, 0.4], [0.3, 0.7]])
INVERTED = np.array([[0.1, 0.9], [0.9, 0.1]])


def test_one_more_answer_moves_a_posterior_by_bayes_rule():
    # 0.5 x 0.1 against 0.5 x 0.8
    assert_allclose(updated_posterior(np.array([0.5, 0.5]), CAREFUL, 1), [1 / 9, 8 / 9])
    # who is always wrong says as much as who is always right
    assert_allclose(updated_posterior(np.array([0.5, 0.5]), INVERTED, 1), [0.9, 0.1])


def test_answers_at_once_and_one_by_one_come_to_the_same():
    shares = np.array([0.9, 0.1])
    # 0.9 x 0.1 x 0.4 = 0.036 against 0.1 x 0.8 x 0.7 = 0.056
    both = posterior_of(shares, np.stack([CAREFUL, CARELESS]), np.array([1, 1]))
    assert_allclose(both, [36 / 92, 56 / 92])
    assert_allclose(updated_posterior(updated_posterior(shares, CARELESS, 1), CAREFUL, 1), both)
    assert_allclose(posterior_of(shares, np.empty((0, 2, 2)), np.empty(0, int)), shares)


def test_the_anaesthetists_of_dawid_and_skene_come_out_as_published():
    found = consensus(coded_answers(ratings(), "1234"), prior=NOTHING_GRANTED)
    assert_allclose(found.class_shares, CLASS_SHARES, atol=0.006)
    assert_allclose(found.confusion[0], FIRST_ANAESTHETIST, atol=0.006)
    # The third patient: the paper is sure of class 2, though the first anaesthetist said 1 twice of three times.
    assert found.posterior[2].argmax() == 1


def test_the_anaesthetists_come_out_as_crowd_kit_has_them():
    aggregation = pytest.importorskip(
        "crowdkit.aggregation", reason="crowd-kit is for development: pip install --no-deps crowd-kit"
    )
    import pandas

    table = pandas.DataFrame(ratings(), columns=["task", "worker", "label"])
    # It takes one answer of a worker for a task; the first anaesthetist's first look, here.
    table = table.drop_duplicates(["task", "worker"])
    theirs = aggregation.DawidSkene(n_iter=500, tol=1e-9).fit_predict_proba(table)[list("1234")]
    answers = coded_answers(table.itertuples(index=False, name=None), "1234")
    found = consensus(answers, prior=NOTHING_GRANTED)
    assert_allclose(found.posterior, theirs.to_numpy(), atol=0.02)


# Two people, one always right and one always wrong, about twelve crops: between themselves a draw.
TRUTH = dict(enumerate(["yes", "no"] * 6))
OTHER = {"yes": "no", "no": "yes"}
DRAW = [(crop, 1, said) for crop, said in TRUTH.items()] + [
    (crop, 2, OTHER[said]) for crop, said in TRUTH.items()
]


def test_gold_answers_tell_who_is_right():
    gold = {crop: TRUTH[crop] for crop in range(6)}
    found = consensus(coded_answers(DRAW, CLASSES), gold)
    labels = [CLASSES[place] for place in found.posterior.argmax(axis=1)]
    assert labels == list(TRUTH.values())
    assert found.is_gold.tolist() == [True] * 6 + [False] * 6
    assert (found.posterior[:6].max(axis=1) == 1).all()
    right, wrong = (found.confusion_of(tagger) for tagger in (1, 2))
    assert np.diagonal(right).min() > 0.7
    assert np.diagonal(wrong).max() < 0.4


def test_without_gold_two_who_always_differ_leave_every_crop_open():
    found = consensus(coded_answers(DRAW, CLASSES))
    assert_allclose(found.posterior, 0.5)


def test_gold_of_another_question_is_an_error():
    with pytest.raises(ValueError, match="water"):
        consensus(coded_answers(DRAW, CLASSES), {1: "water"})


def test_who_says_no_to_everything_tells_nothing():
    careful = [(crop, tagger, "yes" if crop % 4 == 0 else "no") for crop in range(80) for tagger in (1, 2, 3)]
    lazy = [(crop, 9, "no") for crop in range(80)]
    found = consensus(coded_answers(careful + lazy, CLASSES))
    matrix = found.confusion_of(9)
    before = np.array([0.5, 0.5])
    # Both rows say "no": the answer moves nothing much, though it is right three times of four.
    assert abs(updated_posterior(before, matrix, 0)[0] - 0.5) < 0.1
    assert updated_posterior(before, found.confusion_of(1), 0)[0] > 0.9


def test_a_stranger_is_taken_for_a_typical_one():
    found = consensus(coded_answers([], CLASSES))
    # Right in three answers of four, before anybody answered.
    assert_allclose(found.confusion_of(5), [[0.75, 0.25], [0.25, 0.75]])
    assert_allclose(found.class_shares, [0.5, 0.5])
    assert found.posterior.shape == (0, 2)


def test_a_crop_of_which_nobody_could_tell_is_an_average_one():
    triples = [(1, 1, "no"), (1, 2, "no"), (2, 1, "unsure"), (2, 2, "unsure")]
    found = consensus(coded_answers(triples, CLASSES, unsure=["unsure"]))
    assert_allclose(found.posterior[1], found.class_shares, atol=1e-3)


TRIPLES = st.dictionaries(
    st.tuples(st.integers(0, 9), st.integers(0, 5)), st.sampled_from(["none", "some", "much"]), min_size=1
)


@settings(max_examples=50, deadline=None)
@given(TRIPLES, st.permutations(range(10)), st.permutations(range(6)))
def test_numbers_and_order_of_crops_and_taggers_do_not_matter(answers, crop_names, tagger_names):
    triples = [(crop, tagger, answer) for (crop, tagger), answer in answers.items()]
    renamed = [(crop_names[crop], tagger_names[tagger], answer) for crop, tagger, answer in triples[::-1]]
    one, other = (consensus(coded_answers(each, ["none", "some", "much"])) for each in (triples, renamed))
    assert_allclose(one.posterior.sum(axis=1), 1)
    assert (one.posterior > 0).all()
    places = np.searchsorted(other.answers.crop_ids, [crop_names[crop] for crop in one.answers.crop_ids])
    assert_allclose(other.posterior[places], one.posterior, atol=1e-6)
    for tagger in one.answers.tagger_ids:
        assert_allclose(other.confusion_of(tagger_names[tagger]), one.confusion_of(tagger), atol=1e-6)
