"""Many small trainings by one code path."""

import io
import json
from dataclasses import replace

import pytest
from django.core.management import call_command

from damage.errors import Refused
from training.experiments.cross_validation import (
    ExperimentConfig,
    TrainingConfigs,
    compare_recipes,
    cross_towns,
    learning_curve,
)
from training.models import Experiment, ModelFile, ModelRun
from training.services import train

TOWNS = ["Norte", "Este", "Sur"]


@pytest.fixture
def experiment_config(tiny, towns):
    return ExperimentConfig(towns=TOWNS, backbone=tiny, head="softmax", max_fpr=0.0)


def test_towns_are_crossed_every_way_with_mean_and_spread(question, experiment_config):
    experiment = cross_towns(question, experiment_config)
    assert experiment.status == "done"
    columns, rows = experiment.results["columns"], experiment.results["rows"]
    assert len(rows) == 6 + 2
    assert len({tuple(row[:3]) for row in rows[:6]}) == 6
    auc = columns.index("auc")
    values = [row[auc] for row in rows[:6]]
    assert rows[6][auc] == pytest.approx(sum(values) / 6)
    assert [row[0] for row in rows[6:]] == ["mean", "spread"]


def test_an_experiment_measures_what_a_training_would(question, experiment_config, training_config):
    """One code path: the same towns and seed give the training's own metrics."""
    run = train(question, training_config)
    rows = cross_towns(question, experiment_config).results["trials"]
    same = next(row for row in rows if [row["train"], row["validation"], row["test"]] == TOWNS)
    for name in ("auc", "balanced_accuracy", "precision", "recall"):
        assert same[name] == pytest.approx(run.metrics["test"][name])
    assert same["threshold"] == pytest.approx(run.threshold)


def test_a_learning_curve_stands_beside_the_thesis(question, experiment_config):
    experiment = learning_curve(question, replace(experiment_config, counts=[12, 20], seeds=[0, 1]))
    columns, rows = experiment.results["columns"], experiment.results["rows"]
    assert [row[0] for row in rows] == [12, 20]
    assert [row[columns.index("thesis")] for row in rows] == [None, 0.73]
    assert [row[columns.index("trainings")] for row in rows] == [12, 12]  # six ways, two seeds


@pytest.fixture
def compared(tiny, towns):
    features = [tiny, "channel-means-deviations"]
    return TrainingConfigs(towns=TOWNS, backbones=features, heads=["logistic-regression", "svm"])


def test_recipes_are_compared_on_the_same_ways_round(question, compared, experiment_config):
    experiment = compare_recipes(question, compared)
    assert (experiment.status, experiment.kind) == ("done", "compare_recipes")
    columns, rows = experiment.results["columns"], experiment.results["rows"]
    assert [row[:2] for row in rows] == [
        ["tiny", "logistic-regression"], ["tiny", "svm"],
        ["channel-means-deviations", "logistic-regression"], ["channel-means-deviations", "svm"],
    ]  # fmt: skip
    assert [row[columns.index("trainings")] for row in rows] == [6, 6, 6, 6]
    alone = cross_towns(question, replace(experiment_config, head="svm")).results
    for name in ("auc", "balanced_accuracy", "balanced_accuracy_at_half"):
        mean, spread = (row[alone["columns"].index(name)] for row in alone["rows"][-2:])
        assert rows[1][columns.index(name)] == pytest.approx(mean)
        assert rows[1][columns.index(f"{name}_spread")] == pytest.approx(spread)
    assert set(experiment.parameters["features"]) == {"tiny", "channel-means-deviations"}


def test_recipes_may_be_compared_one_way_alone(question, compared):
    trials = compare_recipes(question, replace(compared, one_way=True, heads=["svm"])).results["trials"]
    assert [[row[name] for name in ("train", "validation", "test")] for row in trials] == [TOWNS, TOWNS]


def test_the_command_prints_a_line_for_each_recipe(question, compared):
    out = io.StringIO()
    options = ("--question", "damage", *(word for town in TOWNS for word in ("--town", town)), "--one-way")
    names = ("--backbones", "channel-means", "--heads", "svm", "logistic-regression")
    call_command("compare_recipes", *options, *names, stdout=out)
    assert "| channel-means | svm |" in out.getvalue()
    assert "| channel-means | logistic-regression |" in out.getvalue()


def test_a_recipe_that_is_unknown_is_refused_before_any_work(question, compared):
    with pytest.raises(Refused, match="no backbone 'sift'"):
        compare_recipes(question, replace(compared, backbones=["sift"]))
    with pytest.raises(Refused, match="no head hydra"):
        compare_recipes(question, replace(compared, heads=["svm", "hydra"]))
    with pytest.raises(Refused, match="Name a backbone"):
        compare_recipes(question, replace(compared, heads=[]))
    assert not Experiment.objects.exists()


def test_a_count_that_no_town_has_is_said_and_the_rest_is_done(question, experiment_config):
    out = io.StringIO()
    options = ("--question", "damage", *(word for town in TOWNS for word in ("--town", town)), "--seeds", "1")
    call_command(
        "learning_curve",
        *options,
        "--backbone",
        experiment_config.backbone,
        "--crops",
        "12",
        "400",
        stdout=out,
    )
    assert "| 400 | – | – |" in out.getvalue()
    assert "Left out: 200 crops per class cannot be drawn" in out.getvalue()


def test_the_table_comes_as_json(question, experiment_config):
    out = io.StringIO()
    options = ("--question", "damage", *(word for town in TOWNS for word in ("--town", town)))
    call_command("cross_towns", *options, "--backbone", experiment_config.backbone, "--json", stdout=out)
    assert json.loads(out.getvalue())["experiment"] == Experiment.objects.get().pk


def test_no_model_comes_of_an_experiment(question, experiment_config):
    cross_towns(question, experiment_config)
    assert (ModelRun.objects.count(), ModelFile.objects.count()) == (0, 0)


def test_what_cannot_work_is_refused_before_any_work(question, experiment_config):
    with pytest.raises(Refused, match="Three towns"):
        cross_towns(question, replace(experiment_config, towns=TOWNS[:2]))
    with pytest.raises(Refused, match="no town"):
        cross_towns(question, replace(experiment_config, towns=[*TOWNS, "Atlantis"]))
    with pytest.raises(Refused, match="how many crops"):
        learning_curve(question, experiment_config)
    assert not Experiment.objects.exists()


def test_when_nothing_can_be_trained_the_experiment_fails_with_the_reason(question, experiment_config):
    with pytest.raises(Refused, match="cannot be drawn"):
        learning_curve(question, replace(experiment_config, counts=[4000]))
    assert Experiment.objects.get().status == "failed"
