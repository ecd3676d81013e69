"""Dense models of one backbone differ in three small layers alone: all else is exported once, and kept on disk.

Putting a head's weights into what was kept takes a second, and no TensorFlow.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
from defusedxml import ElementTree

from training.networks.agreement import check_scores
from training.networks.backbones.registry import Backbone
from training.networks.engines import DenseEngine, KerasDenseNetwork, OpenVinoDenseNetwork
from training.networks.kept_networks import Export

HDF5 = "model.weights.h5"
XML, WEIGHTS, KERAS, PLACES = "model.xml", "model.bin", "model.keras", "places.json"
# All but the head's weights was compared when the template was made: a few windows tell whether these are in place,
# and best those whose score is near one half, where it moves most.
COMPARED = 2


class ExportTemplate:
    """A backbone's dense model, as Keras and as OpenVINO have it, into which any head's weights are put."""

    def __init__(self, files: Mapping[str, bytes], window_px: int) -> None:
        self._xml, self._weights = files[XML], files[WEIGHTS]
        with zipfile.ZipFile(BytesIO(files[KERAS])) as parts:
            self._keras_parts = {name: parts.read(name) for name in parts.namelist()}
        self._places = json.loads(files[PLACES])
        self._window_px = window_px

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

        Raises `EnginesDisagree` unless OpenVINO's form gives the least sure of `windows` their `scores`; that Keras's
        does the same was seen when the template was made.
        """
        values = self._values(feature_weights, bias)
        weights = bytearray(self._weights)
        for place, each in zip(self._places, values, strict=True):
            content = (each * np.float32(place["factor"])).tobytes()
            weights[place["offset"] : place["offset"] + len(content)] = content
        engine = DenseEngine(
            OpenVinoDenseNetwork(self._xml, bytes(weights), threads=threads), self._window_px
        )
        least_sure = np.argsort(np.abs(scores - 0.5))[:COMPARED]
        check_scores("OpenVINO", engine, windows[least_sure], scores[least_sure])
        return {
            "keras": self._keras_file(values),
            "openvino_xml": self._xml,
            "openvino_bin": bytes(weights),
        }

    def _values(self, feature_weights: np.ndarray, bias: float) -> list[np.ndarray]:
        """The three layers' kernels and biases, float32, in the template's order; the first has all of the bias."""
        counts = [place["count"] for place in self._places[::2]]
        kernels = np.split(np.asarray(feature_weights, np.float32), np.cumsum(counts)[:-1])
        biases = np.array([[bias], [0], [0]], np.float32)
        return [each for pair in zip(kernels, biases, strict=True) for each in pair]

    def _keras_file(self, values: Sequence[np.ndarray]) -> bytes:
        """The saved model with other weights."""
        weights, content = BytesIO(self._keras_parts[HDF5]), BytesIO()
        with h5py.File(weights, "r+") as file:
            for place, each in zip(self._places, values, strict=True):
                stored = file[place["name"]]
                stored[...] = each.reshape(stored.shape)
        with zipfile.ZipFile(content, "w") as archive:
            for name, part in (self._keras_parts | {HDF5: weights.getvalue()}).items():
                archive.writestr(zipfile.ZipInfo(name), part)
        return content.getvalue()


@lru_cache(maxsize=1)
def export_template(backbone: Backbone, weights_dir: Path | None, cache_dir: Path | None) -> ExportTemplate:
    """The template of a backbone, from `cache_dir` or made there; the last one is held in memory."""
    return ExportTemplate(template_export(backbone, weights_dir).files(cache_dir), backbone.size_px)


def template_export(backbone: Backbone, weights_dir: Path | None) -> Export:
    """What `export_template` keeps."""
    return Export(f"template-{backbone.recipe_id}", lambda: _made(backbone, weights_dir))


def _made(backbone: Backbone, weights_dir: Path | None) -> dict[str, bytes]:
    """Build and export the model of a head like no other, by which the places of its weights in files are found."""
    from training.networks.backbones.building import logits_model, set_logit_weights
    from training.networks.export import exported, saved

    random = np.random.default_rng(0)
    model = logits_model(backbone, np.zeros(backbone.feature_count), 0.0, weights_dir)
    scale = backbone.feature_count**-0.5
    marks = set_logit_weights(model, random.normal(0, scale, backbone.feature_count), random.normal(size=3))
    (xml, weights), keras_file = exported(model), saved(model)
    windows = random.integers(0, 256, (2, backbone.size_px, backbone.size_px, 3), dtype=np.uint8)
    by_keras = DenseEngine(KerasDenseNetwork(keras_file), backbone.size_px).scores(windows)
    check_scores(
        "OpenVINO", DenseEngine(OpenVinoDenseNetwork(xml, weights), backbone.size_px), windows, by_keras
    )
    with zipfile.ZipFile(BytesIO(keras_file)) as parts:
        hdf5 = parts.read(HDF5)
    # OpenVINO folds the mean over an image's turns into the weights that come after it.
    factors = (1.0, 1 / backbone.orientations)
    places = [
        {**_place(xml, weights, values, factors), "name": _name(hdf5, values), "count": values.size}
        for values in marks
    ]
    return {XML: xml, WEIGHTS: weights, KERAS: keras_file, PLACES: json.dumps(places).encode()}


def _place(xml: bytes, weights: bytes, values: np.ndarray, factors: Sequence[float]) -> dict[str, float]:
    """Where OpenVINO's weights hold these values, times which factor; raises `ValueError` unless there is just one."""
    constants = ElementTree.fromstring(xml).iterfind(".//layer[@type='Const']/data")
    offsets = {int(data.get("offset", "0")) for data in constants if data.get("size") == str(values.nbytes)}
    found = []
    for factor in dict.fromkeys(factors):
        content = (values * np.float32(factor)).tobytes()
        found += [
            {"offset": offset, "factor": factor}
            for offset in offsets
            if weights[offset : offset + len(content)] == content
        ]
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
