"""TensorBoard's own reader finds in a log what the run's row says."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from damage.errors import Refused
from damage.work import claims
from training.models import ModelRun
from training.services import train
from training.storing import log_folder_of


@pytest.fixture
def read():
    """The scalars of a run's log by tag, as (step, value); and its hyper-parameters."""

    def reader(run):
        log = EventAccumulator(str(log_folder_of(run)), size_guidance={"scalars": 0})  # all, no sample
        log.Reload()
        scalars = {
            tag: [(event.step, event.value) for event in log.Scalars(tag)] for tag in log.Tags()["scalars"]
        }
        content = log.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        values = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
        return scalars, values

    return reader


def test_losses_stand_there_by_epoch_and_figures_by_part(run, read):
    scalars, _chosen = read(run)
    for part in ("train", "validation"):
        losses = run.metrics["curves"][f"{part}_loss"]
        assert [step for step, _loss in scalars[f"loss/{part}"]] == list(range(1, len(losses) + 1))
        assert [loss for _step, loss in scalars[f"loss/{part}"]] == pytest.approx(losses)
    assert scalars["test/auc"] == [(0, pytest.approx(run.metrics["test"]["auc"]))]
    assert scalars["validation/crops"] == [(0, 24)]
    assert "test/roc" not in scalars


def test_what_was_chosen_can_be_compared(run, read):
    _scalars, chosen = read(run)
    assert chosen["backbone"].string_value == "tiny"
    assert chosen["head.l2"].number_value == run.parameters["head"]["l2"]
    assert chosen["network.is_dense"].bool_value is False
    assert chosen["train_towns"].string_value == "practice-quake/norte"
    assert "per_class" not in chosen  # it was not chosen


def test_a_cancelled_training_leaves_no_log_behind(
    question, training_config, towns, data_folder, monkeypatch
):
    from training import executor

    store = executor.store

    def cancelled_first(run, outcome):
        claims.cancel(ModelRun.objects.get(pk=run.pk), by=None)
        store(run, outcome)

    monkeypatch.setattr(executor, "store", cancelled_first)
    with pytest.raises(claims.ClaimLost):
        train(question, training_config)
    assert list(data_folder.rglob("*tfevents*")) == []


def test_a_training_that_fails_leaves_no_log_behind(
    question, training_config, shared_training, data_folder, monkeypatch
):
    def refuse(run, outcome):
        raise Refused("The disk is full.")

    monkeypatch.setattr("training.storing._store_scores", refuse)
    with pytest.raises(Refused):
        train(question, training_config)
    assert list(data_folder.rglob("*tfevents*")) == []


def test_a_log_that_an_earlier_database_left_there_is_replaced(
    question, training_config, shared_training, read, data_folder
):
    train(question, training_config)
    next_one = log_folder_of(ModelRun(pk=ModelRun.objects.get().pk + 1))
    next_one.mkdir()
    (next_one / "events.out.tfevents.1.old").write_bytes(b"old")
    run = train(question, training_config)
    assert len(list(log_folder_of(run).iterdir())) == 1
    assert read(run)[0]["test/auc"]
