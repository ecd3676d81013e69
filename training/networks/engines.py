"""Trained models at work: 8-bit windows in, scores out. OpenVINO by default; importing this loads neither."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _
from training.networks.classical import CLASSICAL
from training.networks.dense import padded, padded_scores
from training.networks.heads.classifiers import Classifier, read_classifier

# Small batches side by side are the fastest way through OpenVINO on a few cores, and need little memory.
BATCH = 8
# How far apart the scores of one model may lie on different engines and machines.
TOLERANCE = 1e-3
Precision = Literal["f32", "bf16"]


class Engine(Protocol):
    """A loaded model."""

    input_size_px: int

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""


class OpenVinoNetwork:
    """Any network in OpenVINO's format with one input of a fixed size (8-bit pixels) and one output."""

    def __init__(self, xml: bytes, weights: bytes, *, threads: int = 0, precision: Precision = "f32") -> None:
        """Compile the network; `threads` 0 means all cores."""
        model = _core().read_model(xml, weights)
        self.compiled = compiled(model, threads=threads, precision=precision)
        self.input_size_px = int(self.compiled.input(0).get_partial_shape()[1].get_length())

    def outputs(self, windows: np.ndarray) -> np.ndarray:
        """Return the output rows (N, ...) of windows (N, size, size, 3)."""
        _check_windows(windows, self.input_size_px)
        return outputs(self.compiled, windows)


class OpenVinoEngine:
    """A trained model that looks at one window at a time, on the processor."""

    def __init__(self, xml: bytes, weights: bytes, *, threads: int = 0, precision: Precision = "f32") -> None:
        self._network = OpenVinoNetwork(xml, weights, threads=threads, precision=precision)
        self.input_size_px = self._network.input_size_px

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""
        if not len(windows):
            return np.zeros(0, np.float32)
        return self._network.outputs(windows)[:, 0]


class KerasEngine:
    """A trained model that looks at one window at a time, in Keras: the reference, and for machines with a GPU."""

    def __init__(self, keras_file: bytes) -> None:
        self._model = keras_model(keras_file)
        self.input_size_px = int(self._model.input_shape[1])

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""
        _check_windows(windows, self.input_size_px)
        if not len(windows):
            return np.zeros(0, np.float32)
        return np.asarray(self._model.predict(windows, batch_size=32, verbose=0))[:, 0]


class FeatureSource(Protocol):
    """What gives features of windows: a network, or classical features."""

    @property
    def input_size_px(self) -> int:
        """The side of a window."""

    def outputs(self, windows: np.ndarray) -> np.ndarray:
        """Return the features (N, F) of uint8 windows (N, size, size, 3)."""


class FeaturesEngine:
    """A trained model of two parts: features of one window at a time, and a head of scikit-learn's on them."""

    def __init__(self, source: FeatureSource, head: Classifier) -> None:
        self._source, self._head = source, head
        self.input_size_px = source.input_size_px

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""
        _check_windows(windows, self.input_size_px)
        if not len(windows):
            return np.zeros(0, np.float32)
        return self._head.scores(self._source.outputs(windows))


class DenseNetwork(Protocol):
    """A loaded dense model, see `training.networks.dense`."""

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (N, h / 16, w / 16), of uint8 images (N, h, w, 3); h, w multiples of 32."""


class DenseEngine:
    """A dense model that is asked about single windows; they are padded by their own mirror image."""

    def __init__(self, network: DenseNetwork, window_px: int) -> None:
        self._network = network
        self.input_size_px = window_px

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""
        _check_windows(windows, self.input_size_px)
        if not len(windows):
            return np.zeros(0, np.float32)
        return self.input_scores(np.stack([padded(window, self.input_size_px) for window in windows]))

    def input_scores(self, images: np.ndarray) -> np.ndarray:
        """The same of windows that already stand in surroundings, (N, input, input, 3)."""
        return padded_scores(self._network.logits(images), self.input_size_px)


class OpenVinoDenseNetwork:
    """A dense model on the processor, compiled once for every size of image that is asked of it."""

    def __init__(self, xml: bytes, weights: bytes, *, threads: int = 0, precision: Precision = "f32") -> None:
        self._parts = (xml, weights)
        self._threads, self._precision = threads, precision
        self._compiled: dict[tuple[int, ...], Any] = {}

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (N, h / 16, w / 16), of uint8 images (N, h, w, 3)."""
        shape = images.shape[1:]
        if shape not in self._compiled:
            self._compiled[shape] = self._compile(self._read([-1, *shape]))
        return outputs(self._compiled[shape], images)[..., 0]

    def compiled_for_planes(self, side_px: int) -> Any:
        """OpenVINO's compiled model for single images whose bands come as planes (1, 3, side, side)."""
        from openvino import Layout
        from openvino.preprocess import PrePostProcessor

        steps = PrePostProcessor(self._read([1, side_px, side_px, 3]))
        steps.input().tensor().set_layout(Layout("NCHW"))
        steps.input().model().set_layout(Layout("NHWC"))
        return self._compile(steps.build())

    def _read(self, shape: list[int]) -> Any:
        model = _core().read_model(*self._parts)
        model.reshape(shape)
        return model

    def _compile(self, model: Any) -> Any:
        return compiled(model, threads=self._threads, precision=self._precision)


class KerasDenseNetwork:
    """A dense model in Keras: the reference, and for machines with a GPU."""

    def __init__(self, keras_file: bytes) -> None:
        self._model = keras_model(keras_file)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Return the logits, float32 (N, h / 16, w / 16), of uint8 images (N, h, w, 3)."""
        return np.asarray(self._model.predict(images, batch_size=BATCH, verbose=0))[..., 0]

    def set_weights(self, weights: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Take up some layers' weights, by name, of a model that is the same otherwise; see `export_template`."""
        for name, values in weights.items():
            self._model.get_layer(name).set_weights(list(values))


def packed(xml: bytes, weights: bytes) -> bytes:
    """A network and its weights as one piece that can be sent and digested: the XML's length, XML, weights."""
    return len(xml).to_bytes(8, "little") + xml + weights


def unpacked(content: bytes) -> tuple[bytes, bytes]:
    """What `packed` put together: XML and weights."""
    end = 8 + int.from_bytes(content[:8], "little")
    return content[8:end], content[end:]


# What a model of two parts begins with: no length of an XML.
_HEADED = b"\xff" * 8


def packed_with_head(head: bytes, *, network: bytes = b"", classical: str = "") -> bytes:
    """A head of skops's and what it stands on, a `packed` network or classical features by recipe, as one piece."""
    described = json.dumps({"classical": classical, "head_bytes": len(head)}).encode()
    return _HEADED + packed(described, head + network)


def is_headed(content: bytes) -> bool:
    """Whether a model is of two parts: `packed_with_head`, not `packed`."""
    return content.startswith(_HEADED)


def classical_features_in(content: bytes) -> str:
    """The recipe of the classical features in what `packed_with_head` put together; empty where it is a network."""
    described, _parts = unpacked(content[len(_HEADED) :])
    recipe: str = json.loads(described)["classical"]
    return recipe


def opened_with_head(
    content: bytes, *, threads: int = 0, precision: Precision = "f32"
) -> tuple[FeatureSource, Classifier]:
    """The two parts of what `packed_with_head` put together; raises `Refused` for what cannot be used here."""
    described, parts = unpacked(content[len(_HEADED) :])
    about = json.loads(described)
    head = read_classifier(parts[: about["head_bytes"]])
    if about["classical"]:
        return _classical(about["classical"]), head
    xml, weights = unpacked(parts[about["head_bytes"] :])
    return OpenVinoNetwork(xml, weights, threads=threads, precision=precision), head


def _classical(recipe_id: str) -> FeatureSource:
    known = {features.recipe_id: features for features in CLASSICAL.values()}
    if recipe_id not in known:
        raise Refused(
            _("The model's features (%(recipe_id)s) are not measured this way any more.")
            % {"recipe_id": recipe_id},
            _("Train it again."),
        )
    return known[recipe_id]


def keras_model(keras_file: bytes) -> Any:
    """The Keras model in a file's content; nothing in it is run or unpickled (Keras's safe mode)."""
    from training.networks.quiet_tensorflow import keras

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(keras_file)
        return keras.models.load_model(path, safe_mode=True)


def has_bf16() -> bool:
    """Whether the processor computes in bfloat16, which is more than twice as fast as float32."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def thread_count(threads: int) -> int:
    """How many threads work when `threads` are asked for; 0 means all cores that this process may use."""
    return threads or len(os.sched_getaffinity(0))


def compiled(model: Any, *, threads: int, precision: Precision) -> Any:
    """OpenVINO's compiled model: images side by side, a thread each, so that threads never change a sum's order."""
    count = thread_count(threads)
    config = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": count, "INFERENCE_NUM_THREADS": count}
    return _core().compile_model(model, "CPU", config)


def outputs(network: Any, images: np.ndarray) -> np.ndarray:
    """Return a compiled network's output rows (N, ...) for images (N, h, w, 3)."""
    rows: dict[int, np.ndarray] = {}

    def keep(output: np.ndarray, start: int) -> None:
        rows[start] = output

    queue = async_queue(network, keep)
    batch = max(1, min(BATCH, -(-len(images) // len(queue))))  # a few images: as many on every thread
    for start in range(0, len(images), batch):
        queue.start_async({0: images[start : start + batch]}, start)
    queue.wait_all()
    return np.concatenate([rows[start] for start in sorted(rows)])


def async_queue(network: Any, keep: Callable[[np.ndarray, Any], None]) -> Any:
    """OpenVINO's queue of requests to a compiled network; `keep` gets each answer and what was sent along."""
    from openvino import AsyncInferQueue

    def answered(request: Any, sent_along: Any) -> None:
        keep(request.get_output_tensor(0).data.copy(), sent_along)

    queue = AsyncInferQueue(network)
    queue.set_callback(answered)
    return queue


@cache
def _core() -> Any:
    from openvino import Core

    return Core()


def _check_windows(windows: np.ndarray, size_px: int) -> None:
    if windows.dtype != np.uint8 or windows.shape[1:] != (size_px, size_px, 3):
        raise ValueError(
            f"expected 8-bit windows of {size_px} px, three bands; got {windows.dtype} {windows.shape}"
        )
