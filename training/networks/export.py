"""Whole models, pixels 0-255 in and the probability of "yes" out: put together, saved, exported, compared."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import openvino

from training.networks.agreement import check_scores
from training.networks.engines import (
    DenseEngine,
    Engine,
    KerasDenseNetwork,
    KerasEngine,
    OpenVinoDenseNetwork,
    OpenVinoEngine,
)
from training.networks.quiet_tensorflow import keras, layers, tensorflow


def whole_model(backbone: keras.Model, head: keras.Model) -> keras.Model:
    """Join a feature extractor and a head of two softmax outputs; the result scores "yes" alone, (N, 1)."""
    pixels = layers.Input(backbone.input_shape[1:], dtype="uint8", name="pixels")
    both = head(backbone(pixels))
    return keras.Model(pixels, both[:, 1:], name="damage")


def exported(model: keras.Model) -> tuple[bytes, bytes]:
    """Return the model in OpenVINO's format, float32: the network (XML) and its weights.

    As `keras.Model.export` does it, which however traces the model three times, each time for a second or more.
    """
    (pixels,) = model.inputs
    signature = tensorflow.TensorSpec(pixels.shape, pixels.dtype, name=pixels.name)

    def scores(images: Any) -> Any:
        return model(images, training=False)

    traced = tensorflow.function(scores, input_signature=[signature], autograph=False)
    converted = openvino.convert_model(traced.get_concrete_function())
    converted.inputs[0].get_node().set_friendly_name(pixels.name)
    converted.inputs[0].tensor.set_names({pixels.name})
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "model.xml"
        openvino.serialize(converted, str(xml))
        return xml.read_bytes(), xml.with_suffix(".bin").read_bytes()


def saved(model: keras.Model) -> bytes:
    """Return the model in Keras's own format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def artefact(
    model: keras.Model, windows: np.ndarray, scores: np.ndarray, *, threads: int = 0
) -> dict[str, bytes]:
    """Return the model's files by kind, after both forms gave `windows` their `scores`; raises `EnginesDisagree`.

    A model that takes images of any size is dense: see `training.networks.dense`.
    """
    keras_file = saved(model)
    xml, weights = exported(model)
    if model.input_shape[1] is None:
        window_px = windows.shape[1]
        engines: dict[str, Engine] = {
            "Keras": DenseEngine(KerasDenseNetwork(keras_file), window_px),
            "OpenVINO": DenseEngine(OpenVinoDenseNetwork(xml, weights, threads=threads), window_px),
        }
    else:
        engines = {
            "Keras": KerasEngine(keras_file),
            "OpenVINO": OpenVinoEngine(xml, weights, threads=threads),
        }
    for name, engine in engines.items():
        check_scores(name, engine, windows, scores)
    return {"keras": keras_file, "openvino_xml": xml, "openvino_bin": weights}
