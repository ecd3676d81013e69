"""Learning on in a town without answers."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from damage.errors import Refused
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import logistic_head
from training.networks.heads.parameters import LogisticParameters
from training.networks.heads.self_training import self_trained

PARAMETERS = LogisticParameters(inverse_l2=0.1)


def town(count, *, seed, second=0.0, moved=0.0, share=0.4):
    """Points whose first axis tells yes from no by three deviations and the second by `second`; all axes `moved`."""
    random = np.random.default_rng(seed)
    is_positive = random.random(count) < share
    features = random.normal(size=(count, 6))
    features[:, 0] += 3 * is_positive
    features[:, 1] += second * is_positive
    return Labelled((features + moved).astype(np.float32), is_positive)


def logits(head, rows):
    weights, bias = head.folded()
    return rows.features @ weights + bias


@pytest.fixture(scope="module")
def tagged():
    return town(200, seed=1)


def test_it_learns_what_only_the_new_town_shows(tagged):
    """There a second sign goes with damage, which no tagged crop could tell."""
    new = town(600, seed=2, second=3.0)
    before = roc_auc_score(new.is_positive, logits(logistic_head(tagged, PARAMETERS), new))
    after = roc_auc_score(new.is_positive, logits(self_trained(tagged, new.features, PARAMETERS).head, new))
    # Of pairs of yes and no in the wrong order (1.7 % by the first axis alone, 0.1 % by both) half are gone.
    assert 1 - after < (1 - before) / 2


def test_the_threshold_follows_a_town_that_looks_different_as_a_whole(tagged):
    """Every axis lies 1.5 higher there: at one half nearly all would be called damage."""
    new = town(600, seed=3, second=3.0, moved=1.5)
    found = self_trained(tagged, new.features, PARAMETERS)
    score = 1 / (1 + np.exp(-logits(found.head, new)))
    called = score >= found.threshold
    at_half = logits(logistic_head(tagged, PARAMETERS), new) >= 0
    assert (at_half == new.is_positive).mean() < 0.75
    assert (called == new.is_positive).mean() > 0.9
    assert found.separation > 2


def test_answers_of_the_new_town_cannot_matter_as_they_are_not_given(tagged):
    """The same features give the same head, to the last bit."""
    new = town(200, seed=4, second=3.0).features
    first, again = (self_trained(tagged, new, PARAMETERS) for _ in range(2))
    assert np.array_equal(first.head.folded()[0], again.head.folded()[0])
    assert first.threshold == again.threshold


def test_a_town_of_one_kind_is_refused(tagged):
    """Nothing there looks damaged: guesses would tear one group in two."""
    with pytest.raises(Refused, match="do not part into two groups"):
        self_trained(tagged, town(400, seed=5, share=0.0).features, PARAMETERS)


def test_too_few_crops_are_refused(tagged):
    with pytest.raises(Refused, match="49 crops are too few"):
        self_trained(tagged, town(49, seed=6).features, PARAMETERS)
