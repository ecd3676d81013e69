"""Models whose head is no part of a network, over a scene: here, on processes and on a cluster."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from django.core.files.base import ContentFile
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from damage.errors import Refused
from damage.ingestion.reading import Source
from prediction.blocks import BlockJob, Inline, compute_block
from prediction.layouts import WindowLayout
from prediction.options import PredictionOptions
from prediction.plan import plan_for
from prediction.runners.cluster import DaskCluster
from prediction.runners.processes import LocalProcesses
from prediction.services import predict_all
from prediction.windows import Grid
from tests.prediction.clusters import Cluster
from tests.prediction.conftest import RED
from training.models import ModelFile, ModelRun
from training.networks import kinds
from training.networks.classical import CLASSICAL, SIZE_PX
from training.networks.engines import packed, packed_with_head
from training.networks.heads.classifiers import Classifier, classifier_file
from training.networks.model_input import ModelInput

SIDE = 400
MEANS = CLASSICAL["channel-means"]
GRID = Grid(SIDE, SIDE, SIZE_PX, 64)


@pytest.fixture
def pixels():
    return np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture
def scene(tmp_path, write_scene, pixels):
    return write_scene(tmp_path / "s.tif", pixels, tiled=True, blockxsize=128, blockysize=128)


def windows_of(pixels):
    return [pixels[y : y + SIZE_PX, x : x + SIZE_PX] for y in GRID.ys for x in GRID.xs]


def redness_file() -> bytes:
    """A head on channel means that says how red a window is: the logistic of mean red less mean green."""
    model = LogisticRegression()
    model.classes_, model.coef_, model.intercept_ = (
        np.array([False, True]),
        np.array([[1.0, -1, 0]]),
        np.zeros(1),
    )
    return classifier_file(Classifier(model))


@pytest.fixture(scope="module")
def redness() -> bytes:
    return packed_with_head(redness_file(), classical=MEANS.recipe_id)


@pytest.fixture(scope="module")
def forest() -> tuple[RandomForestClassifier, bytes]:
    """A forest on the mean colours that a network of OpenVINO's gives."""
    import keras

    from training.networks.export import exported

    inputs = keras.layers.Input((SIZE_PX, SIZE_PX, 3), dtype="uint8")
    scaled = keras.layers.Rescaling(1.0, dtype="float32")(inputs)
    network = keras.Model(inputs, keras.layers.GlobalAveragePooling2D()(scaled))
    colours = np.random.default_rng(0).normal(127.5, 1, (60, 3)).astype(np.float32)
    trees = RandomForestClassifier(20, random_state=0).fit(colours, colours[:, 0] > colours[:, 1])
    return trees, packed_with_head(classifier_file(Classifier(trees)), network=packed(*exported(network)))


def values_of(scene, model, runner):
    layout = WindowLayout(GRID, SIZE_PX, block_px=250)
    sha256 = hashlib.sha256(model).hexdigest()
    jobs = (
        BlockJob(1, index, Source(str(scene)), layout, block, "openvino", "f32", sha256)
        for index, block in enumerate(layout.blocks())
    )
    values = np.full(layout.shape, np.nan, np.float32)
    for job, outcome in runner.outcomes(jobs, {sha256: model}):
        values[layout.place_of(job.block)] = outcome
    return values


def test_a_model_without_a_network_scores_every_window_as_worked_out_by_hand(scene, pixels, redness):
    logits = np.array([window[..., 0].mean() - window[..., 1].mean() for window in windows_of(pixels)])
    values = values_of(scene, redness, Inline())
    assert np.abs(values.ravel() - 1 / (1 + np.exp(-logits))).max() < 1e-5
    assert np.ptp(values) > 0.1


def test_a_forest_scores_every_window_on_its_networks_features(scene, pixels, forest):
    trees, model = forest
    colours = np.array([window.mean((0, 1)) for window in windows_of(pixels)], np.float32)
    values = values_of(scene, model, Inline())
    # A colour on a branching point may turn a tree or two of the twenty.
    assert np.abs(values.ravel() - trees.predict_proba(colours)[:, 1]).max() <= 0.1 + 1e-6
    assert np.ptp(values) > 0.2


def test_processes_and_a_cluster_give_the_same_to_the_last_bit(scene, redness, forest, tmp_path):
    with Cluster(tmp_path) as cluster:
        cluster.start_scheduler()
        cluster.start_worker()
        for model in (redness, forest[1]):
            here = values_of(scene, model, Inline())
            for runner in (LocalProcesses(1, compute_block), DaskCluster(cluster.address, compute_block)):
                assert np.array_equal(values_of(scene, model, runner), here)


SIGHT = ModelInput(128, 128, 16.0)
OF_SCENE = {"width_px": SIDE, "height_px": SIDE, "gsd_m": 0.125}


def test_a_plan_says_what_scores_and_why_in_f32(scene):
    beside = plan_for(Source(str(scene)), SIGHT, **OF_SCENE, kind=kinds.TWO_PART)
    alone = plan_for(Source(str(scene)), SIGHT, **OF_SCENE, kind=kinds.CLASSICAL)
    assert (beside.precision, alone.precision) == ("f32", "f32")
    assert any("scikit-learn on its features" in reason for reason in beside.reasons)
    assert any(str(reason).startswith("scikit-image and scikit-learn") for reason in alone.reasons)


def test_what_such_a_model_cannot_is_refused(scene):
    with pytest.raises(Refused, match=r"Keras cannot open it.*--engine keras"):
        plan_for(Source(str(scene)), SIGHT, **OF_SCENE, kind=kinds.TWO_PART, engine="keras")
    with pytest.raises(Refused, match=r"nothing is computed in bf16.*--precision"):
        plan_for(Source(str(scene)), SIGHT, **OF_SCENE, kind=kinds.CLASSICAL, precision="bf16")


def test_a_run_is_predicted_from_its_own_file(mosaic, question):
    """The painted town: every place found shows one of its red squares, and both large ones are found."""
    network = {"window_px": SIZE_PX, "is_dense": False, "is_headed": True, "is_classical": True}
    run = ModelRun.objects.create(
        question=question, status="done", backbone="channel-means", window_px=32, window_m=16.0, threshold=0.999,
        parameters={"features": MEANS.recipe_id, "network": network},
    )  # fmt: skip
    content = redness_file()
    row = ModelFile(
        model_run=run, kind="skops", sha256=hashlib.sha256(content).hexdigest(), size_bytes=len(content)
    )
    row.file.save("model.skops", ContentFile(content))
    (done,) = predict_all([mosaic], run, requested_by=None)
    boxes = list(
        done.detections.filter(score__gte=0.999).values_list("x_px", "y_px", "width_px", "height_px")
    )
    shown = [
        {square for square in RED if x < square[0] + square[2] and square[0] < x + w
         and y < square[1] + square[2] and square[1] < y + h}
        for x, y, w, h in boxes
    ]  # fmt: skip
    assert all(shown)
    assert set(RED[:2]) <= set.union(*shown)
    with pytest.raises(Refused, match="Keras cannot open it"):
        predict_all([mosaic], run, requested_by=None, options=replace(PredictionOptions(), engine="keras"))
