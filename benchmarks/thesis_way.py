"""A child of `mosaic.py`: the thesis's way, each window a JPEG on disk, one image per TensorFlow call.

Weights are random: they do not change the speed. Cutting the windows from the mosaic is not counted.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.windows_sample import middle_of, windows_in
from benchmarks.workplace import answer
from training.networks.backbones.registry import find_backbone

WINDOW_PX, STRIDE_PX = 299, 209
ALONG = 14  # windows of the sample, in both directions
WARM_UP = 10
INCEPTION_PX = 299


def thesis_way(*, mosaic: str, backbone: str) -> dict[str, Any]:
    """Windows per second and new ground per second with Inception v3 and with the same backbone as ours."""
    pixels = middle_of(Path(mosaic), STRIDE_PX * (ALONG - 1) + WINDOW_PX)
    windows = windows_in(pixels, window_px=WINDOW_PX, stride_px=STRIDE_PX)
    networks = {
        "inception-v3": (inception(), INCEPTION_PX),
        backbone: (lite(backbone), find_backbone(backbone).size_px),
    }
    return {name: _speed(windows, network, input_px) for name, (network, input_px) in networks.items()}


def _speed(windows: Sequence[np.ndarray], network: Any, input_px: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        _scores(windows[:WARM_UP], network, input_px, Path(folder))
        begun = perf_counter()
        _scores(windows, network, input_px, Path(folder))
        per_second = len(windows) / (perf_counter() - begun)
    return {
        "windows": len(windows),
        "windows_per_s": round(per_second, 2),
        "mpx_per_s": round(per_second * STRIDE_PX**2 / 1e6, 3),
    }


def _scores(windows: Sequence[np.ndarray], network: Any, input_px: int, folder: Path) -> list[float]:
    """First all windows are written, then each is read, scaled and shown to the network."""
    paths = [folder / f"{number}.jpg" for number in range(len(windows))]
    for path, window in zip(paths, windows, strict=True):
        Image.fromarray(window).save(path)
    scores = []
    for path in paths:
        with Image.open(path) as image:
            looked_at = image.resize((input_px, input_px), Image.Resampling.BILINEAR)
            scores.append(float(network(np.asarray(looked_at)[None])[0, 1]))
    return scores


def inception() -> Any:
    """Inception v3 with two answers, as one call of TensorFlow."""
    import keras

    return _callable(keras.applications.InceptionV3(weights=None, classes=2), INCEPTION_PX)


def lite(backbone: str) -> Any:
    """The Lite backbone with two answers, as one call of TensorFlow."""
    import keras

    from training.networks.backbones.building import LITE
    from training.networks.backbones.efficientnet_lite import efficientnet_lite

    input_px = find_backbone(backbone).size_px
    network = efficientnet_lite(*LITE[backbone], input_px)
    mean = keras.layers.GlobalAveragePooling2D()(network.output)
    return _callable(keras.Model(network.input, keras.layers.Dense(2, activation="softmax")(mean)), input_px)


def _callable(model: Any, input_px: int) -> Any:
    """The model as a graph that takes one image of 8-bit pixels; Keras's own `predict` is slower still."""
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, input_px, input_px, 3), tf.uint8)])
    def scored(image: Any) -> Any:
        return model(tf.cast(image, tf.float32) / 127.5 - 1.0, training=False)

    return scored


if __name__ == "__main__":
    answer(thesis_way)
