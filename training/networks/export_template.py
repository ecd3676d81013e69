"""Dense models of one backbone differ in three small layers alone: all else is built and exported once a process.

A process that trains again and again (`db_worker`) so has a new model's files in a second or two instead of ten.
"""

import zipfile
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
from defusedxml import ElementTree

from training.networks.backbones.building import LOGIT_LAYERS, logits_model, set_logit_weights
from training.networks.backbones.registry import Backbone
from training.networks.engines import DenseEngine, DenseNetwork, KerasDenseNetwork, OpenVinoDenseNetwork
from training.networks.export import check_scores, exported, saved

HDF5 = "model.weights.h5"


class ExportTemplate:
    """A backbone's dense model, as Keras and as OpenVINO have it, into which any head's weights are put."""

    def __init__(self, backbone: Backbone, weights_dir: Path | None) -> None:
        # Weights like no others, by which their places in both files are found.
        random = np.random.default_rng(0)
        model = logits_model(backbone, np.zeros(backbone.feature_count), 0.0, weights_dir)
        marks = set_logit_weights(model, random.normal(size=backbone.feature_count), random.normal(size=3))
        self._xml, self._weights = exported(model)
        self._places = [_place(self._xml, self._weights, values.tobytes()) for values in marks]
        keras_file = saved(model)
        with zipfile.ZipFile(BytesIO(keras_file)) as parts:
            self._keras_parts = {name: parts.read(name) for name in parts.namelist()}
        self._keras_names = [_name(self._keras_parts[HDF5], values) for values in marks]
        self._reopened = KerasDenseNetwork(keras_file)
        self._model, self._window_px = model, backbone.size_px

    def files(
        self,
        feature_weights: np.ndarray,
        bias: float,
        windows: np.ndarray,
        scores: np.ndarray,
        *,
        threads: int = 0,
    ) -> dict[str, bytes]:
        """The files, by kind, of the model with a head's weights (F,) and bias.

        Raises `EnginesDisagree` unless both forms give `windows` their `scores`.
        """
        variables = set_logit_weights(self._model, feature_weights, [bias, 0, 0])
        weights = bytearray(self._weights)
        for place, values in zip(self._places, variables, strict=True):
            weights[place : place + values.nbytes] = values.tobytes()
        keras_file = self._keras_file(variables)
        networks: dict[str, DenseNetwork] = {
            "Keras": self._opened(keras_file),
            "OpenVINO": OpenVinoDenseNetwork(self._xml, bytes(weights), threads=threads),
        }
        for name, network in networks.items():
            check_scores(name, DenseEngine(network, self._window_px), windows, scores)
        return {"keras": keras_file, "openvino_xml": self._xml, "openvino_bin": bytes(weights)}

    def _keras_file(self, variables: Sequence[np.ndarray]) -> bytes:
        """The saved model with other weights."""
        weights, content = BytesIO(self._keras_parts[HDF5]), BytesIO()
        with h5py.File(weights, "r+") as file:
            for name, values in zip(self._keras_names, variables, strict=True):
                file[name][...] = values
        with zipfile.ZipFile(content, "w") as archive:
            for name, part in (self._keras_parts | {HDF5: weights.getvalue()}).items():
                archive.writestr(zipfile.ZipInfo(name), part)
        return content.getvalue()

    def _opened(self, keras_file: bytes) -> KerasDenseNetwork:
        """The file opened: its structure and all other weights are those of the model that was opened whole."""
        with zipfile.ZipFile(BytesIO(keras_file)) as archive:
            weights = BytesIO(archive.read(HDF5))
        with h5py.File(weights, "r") as file:
            values = [file[name][...] for name in self._keras_names]
        self._reopened.set_weights(
            dict(zip(LOGIT_LAYERS, zip(values[::2], values[1::2], strict=True), strict=True))
        )
        return self._reopened


@lru_cache(maxsize=1)
def export_template(backbone: Backbone, weights_dir: Path | None) -> ExportTemplate:
    """The template of a backbone; the last one is kept."""
    return ExportTemplate(backbone, weights_dir)


def _place(xml: bytes, weights: bytes, content: bytes) -> int:
    """Where OpenVINO's weights hold the constant with this content; raises `ValueError` unless there is just one."""
    constants = ElementTree.fromstring(xml).iterfind(".//layer[@type='Const']/data")
    places = {int(data.get("offset", "0")) for data in constants if data.get("size") == str(len(content))}
    found = [place for place in places if weights[place : place + len(content)] == content]
    if len(found) != 1:
        raise ValueError(f"the exported network holds the head's weights {len(found)} times, not once")
    return found[0]


def _name(weights: bytes, values: np.ndarray) -> str:
    """Under which name Keras's weights hold these values; raises `ValueError` unless there is just one."""
    found: list[str] = []

    def compare(name: str, each: h5py.Group | h5py.Dataset) -> None:
        if (
            isinstance(each, h5py.Dataset)
            and each.shape == values.shape
            and np.array_equal(each[...], values)
        ):
            found.append(name)

    with h5py.File(BytesIO(weights), "r") as file:
        file.visititems(compare)
    if len(found) != 1:
        raise ValueError(f"the saved model holds the head's weights {len(found)} times, not once")
    return found[0]
