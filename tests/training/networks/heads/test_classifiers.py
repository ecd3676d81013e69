"""Support vector machines and forests, and the files in which they are kept."""

import subprocess

import numpy as np
import pytest
from skops.io import dumps

from damage.errors import Refused
from tests.training.clouds import clouds
from training.networks.heads.classifiers import Classifier, classifier_file, learnt_digest, read_classifier
from training.networks.heads.fitted import _folds, as_classifier, forest_head, svm_head
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import softmax_head, standardisation
from training.networks.heads.parameters import (
    ForestParameters,
    HeadParameters,
    SvmParameters,
    head_parameters,
)

FOREST = ForestParameters(trees=20)


def rings(count, *, seed):
    """A ring around a cloud: no line tells them apart."""
    random = np.random.default_rng(seed)
    is_positive = np.arange(count) % 2 == 0
    points = random.normal(size=(count, 2))
    points[is_positive] *= 5 / np.linalg.norm(points[is_positive], axis=1, keepdims=True)
    return Labelled(points.astype(np.float32), is_positive)


def scores(head, labelled):
    return np.asarray(head(labelled.features))[:, 1]


TRAIN, UNSEEN = clouds(120, seed=1, share=0.3), clouds(400, seed=3)
HEADS = {
    "linear": lambda: svm_head(TRAIN, SvmParameters(penalty=0.1), seed=0),
    "rbf": lambda: svm_head(TRAIN, SvmParameters("rbf", 1.0), seed=0),
    "forest": lambda: forest_head(TRAIN, FOREST, seed=0),
    "softmax": lambda: softmax_head(TRAIN, TRAIN, HeadParameters(max_epochs=5))[0],
}


@pytest.mark.parametrize("name", ["linear", "rbf", "forest"])
def test_it_tells_the_clouds_apart(name):
    """The best that can be done at three deviations is 93.3 %."""
    assert ((scores(HEADS[name](), UNSEEN) > 0.5) == UNSEEN.is_positive).mean() > 0.85


def test_a_linear_machine_gives_as_a_layer_what_scikit_learn_gives():
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.svm import SVC

    mean, variance = standardisation(TRAIN.features)
    train, unseen = ((each.features.astype(float) - mean) / np.sqrt(variance * 8) for each in (TRAIN, UNSEEN))
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    machine = CalibratedClassifierCV(SVC(kernel="linear", C=0.1), ensemble=False, cv=folds)
    machine.fit(train, TRAIN.is_positive, sample_weight=TRAIN.weights)
    expected = machine.predict_proba(unseen)[:, 1]
    assert np.abs(scores(HEADS["linear"](), UNSEEN) - expected).max() < 1e-5


def test_a_bent_machine_tells_apart_what_no_line_does():
    train, unseen = rings(100, seed=0), rings(200, seed=1)
    bent = svm_head(train, SvmParameters("rbf", 1.0), seed=0)
    straight = svm_head(train, SvmParameters("linear", 1.0), seed=0)
    assert ((scores(bent, unseen) > 0.5) == unseen.is_positive).mean() > 0.95
    assert ((scores(straight, unseen) > 0.5) == unseen.is_positive).mean() < 0.7


def test_a_forests_scores_are_scikit_learns():
    forest = HEADS["forest"]()
    expected = forest.model.predict_proba(UNSEEN.features)[:, 1]
    assert np.abs(forest.scores(UNSEEN.features) - expected).max() < 1e-7
    assert forest.tolerance == 2 / 20
    with pytest.raises(ValueError, match="expected 8 features"):
        forest.scores(UNSEEN.features[:, :5])


@pytest.mark.parametrize("name", HEADS)
def test_a_file_gives_the_same_scores_and_the_same_seed_the_same_file(name):
    head = HEADS[name]()
    content = classifier_file(as_classifier(head))
    assert np.abs(scores(read_classifier(content), UNSEEN) - scores(head, UNSEEN)).max() < 1e-5
    assert learnt_digest(classifier_file(as_classifier(HEADS[name]()))) == learnt_digest(content)


def test_another_seed_grows_other_trees():
    digests = {learnt_digest(classifier_file(forest_head(TRAIN, FOREST, seed=seed))) for seed in (0, 1)}
    assert len(digests) == 2


def test_no_features_have_no_scores():
    assert HEADS["rbf"]().scores(TRAIN.features[:0]).shape == (0,)


def test_a_file_with_a_strange_type_is_refused_and_nothing_of_it_is_made():
    content = dumps({"model": subprocess.Popen, "slope": 1.0, "offset": 0.0})
    with pytest.raises(Refused, match=r"not scikit-learn's own: subprocess\.Popen.*train again"):
        read_classifier(content)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", dumps({"model": 1.0}), dumps([1, 2])])
def test_a_file_that_is_none_is_refused(content):
    with pytest.raises(Refused, match="cannot be read"):
        read_classifier(content)


@pytest.mark.parametrize(
    ("field", "value"), [("children_left", 10**6), ("children_right", 0), ("feature", 8)]
)
def test_a_tree_whose_branches_lead_nowhere_is_refused(field, value):
    forest = HEADS["forest"]()
    getattr(forest.trees[0], field)[0] = value
    with pytest.raises(Refused, match="lead nowhere"):
        read_classifier(classifier_file(Classifier(forest.model)))


def test_one_crop_of_an_answer_is_too_few_for_a_machine():
    few = Labelled(TRAIN.features[:9], np.arange(9) == 0)
    with pytest.raises(Refused, match="two training crops of either answer"):
        svm_head(few, SvmParameters(), seed=0)


def test_what_shows_one_ground_is_left_out_together():
    """Of 40 crops, 20 have a second image of their ground, as from before the event, with the other answer."""
    random = np.random.default_rng(0)
    is_positive = np.concatenate([np.arange(40) % 2 == 0, np.zeros(20, bool)])
    grounds = np.concatenate([np.arange(40), np.arange(0, 40, 2)])
    pairs = Labelled(random.normal(size=(60, 3)).astype(np.float32), is_positive, grounds=grounds)
    folds = _folds(pairs, 5, seed=0)
    assert sorted(np.concatenate([left_out for _learnt, left_out in folds])) == list(range(60))
    assert not any(set(grounds[learnt]) & set(grounds[left_out]) for learnt, left_out in folds)
    assert all(len(set(is_positive[learnt])) == 2 for learnt, _left_out in folds)
    assert scores(svm_head(pairs, SvmParameters(), seed=0), pairs).shape == (60,)


def test_without_common_ground_crops_are_left_out_as_ever():
    grounds = np.arange(len(TRAIN.features))
    apart = Labelled(TRAIN.features, TRAIN.is_positive, grounds=grounds)
    for ours, before in zip(_folds(apart, 5, seed=0), _folds(TRAIN, 5, seed=0), strict=True):
        assert ours[1].tolist() == before[1].tolist()


def test_a_machine_that_hardly_learns_is_not_turned_round():
    """So small a penalty makes every fold say what most of its crops are, and the crops left out are of the other."""
    meek = svm_head(TRAIN, SvmParameters(penalty=1e-7), seed=0)
    told = scores(meek, UNSEEN)
    assert told[UNSEEN.is_positive].mean() > told[~UNSEEN.is_positive].mean()


def test_on_classical_features_the_machine_is_bent():
    assert head_parameters("svm", is_classical=True).kernel == "rbf"
    assert head_parameters("svm", is_classical=False).kernel == "linear"
