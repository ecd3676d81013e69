"""What is prepared once for a backbone, and loaded before a training is asked for."""

import shutil

import pytest

from damage.work.claims import Report
from tests.training.conftest import TINY
from training.data.features import NETWORKS, feature_source
from training.networks.kept_networks import Export
from training.services import train
from training.warming import MODULES, loads_of_a_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def steps(monkeypatch):
    """The names of the steps that work tells."""
    told, step = [], Report.step

    def noted(report, name):
        told.append(name)
        return step(report, name)

    monkeypatch.setattr(Report, "step", noted)
    return told


def test_only_the_first_training_of_a_backbone_prepares_the_network(question, training_config, towns, steps):
    feature_source.cache_clear()
    train(question, training_config)
    assert steps == ["network", "features"]
    train(question, training_config)
    assert steps == ["network", "features", "features"]


def test_where_nothing_was_trained_nothing_is_loaded(question):
    assert list(loads_of_a_training()) == []


def test_what_is_loaded_is_what_the_next_training_takes(
    question, training_config, towns, settings, monkeypatch
):
    train(question, training_config)
    feature_source.cache_clear()
    loads = list(loads_of_a_training())
    assert len(loads) == len(MODULES) + 1  # a template is no part of this backbone's models
    for load in loads:
        load()
    assert feature_source.cache_info()[:2] == (0, 1)  # opened, and not found open
    shutil.rmtree(settings.DATA_DIR / "features" / TINY.recipe_id)
    train(question, training_config)
    assert feature_source.cache_info()[:2] == (1, 1)
    monkeypatch.setattr(Export, "is_kept", lambda export, folder: True)
    assert len(list(loads_of_a_training())) == len(MODULES) + 2


def test_networks_that_are_not_kept_are_not_made(question, training_config, towns, settings):
    train(question, training_config)
    shutil.rmtree(settings.DATA_DIR / "features" / NETWORKS)
    assert len(list(loads_of_a_training())) == len(MODULES)


def test_a_backbone_of_another_version_is_left_alone(question, training_config, towns):
    run = train(question, training_config)
    run.backbone = "mobilenet-of-old"
    run.save()
    assert len(list(loads_of_a_training())) == len(MODULES)
