"""What was measured on images before networks: gradients, textures and colours of a square. Pure; loads no network.

HOG: Dalal & Triggs 2005, "Histograms of oriented gradients for human detection", CVPR. LBP: Ojala, Pietikäinen &
Mäenpää 2002, "Multiresolution gray-scale and rotation invariant texture classification with local binary patterns",
IEEE TPAMI 24(7). Both are scikit-image's.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from training.networks.resize import resized

SIZE_PX = 128
# Nine directions without sign, blocks of two by two cells: as in the paper, but for the cells' size in pixels.
HOG = {"orientations": 9, "pixels_per_cell": (16, 16), "cells_per_block": (2, 2), "block_norm": "L2-Hys"}
# Points on circles of these radii in pixels, uniform patterns whichever way they are turned.
LBP = ((8, 1), (16, 2), (24, 3))


@dataclass(frozen=True)
class ClassicalFeatures:
    """Features that are measured, not learnt; stands where a backbone does (`training.networks.backbones.registry`)."""

    name: str
    title: str
    feature_count: int
    settings: str
    measured: Callable[[np.ndarray], np.ndarray]
    size_px: int = SIZE_PX

    is_dense: ClassVar[bool] = False
    contrast: ClassVar[float] = 1.0

    @property
    def input_size_px(self) -> int:
        return self.size_px

    @property
    def recipe_id(self) -> str:
        """Names everything that decides a crop's features; another recipe has another id."""
        described = repr((self.name, self.feature_count, self.settings, self.size_px)).encode()
        return f"{self.name}-{hashlib.sha256(described).hexdigest()[:12]}"

    def prepared(self, square: np.ndarray) -> np.ndarray:
        """A square (h, w, 3, uint8) at the size at which it is measured."""
        return resized(square, self.size_px)

    def outputs(self, windows: np.ndarray) -> np.ndarray:
        """Features, float32 (N, feature_count), of windows (N, size, size, 3), uint8."""
        rows = [self.measured(window) for window in windows]
        return np.array(rows, np.float32).reshape(len(windows), self.feature_count)


def gradient_histograms(square: np.ndarray) -> np.ndarray:
    """HOG of a square (size, size, 3): at each pixel, of the colour that changes most."""
    from skimage.feature import hog

    features: np.ndarray = hog(square, **HOG, channel_axis=-1)
    return features


def pattern_histograms(square: np.ndarray) -> np.ndarray:
    """Shares of the local binary patterns of each radius in a square (size, size, 3), which is taken as grey."""
    from skimage.feature import local_binary_pattern

    grey = np.asarray(Image.fromarray(square).convert("L"))
    shares = [
        np.bincount(
            local_binary_pattern(grey, points, radius, "uniform").astype(int).ravel(), minlength=points + 2
        )
        for points, radius in LBP
    ]
    return np.concatenate(shares) / grey.size


def channel_means(square: np.ndarray) -> np.ndarray:
    """Mean red, green and blue."""
    means: np.ndarray = square.mean((0, 1))
    return means


def channel_means_and_deviations(square: np.ndarray) -> np.ndarray:
    """Mean red, green and blue, then the standard deviation of each."""
    return np.concatenate([square.mean((0, 1)), square.std((0, 1))])


def _hog_count() -> int:
    blocks = SIZE_PX // 16 - 1
    return blocks**2 * 2 * 2 * 9


CLASSICAL = {
    features.name: features
    for features in (
        ClassicalFeatures(
            "hog", "Histograms of oriented gradients", _hog_count(), repr(HOG), gradient_histograms
        ),
        ClassicalFeatures(
            "lbp",
            "Local binary patterns",
            sum(points + 2 for points, _radius in LBP),
            repr(LBP),
            pattern_histograms,
        ),
        ClassicalFeatures("channel-means", "Channel means", 3, "", channel_means),
        ClassicalFeatures(
            "channel-means-deviations", "Channel means and deviations", 6, "", channel_means_and_deviations
        ),
    )
}
