"""Trained models at work: 8-bit windows in, scores out. OpenVINO by default; importing this loads neither."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

# Small batches side by side are the fastest way through OpenVINO on a few cores, and need little memory.
BATCH = 8


class Engine(Protocol):
    """A loaded model."""

    input_size_px: int

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""


class OpenVinoNetwork:
    """Any network in OpenVINO's format with one input (8-bit pixels) and one output (rows of numbers)."""

    def __init__(self, xml: bytes, weights: bytes, *, threads: int = 0) -> None:
        """Compile the network; `threads` 0 means all cores."""
        core = _core()
        # f32 also where the processor offers bfloat16: scores must not depend on the machine.
        config: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT"}
        if threads:
            config["INFERENCE_NUM_THREADS"] = threads
        self._compiled = core.compile_model(core.read_model(xml, weights), "CPU", config)
        self.input_size_px = int(self._compiled.input(0).get_partial_shape()[1].get_length())

    def outputs(self, windows: np.ndarray) -> np.ndarray:
        """Return the output rows (N, ...) of windows (N, size, size, 3)."""
        from openvino import AsyncInferQueue

        _check_windows(windows, self.input_size_px)
        rows: dict[int, np.ndarray] = {}

        def keep(request: Any, start: int) -> None:
            rows[start] = request.get_output_tensor(0).data.copy()

        queue = AsyncInferQueue(self._compiled)
        queue.set_callback(keep)
        for start in range(0, len(windows), BATCH):
            queue.start_async({0: windows[start : start + BATCH]}, start)
        queue.wait_all()
        return np.concatenate([rows[start] for start in sorted(rows)])


class OpenVinoEngine:
    """A trained model on the processor."""

    def __init__(self, xml: bytes, weights: bytes, *, threads: int = 0) -> None:
        self._network = OpenVinoNetwork(xml, weights, threads=threads)
        self.input_size_px = self._network.input_size_px

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""
        if not len(windows):
            return np.zeros(0, np.float32)
        return self._network.outputs(windows)[:, 0]


class KerasEngine:
    """A trained model in Keras, for machines with a GPU."""

    def __init__(self, keras_file: bytes) -> None:
        import keras

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(keras_file)
            self._model = keras.models.load_model(path)
        self.input_size_px = int(self._model.input_shape[1])

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Return the probability of "yes", float32 (N,), of uint8 windows (N, size, size, 3)."""
        _check_windows(windows, self.input_size_px)
        if not len(windows):
            return np.zeros(0, np.float32)
        return np.asarray(self._model.predict(windows, batch_size=32, verbose=0))[:, 0]


@cache
def _core() -> Any:
    from openvino import Core

    return Core()


def _check_windows(windows: np.ndarray, size_px: int) -> None:
    if windows.dtype != np.uint8 or windows.shape[1:] != (size_px, size_px, 3):
        raise ValueError(
            f"expected 8-bit windows of {size_px} px, three bands; got {windows.dtype} {windows.shape}"
        )
