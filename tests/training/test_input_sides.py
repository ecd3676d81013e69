"""The side at which a run's network sees windows: measured once, kept, and said."""

from dataclasses import replace

import pytest

from tests.training.short_lite import SHORT_LITE, short_lite_known
from training.config import TrainingConfig
from training.evaluation import input_side
from training.networks.backbones.registry import BACKBONES
from training.services import train


@pytest.fixture
def config(monkeypatch):
    """A dense backbone that may see windows at 96 or 128 px, and few answers that suffice."""
    with short_lite_known() as name:
        monkeypatch.setitem(BACKBONES, name, replace(SHORT_LITE, size_px=128))
        monkeypatch.setattr(input_side, "MOST_TIMES_LARGER", 4.0)
        monkeypatch.setattr(input_side, "LEAST_ANSWERS", 5)
        yield TrainingConfig(backbone=name, train_towns=["Norte", "Este"])


def test_the_smallest_side_that_does_as_well_is_measured_once_for_the_same_towns(
    question, towns, config, monkeypatch
):
    run = train(question, config)
    measured = run.parameters["input_side"]
    assert set(measured["auc"]) == {"96", "128"}
    assert all(auc > 0.9 for auc in measured["auc"].values())
    best = max(measured["auc"].values())
    expected = 96 if measured["auc"]["96"] >= best - 0.003 else 128
    assert (measured["side_px"], run.parameters["network"]["window_px"]) == (expected, expected)
    monkeypatch.setattr("training.executor.choose_side", lambda *args: pytest.fail("it was measured before"))
    again = train(question, config)
    assert again.parameters["input_side"] == measured
    assert again.parameters["features"] == run.parameters["features"]

    def measure(*args):
        raise InterruptedError("measured")

    monkeypatch.setattr("training.executor.choose_side", measure)
    with pytest.raises(InterruptedError, match="measured"):
        train(question, replace(config, train_towns=["Norte", "Sur"]))


@pytest.mark.one_database  # costs much, for its network, and looks for no earlier training
def test_a_side_that_was_asked_for_is_not_measured(question, towns, config, monkeypatch):
    monkeypatch.setattr("training.executor.choose_side", lambda *args: pytest.fail("128 was asked for"))
    run = train(question, replace(config, network_px=128))
    assert (run.parameters["input_side"], run.parameters["network"]["window_px"]) == (None, 128)


def test_of_too_few_answers_nothing_is_measured(question, towns, config, monkeypatch):
    monkeypatch.setattr(input_side, "LEAST_ANSWERS", 100)
    run = train(question, config)
    assert run.parameters["input_side"] == {"side_px": 128, "auc": {}}

    def measure(*args):
        raise InterruptedError("measured")

    monkeypatch.setattr("training.executor.choose_side", measure)
    with pytest.raises(InterruptedError, match="measured"):  # once more are tagged it is tried again
        train(question, config)
