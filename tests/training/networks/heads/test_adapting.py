"""Whether a model is to go on learning in a town without answers."""

from dataclasses import replace

import numpy as np
import pytest

from damage.errors import Refused
from training.networks.heads import adapting
from training.networks.heads.adapting import (
    Doubt,
    Evidence,
    adapted_if_it_helps,
    doubts,
    evidence_before,
    jaccard_index,
)
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import logistic_head
from training.networks.heads.parameters import LogisticParameters, SvmParameters
from training.networks.heads.self_training import SelfTrained

PARAMETERS = LogisticParameters(inverse_l2=0.1)
# Two groups as far apart as these are told apart by the first axis alone.
APART = 4.5
ENOUGH = Evidence(separation=3.0, half_separation=2.5, share=0.05, agreement=0.8)


def town(count, *, damaged, seed, moved=0.0):
    """Points of which so many are damaged, which moves the first axis alone; `moved` moves every point along it."""
    random = np.random.default_rng(seed)
    is_positive = random.permutation(count) < damaged
    features = random.normal(size=(count, 6))
    features[:, 0] += APART * is_positive + moved
    return Labelled(features.astype(np.float32), is_positive)


def balanced_accuracy(is_positive, called):
    return (called[is_positive].mean() + 1 - called[~is_positive].mean()) / 2


@pytest.fixture(scope="module")
def tagged():
    return town(200, damaged=80, seed=1)


def test_just_enough_evidence_leaves_no_doubt():
    assert doubts(ENOUGH) == []
    assert doubts(replace(ENOUGH, agreement=None)) == []


@pytest.mark.parametrize(
    ("name", "found", "needed"),
    [
        ("separation", 2.99, 3.0),
        ("half_separation", 2.49, 2.5),
        ("share", 0.049, 0.05),
        ("agreement", 0.79, 0.8),
    ],
)
def test_each_piece_of_evidence_can_stop_it_alone(name, found, needed):
    assert doubts(replace(ENOUGH, **{name: found})) == [Doubt(name, found, needed)]


def test_the_jaccard_index_is_what_both_hold_of_what_either_holds():
    first, second = np.array([1, 1, 1, 0, 0], bool), np.array([0, 1, 1, 1, 0], bool)
    assert jaccard_index(first, second) == 2 / 4
    assert jaccard_index(np.zeros(3, bool), np.zeros(3, bool)) == 0.0


def test_the_smaller_group_is_the_one_that_counts_whichever_lies_higher():
    """A tenth of 400 scores lies six deviations higher, or lower."""
    random = np.random.default_rng(2)
    few = np.arange(400) % 10 == 0
    few = few[random.permutation(400)]
    for sign in (1, -1):
        evidence = evidence_before(random.normal(size=400) + 6.0 * sign * few)
        assert evidence.share == pytest.approx(0.1, abs=0.01)
        assert evidence.separation == pytest.approx(6, abs=0.4)
        assert evidence.half_separation == pytest.approx(6, abs=0.6)


@pytest.mark.parametrize("count_damaged", [0, 1, 10])
def test_where_damage_is_rare_or_absent_the_model_is_left_as_it_is(tagged, count_damaged):
    """Of a thousand crops none, one or ten: whatever the groups are, the smaller is none of damage."""
    found = adapted_if_it_helps(tagged, town(1000, damaged=count_damaged, seed=3).features, PARAMETERS)
    assert found.adapted is None
    assert {doubt.name for doubt in found.doubts} & {"separation", "share"}
    assert found.evidence.agreement is None


@pytest.mark.parametrize("count_damaged", [100, 500])
@pytest.mark.parametrize("moved", [0.0, 2.0])
def test_where_damage_makes_a_group_of_its_own_the_model_follows_the_town(tagged, count_damaged, moved):
    """Groups 4.5 apart overlap by 1 %; cut where the tagged town was, a town moved by 2 is told far worse."""
    new = town(1000, damaged=count_damaged, seed=4, moved=moved)
    found = adapted_if_it_helps(tagged, new.features, PARAMETERS)
    assert found.doubts == []
    plain = balanced_accuracy(new.is_positive, logistic_head(tagged, PARAMETERS).logits(new.features) >= 0)
    adapted = balanced_accuracy(new.is_positive, found.adapted.called)
    assert adapted == pytest.approx(0.985, abs=0.012)
    assert adapted >= plain + (0.05 if moved else -0.01)


def test_groups_that_turn_into_others_while_learning_are_not_followed(tagged, monkeypatch):
    """Of the 150 that made the higher group before, only half lie there afterwards: an index of a half."""
    new = town(600, damaged=150, seed=5)
    half = new.is_positive & (np.cumsum(new.is_positive) <= 75)
    head = logistic_head(tagged, PARAMETERS)
    elsewhere = SelfTrained(head, 0.5, 6.0, np.where(half, 3.0, -3.0))
    monkeypatch.setattr(adapting, "self_trained", lambda *args: elsewhere)
    found = adapted_if_it_helps(tagged, new.features, PARAMETERS)
    assert found.adapted is None
    (doubt,) = found.doubts
    assert doubt.name == "agreement"
    assert doubt.found == pytest.approx(0.5, abs=0.03)


def test_groups_that_are_lost_while_learning_are_not_followed(tagged, monkeypatch):
    def lost(*args):
        raise Refused("The town's crops do not part into two groups.")

    monkeypatch.setattr(adapting, "self_trained", lost)
    found = adapted_if_it_helps(tagged, town(600, damaged=150, seed=5).features, PARAMETERS)
    assert found.adapted is None
    assert found.doubts == [Doubt("agreement", 0.0, 0.8)]


def test_scores_that_are_all_the_same_are_no_groups(tagged):
    found = adapted_if_it_helps(tagged, np.zeros((60, 6), np.float32), PARAMETERS)
    assert found.adapted is None
    assert found.record["is_adapted"] is False
    assert [doubt["name"] for doubt in found.record["doubts"]] == ["separation", "half_separation", "share"]


def test_what_cannot_be_decided_on_is_refused(tagged):
    with pytest.raises(Refused, match="49 crops are too few"):
        adapted_if_it_helps(tagged, town(49, damaged=20, seed=7).features, PARAMETERS)
    with pytest.raises(TypeError, match="only a logistic regression"):
        adapted_if_it_helps(tagged, town(60, damaged=20, seed=7).features, SvmParameters())
