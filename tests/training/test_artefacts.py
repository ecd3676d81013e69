"""Whole models: pixels in, probability out, the same from Keras and OpenVINO."""

import numpy as np
import pytest

from training.networks.agreement import EnginesDisagree
from training.networks.engines import KerasEngine, OpenVinoEngine

SIZE = 32


@pytest.fixture(scope="module")
def model():
    """A small network with the parts of a real one: 8-bit input, scaling, convolution, two softmax outputs."""
    import keras

    from training.networks.export import whole_model

    keras.utils.set_random_seed(0)
    pixels = keras.layers.Input((SIZE, SIZE, 3), dtype="uint8")
    x = keras.layers.Rescaling(1 / 128, -1.0, dtype="float32")(pixels)
    x = keras.layers.Conv2D(8, 3, 2, padding="same", activation="relu")(x)
    backbone = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(x))
    features = keras.layers.Input((8,))
    head = keras.Model(features, keras.layers.Dense(2, activation="softmax")(features))
    return whole_model(backbone, head)


@pytest.fixture(scope="module")
def windows():
    return np.random.default_rng(0).integers(0, 256, (21, SIZE, SIZE, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def files(model, windows):
    from training.networks.export import artefact

    return artefact(model, windows, np.asarray(model(windows))[:, 0])


@pytest.fixture(params=["keras", "openvino"])
def engine(request, files):
    if request.param == "keras":
        return KerasEngine(files["keras"])
    return OpenVinoEngine(files["openvino_xml"], files["openvino_bin"], threads=1)


def test_an_engine_scores_as_the_model_does(engine, model, windows):
    expected = np.asarray(model(windows))[:, 0]
    scores = engine.scores(windows)
    assert scores.shape == (21,)
    assert scores.dtype == np.float32
    assert np.abs(scores - expected).max() < 1e-3


def test_an_engine_knows_its_input_size(engine):
    assert engine.input_size_px == SIZE


def test_scores_do_not_depend_on_how_windows_are_batched(engine, windows):
    one_by_one = np.concatenate([engine.scores(windows[i : i + 1]) for i in range(len(windows))])
    assert np.abs(engine.scores(windows) - one_by_one).max() < 1e-6


def test_no_windows_have_no_scores(engine, windows):
    assert engine.scores(windows[:0]).shape == (0,)


@pytest.mark.parametrize(
    "wrong", [np.zeros((1, SIZE, SIZE, 3), np.float32), np.zeros((1, 8, 8, 3), np.uint8)]
)
def test_windows_of_another_kind_are_an_error(engine, wrong):
    with pytest.raises(ValueError, match="expected 8-bit windows of 32 px"):
        engine.scores(wrong)


def test_a_model_whose_scores_are_not_those_of_its_training_is_refused(model, windows):
    from training.networks.agreement import EnginesDisagree
    from training.networks.export import artefact

    scores = np.array(model(windows))[:, 0]
    scores[3] += 0.002
    with pytest.raises(EnginesDisagree, match=r"Keras differ .* by 0\.0020"):
        artefact(model, windows, scores)


def test_scores_that_are_no_numbers_are_refused(model, windows, monkeypatch):
    from training.networks import export

    monkeypatch.setattr(OpenVinoEngine, "scores", lambda self, windows: np.full(len(windows), np.nan))
    with pytest.raises(EnginesDisagree, match="OpenVINO"):
        export.artefact(model, windows, np.asarray(model(windows))[:, 0])
