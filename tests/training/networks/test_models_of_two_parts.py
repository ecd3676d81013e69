"""Trainings whose head is no part of a network, and their models at work."""

import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from django.urls import reverse

from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.ingestion.rasters import read_square
from tagging.services import image_bytes
from tests.training.short_lite import SHORT_LITE, short_lite_known
from training import inference
from training.data.crop_files import CropCopy, CropImage, read_pixels
from training.inference import answer_for_window, load_engine, load_keras_engine, model_content
from training.models import ModelFile, ModelRun
from training.networks import kinds
from training.networks.agreement import EnginesDisagree
from training.networks.heads.parameters import HEADS, ForestParameters
from training.networks.resize import resized
from training.registry.comparison import comparison
from training.registry.exchange import export_model
from training.reproduction import reproduce
from training.services import train


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Few trees, and no model of another test's run of the same number."""
    monkeypatch.setitem(HEADS, "random-forest", lambda: ForestParameters(trees=25))
    inference._openvino_engine.cache_clear()


def windows_and_scores(run, engine):
    rows = list(run.crops_of("test"))
    squares = [read_pixels(CropImage(row.crop.sha256, lambda row=row: image_bytes(row.crop))) for row in rows]
    windows = np.stack([resized(square, engine.input_size_px) for square in squares])
    return windows, np.array([row.score for row in rows])


@pytest.mark.parametrize(
    ("features", "head", "kinds"),
    [
        ("tiny", "svm", {"keras", "openvino_xml", "openvino_bin"}),
        ("tiny", "random-forest", {"openvino_xml", "openvino_bin", "skops"}),
        ("hog", "svm", {"skops"}),
        ("lbp", "random-forest", {"skops"}),
        ("channel-means-deviations", "softmax", {"skops"}),
        ("channel-means-deviations", "logistic-regression", {"skops"}),
    ],
)
def test_it_is_trained_kept_and_scores_as_its_training_did(
    question, towns, training_config, features, head, kinds
):
    run = train(question, replace(training_config, backbone=features, head=head))
    assert (run.status, set(run.files.values_list("kind", flat=True))) == ("done", kinds)
    assert run.metrics["test"]["auc"] > 0.9
    engine = load_engine(run)
    windows, recorded = windows_and_scores(run, engine)
    assert np.abs(engine.scores(windows) - recorded).max() < 1e-3
    assert engine.scores(windows[:0]).shape == (0,)


@pytest.fixture
def forest(question, towns, training_config):
    return train(question, replace(training_config, head="random-forest"))


def test_the_row_says_how_the_head_was_grown_and_that_it_stands_apart(forest):
    assert forest.parameters["head"] == {"trees": 25, "least_in_leaf": 1}
    assert forest.parameters["network"] == {
        "window_px": 32, "is_dense": False, "is_headed": True, "is_classical": False,
    }  # fmt: skip


def test_a_forest_answers_and_is_compared(forest, scene, question):
    ModelRun.objects.filter(pk=forest.pk).update(stage="promoted")
    rubble, ground = (
        answer_for_window(CropCopy("", partial(read_square, scene.path, x, 0, 32)), question).score
        for x in (0, 32)
    )
    assert rubble > ground
    (metrics,) = comparison(forest, None)["towns"].values()
    assert metrics["candidate"]["auc"] > 0.9


def test_a_forest_trained_again_is_equal_to_the_last_tree(forest):
    found = reproduce(forest)
    assert (found.is_equal, found.same_weights) == (True, True)


def test_keras_is_refused_with_what_to_do(forest):
    with pytest.raises(Refused, match=r"Keras cannot open it.*Leave out --engine keras"):
        load_keras_engine(forest)


def test_a_changed_head_is_not_loaded(forest):
    row = forest.files.get(kind=ModelFile.Kind.SKOPS)
    with row.file.storage.open(row.file.name, "ab") as file:
        file.write(b"more")
    with pytest.raises(Refused, match="not the one that training made"):
        load_engine(forest)


def test_features_that_are_measured_otherwise_by_now_are_refused(question, towns, training_config):
    run = train(question, replace(training_config, backbone="channel-means-deviations", head="softmax"))
    run.parameters["features"] = "channel-means-0123456789ab"
    run.save()
    with pytest.raises(Refused, match=r"not measured this way any more.*Train it again"):
        load_engine(run)


def test_a_head_that_scores_otherwise_when_it_is_opened_again_is_refused(
    question, towns, training_config, monkeypatch
):
    check = kinds.check_scores

    def of_others(name, engine, windows, scores, tolerance):
        check(name, engine, windows, scores + 0.2, tolerance)

    monkeypatch.setattr(kinds, "check_scores", of_others)
    with pytest.raises(EnginesDisagree, match=r"features and head differ .* by 0\.2"):
        train(question, replace(training_config, head="random-forest"))
    assert not ModelFile.objects.exists()


@pytest.mark.parametrize(
    ("features", "head"), [("tiny", "random-forest"), ("channel-means-deviations", "svm")]
)
def test_a_process_that_predicts_needs_neither_tensorflow_nor_django(
    question, towns, training_config, features, head, tmp_path
):
    run = train(question, replace(training_config, backbone=features, head=head))
    (tmp_path / "model").write_bytes(model_content(run, "openvino"))
    code = (
        "import hashlib, sys; from pathlib import Path; import numpy as np; "
        "from prediction.networks import open_network; "
        "import prediction.blocks; "
        "model = Path(sys.argv[1]).read_bytes(); sha256 = hashlib.sha256(model).hexdigest(); "
        "network = open_network(model, sha256=sha256, engine='openvino', precision='f32', tile_input_px=None); "
        "answers = []; size = int(sys.argv[2]); "
        "network.start(np.zeros((3, size, size, 3), np.uint8), answers.append); network.wait(); "
        "assert answers[0].shape == (3, 1); "
        "sys.exit(bool({'tensorflow', 'keras', 'django.db'} & set(sys.modules)))"
    )
    size = run.parameters["network"]["window_px"]
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "model", str(size)], cwd=BASE_DIR, check=False
    )
    assert done.returncode == 0


def test_a_dense_backbone_pads_windows_within_its_network():
    """What the exported network gives for a window is what training computed from the padded crop."""
    from training.networks.backbones.building import feature_extractor, window_features
    from training.networks.engines import OpenVinoNetwork
    from training.networks.export import exported

    windows = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    with short_lite_known():
        of_padded = OpenVinoNetwork(*exported(feature_extractor(SHORT_LITE)))
        of_windows = OpenVinoNetwork(*exported(window_features(SHORT_LITE)))
    expected = of_padded.outputs(np.stack([SHORT_LITE.prepared(window) for window in windows]))
    assert (of_windows.input_size_px, of_padded.input_size_px) == (64, 192)
    assert np.abs(of_windows.outputs(windows) - expected).max() < 1e-5


def test_a_model_of_classical_features_learns_from_copies_but_is_not_handed_on(
    question, towns, training_config, client, site_admin, tmp_path
):
    chosen = replace(training_config, backbone="hog", head="logistic-regression", augment="thesis", copies=3)
    run = train(question, chosen)
    assert run.metrics["train"]["crops"] == 24  # its copies are no crops
    assert run.metrics["test"]["auc"] > 0.9
    with pytest.raises(Refused, match=r"has no network.*trained with a backbone"):
        export_model(run, tmp_path / "hog.damage-model")
    assert list(tmp_path.glob("hog*")) == []
    client.force_login(site_admin)
    page = client.get(reverse("model-run", args=[run.pk])).content.decode()
    assert reverse("api:model-run-package", args=[run.pk]) not in page
    assert client.get(reverse("api:model-run-package", args=[run.pk])).status_code == 400
