"""The last blocks learn along: what changes, what stays, and what is stored."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from damage.errors import Refused
from damage.work import claims
from tests.training.short_lite import SHORT_LITE, TUNABLE_BLOCKS, short_lite_known
from training.config import TrainingConfig
from training.inference import load_engine
from training.models import ModelRun
from training.networks.backbones import registry
from training.networks.backbones.registry import BACKBONES, MOST_TUNED_BLOCKS, find_backbone
from training.registry.exchange import export_model, import_model
from training.report.labels import WORDS
from training.reproduction import reproduce
from training.services import cancel, train
from training.storing import log_folder_of


@pytest.fixture(autouse=True)
def short_lite():
    """The name of a backbone like the real ones, and quick."""
    with short_lite_known() as name:
        yield name


@pytest.fixture
def tuned_config(short_lite):
    return TrainingConfig(
        backbone=short_lite,
        train_towns=["Norte"],
        validation_towns=["Este"],
        test_towns=["Sur"],
        per_class=6,
        head="logistic-regression",
        augment="sampled",
        copies=2,
        fine_tune_blocks=2,
    )


@pytest.fixture(scope="module")
def squares(ground_of):
    """Six squares of rubble and six of plain ground."""
    return np.stack([ground_of(number, noisy=number < 6) for number in range(12)])


@pytest.fixture(scope="module")
def ground_of():
    def square(seed, *, noisy):
        random = np.random.default_rng(seed)
        light = random.integers(60, 190, 3) + random.normal(0, 45 if noisy else 3, (64, 64, 3))
        return np.clip(light, 0, 255).astype(np.uint8)

    return square


@pytest.fixture
def lite():
    """The backbone's network."""
    from training.networks.backbones.building import lite_network
    from training.networks.backbones.weights import weights_path

    return lite_network(SHORT_LITE, weights_path(SHORT_LITE, None))


@pytest.fixture
def tune(squares, tmp_path):
    """Fine-tune on the squares, from a head trained on their features."""
    from training.networks.backbones.building import feature_extractor
    from training.networks.fine_tuning import Pictures, finetuned
    from training.networks.heads.labelled import Labelled
    from training.networks.heads.linear import logistic_head
    from training.networks.heads.parameters import LogisticParameters, TuningParameters

    answers = np.arange(12) < 6
    features = feature_extractor(SHORT_LITE)(
        np.stack([SHORT_LITE.prepared(square) for square in squares])
    ).numpy()

    def tuned(**parameters):
        head = logistic_head(Labelled(features, answers), LogisticParameters())
        before = np.asarray(head(features))[:, 1]
        part = Pictures([partial(SHORT_LITE.prepared, square) for square in squares], answers)
        outcome = finetuned(
            {"train": part, "validation": part},
            SHORT_LITE,
            head,
            TuningParameters(**parameters),
            seed=1,
            scratch_dir=tmp_path,
        )
        return outcome, before

    return tuned


@pytest.mark.parametrize(
    "blocks", [1, 2, TUNABLE_BLOCKS], ids=["last map alone", "two maps", "as many as can"]
)
def test_cut_in_two_the_network_gives_the_same_features(lite, squares, blocks):
    from training.networks.backbones.building import feature_extractor
    from training.networks.fine_tuning import split

    trunk, tail = split(lite, SHORT_LITE, blocks)
    pixels = np.stack([SHORT_LITE.prepared(square) for square in squares[:2]])
    expected = feature_extractor(SHORT_LITE)(pixels).numpy()
    assert np.abs(tail(trunk(pixels)).numpy() - expected).max() < 1e-4


def test_only_convolutions_after_the_cut_learn(lite):
    """By the architecture: block 6, the last, has three convolutions, and one comes after it."""
    from training.networks.fine_tuning import split

    _trunk, tail = split(lite, SHORT_LITE, 1)
    assert [variable.path.split("/")[-2] for variable in tail.trainable_variables] == [
        "block6_expand_conv",
        "block6_depthwise_conv",
        "block6_project_conv",
        "head_conv",
    ]


@pytest.mark.parametrize("name", ["efficientnet-lite0", "efficientnet-lite1", "efficientnet-lite2"])
def test_as_many_blocks_can_learn_as_come_after_the_map_of_edges(name):
    from training.networks.backbones.building import LITE
    from training.networks.backbones.efficientnet_lite import efficientnet_lite
    from training.networks.fine_tuning import split

    backbone, most = find_backbone(name), MOST_TUNED_BLOCKS[name]
    split(efficientnet_lite(*LITE[name], None), backbone, most)
    with pytest.raises(ValueError, match="edges"):
        split(efficientnet_lite(*LITE[name], None), backbone, most + 1)


def test_learning_lowers_the_loss_and_changes_nothing_before_the_cut(tune, lite):
    outcome, _before = tune(blocks=2, learning_rate=1e-5, max_epochs=2)
    losses = outcome.described["curves"]["validation_loss"]
    assert 1 <= outcome.course.best_epoch <= 2
    assert min(losses) < outcome.loss_before
    for layer in lite.layers:
        learnt = layer.name.startswith(("block5", "block6", "head")) and layer.name.endswith("_conv")
        same = all(
            np.array_equal(ours, theirs)
            for ours, theirs in zip(
                layer.get_weights(), outcome.network.get_layer(layer.name).get_weights(), strict=True
            )
        )
        assert same != learnt, layer.name


def test_where_no_step_helps_nothing_is_changed(tune):
    outcome, before = tune(blocks=1, learning_rate=0.0, max_epochs=5, patience=2)
    assert outcome.course.best_epoch == 0
    assert len(outcome.course.validation_losses) == 2  # then it had seen enough
    assert outcome.loss_before == pytest.approx(
        -np.mean(np.log(np.where(np.arange(12) < 6, before, 1 - before))), abs=1e-4
    )
    assert np.abs(outcome.scores["train"] - before).max() < 1e-4


def test_a_fine_tuned_run_is_a_dense_model_with_words_and_curves_and_can_be_done_again(
    question, towns, tuned_config, squares
):
    run = train(question, tuned_config)
    assert run.parameters["fine_tune_blocks"] == 2
    assert run.parameters["fine_tuning"]["blocks"] == 2
    assert run.parameters["fine_tuning"]["learning_rate"] > 0
    assert run.parameters["network"]["is_dense"]
    epochs = len(run.metrics["curves"]["train_loss"])
    assert epochs == len(run.metrics["curves"]["validation_loss"]) >= 1
    assert run.metrics["best_epoch"] <= epochs
    assert run.metrics["fine_tuning"]["validation_loss_before"] > 0
    assert run.metrics["test"]["auc"] > 0.9
    scores = load_engine(run).scores(squares)
    assert (scores[:6] > 0.5).sum() >= 5
    assert (scores[6:] < 0.5).sum() >= 5
    assert set(_names(run.parameters)) <= set(WORDS)
    log = EventAccumulator(str(log_folder_of(run)))
    log.Reload()
    for part in ("train", "validation"):
        losses = [event.value for event in log.Scalars(f"loss/{part}")]
        assert losses == pytest.approx(run.metrics["curves"][f"{part}_loss"])
    again = reproduce(run)
    assert (again.is_equal, again.same_weights) == (True, True)


def test_a_fine_tuned_model_travels_and_its_network_comes_from_no_template(
    question, towns, tuned_config, squares, tmp_path, monkeypatch
):
    def no_template(*_args):
        raise AssertionError("made from a template")

    monkeypatch.setattr("training.networks.export_template.export_template", no_template)
    run = train(question, tuned_config)
    path = tmp_path / "tuned.damage-model"
    export_model(run, path)
    imported = import_model(path, question).run
    assert np.array_equal(load_engine(imported).scores(squares), load_engine(run).scores(squares))
    assert imported.parameters["fine_tuning"] == run.parameters["fine_tuning"]


def _names(parameters):
    for name, value in parameters.items():
        yield name
        if isinstance(value, dict):
            yield from _names(value)


def test_cancelled_between_two_batches_it_leaves_nothing(
    question, towns, tuned_config, site_admin, data_folder, monkeypatch
):
    monkeypatch.setattr(claims, "SECONDS_BETWEEN_REPORTS", 0.0)
    steps = []

    def cancel_it(done, total):
        run = ModelRun.objects.get()
        steps.append(run.step)
        # 60 crops, and 16 as they are for comparison, go through the trunk once, then the 12 of the training part.
        if run.step == "fine-tuning" and done == 88 and run.can_cancel:
            cancel(run, by=site_admin)

    with pytest.raises(claims.ClaimLost, match="Cancelled by"):
        train(question, tuned_config, progress=cancel_it)
    run = ModelRun.objects.get()
    assert (run.status, run.files.count(), run.metrics) == ("cancelled", 0, {})
    assert steps[-1] == "fine-tuning"
    kept = {path.suffix for path in (data_folder / "features").rglob("*") if path.is_file()}
    assert kept == {".npy", ".network"}  # features of crops, and the network that gave them


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"backbone": "resnet50", "fine_tune_blocks": 1},
            r"resnet50 cannot be fine-tuned.*efficientnet-lite0",
        ),
        ({"backbone": "efficientnet-lite2-turned", "fine_tune_blocks": 1}, "turned cannot be fine-tuned"),
        ({"backbone": "hog", "fine_tune_blocks": 1}, r"hog cannot be fine-tuned"),
        ({"fine_tune_blocks": 4}, r"4 blocks of short-lite.*1 to 3"),
        ({"fine_tune_blocks": -1}, "-1 blocks"),
        ({"head": "svm"}, r"do not go with the head svm.*softmax"),
        ({"head": "random-forest", "fine_tune_blocks": 0}, r"Copies.*do not go with the head random-forest"),
    ],
)
def test_what_cannot_be_fine_tuned_is_refused_before_any_row(question, towns, tuned_config, changes, words):
    with pytest.raises(Refused, match=words):
        train(question, replace(tuned_config, **changes))
    assert not ModelRun.objects.exists()


def test_every_backbone_that_can_be_fine_tuned_is_there():
    assert set(registry.MOST_TUNED_BLOCKS) <= set(BACKBONES)


def test_the_command_says_when_nothing_was_gained():
    from training.management.commands.train import tuning_words

    assert "left as it was" in tuning_words(0, 0.5)
    assert tuning_words(2, 0.5) == "Fine-tuning: epoch 2 was the best (validation loss before it: 0.500)."
