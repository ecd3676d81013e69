"""Whole models, pixels 0-255 in and the probability of "yes" out: put together, saved, exported, compared."""

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

from damage.errors import DamageError
from training.engines import KerasEngine, OpenVinoEngine

TOLERANCE = 1e-3


class EnginesDisagree(DamageError):
    """Keras and OpenVINO score the same windows differently, so neither may be trusted."""


def whole_model(backbone: keras.Model, head: keras.Model) -> keras.Model:
    """Join a feature extractor and a head of two softmax outputs; the result scores "yes" alone, (N, 1)."""
    pixels = layers.Input(backbone.input_shape[1:], dtype="uint8", name="pixels")
    both = head(backbone(pixels))
    return keras.Model(pixels, both[:, 1:], name="damage")


def exported(model: keras.Model) -> tuple[bytes, bytes]:
    """Return the model in OpenVINO's format, float32: the network (XML) and its weights."""
    with tempfile.TemporaryDirectory() as folder:
        xml = Path(folder) / "model.xml"
        model.export(str(xml), format="openvino", verbose=False)
        return xml.read_bytes(), xml.with_suffix(".bin").read_bytes()


def saved(model: keras.Model) -> bytes:
    """Return the model in Keras's own format."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def artefact(model: keras.Model, windows: np.ndarray, *, threads: int = 0) -> dict[str, bytes]:
    """Return the model's files by kind, after both forms scored `windows` alike; raises `EnginesDisagree`."""
    keras_file = saved(model)
    xml, weights = exported(model)
    by_keras = KerasEngine(keras_file).scores(windows)
    by_openvino = OpenVinoEngine(xml, weights, threads=threads).scores(windows)
    difference = float(np.abs(by_keras - by_openvino).max())
    if not difference <= TOLERANCE:
        raise EnginesDisagree(
            f"The exported model's scores differ from Keras's by {difference:.4f}; at most {TOLERANCE} is allowed."
        )
    return {"keras": keras_file, "openvino_xml": xml, "openvino_bin": weights}
