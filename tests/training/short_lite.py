"""An EfficientNet-Lite of 7 narrow blocks instead of 16, with random weights, for tests that need no real ones.

It is built, exported and opened in a third of the time. What follows from the form is as with the real ones: a trunk
that can be cut before each block, maps at three strides, features of a padded window.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import numpy as np

from training.networks.backbones.registry import BACKBONES, MOST_TUNED_BLOCKS, find_backbone

WIDTH, DEPTH = 0.25, 0.1
SHORT_LITE = replace(
    find_backbone("efficientnet-lite0"),
    name="short-lite",
    network="short-lite",
    size_px=64,
    feature_count=96 + 192 + 1280,
)
TUNABLE_BLOCKS = 3  # those after the map of edges


@contextmanager
def short_lite_known() -> Iterator[str]:
    """While it lasts, the backbone is one of the product's; gives its name."""
    from training.networks.backbones import building

    with (
        mock.patch.dict(BACKBONES, {SHORT_LITE.name: SHORT_LITE}),
        mock.patch.dict(MOST_TUNED_BLOCKS, {SHORT_LITE.name: TUNABLE_BLOCKS}),
        mock.patch.dict(building.LITE, {SHORT_LITE.name: (WIDTH, DEPTH)}),
        mock.patch.object(building, "load_tensors", _fill),
        mock.patch.object(building, "mean_activations", return_value=[]),
    ):
        yield SHORT_LITE.name


def _fill(network, _tensors):
    """The same weights each time, of a size that keeps signals as large as they come in (He 2015)."""
    random = np.random.default_rng(5)
    for layer in network.layers:
        if layer.name.endswith("_conv"):
            (kernel,) = layer.get_weights()
            inputs = kernel.shape[0] * kernel.shape[1] * (1 if "depthwise" in layer.name else kernel.shape[2])
            layer.set_weights([random.normal(0, (2 / inputs) ** 0.5, kernel.shape)])
