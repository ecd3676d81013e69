"""Dense models: one network over a whole stretch of ground, whose windows share its computation.

A dense network answers with a map of *logits*, one cell for every 16 pixels of its input. A window's score is the
logistic function of the mean logit over the window: for a linear layer on mean features that is the same number as
running the network's head on the window's own features (Long, Shelhamer & Darrell 2015, arXiv:1411.4038).

Strided convolutions with TensorFlow's padding look half a cell to the lower right: cell i sees around pixel
16 (i + 1) of the input, so it stands for the pixels from 16 i + 8 up to 16 i + 24.
"""

import numpy as np

from training.networks.resize import resized

CELL_PX = 16
SHIFT_PX = 8
# The input's sides are multiples of this: the network's largest stride, so that cells lie alike everywhere.
STRIDE_PX = 32
# Surroundings that a network is given before (left, above) and at least after (right, below) what it judges: what it
# sees beyond its input (mean activations, `efficientnet_lite`) reaches some 100 px far. `benchmarks/surroundings.py`.
BEFORE_PX, AFTER_PX = 72, 56


def input_px(judged_px: int) -> int:
    """The side of the input in which the network judges `judged_px` pixels: with surroundings, in whole strides."""
    return -(-(BEFORE_PX + judged_px + AFTER_PX) // STRIDE_PX) * STRIDE_PX


def padded(square: np.ndarray, size_px: int) -> np.ndarray:
    """The square (h, w, 3, uint8) at `size_px` on each side, inside surroundings that mirror it."""
    after_px = input_px(size_px) - size_px - BEFORE_PX
    sides = (BEFORE_PX, after_px)
    return np.pad(resized(square, size_px), (sides, sides, (0, 0)), mode="reflect")


def cell_shares(count: int, start_px: float, length_px: float) -> np.ndarray:
    """Each of `count` cells' share in the input's pixels from `start_px` on; the shares add up to 1."""
    before = np.arange(count) * CELL_PX + SHIFT_PX
    common = np.minimum(before + CELL_PX, start_px + length_px) - np.maximum(before, start_px)
    shares = np.maximum(common, 0)
    return shares / shares.sum()


def window_shares(size_px: int) -> np.ndarray:
    """The cells' shares, along one side, in a padded window of `size_px`."""
    return cell_shares(input_px(size_px) // CELL_PX, BEFORE_PX, size_px)


def padded_scores(logits: np.ndarray, size_px: int) -> np.ndarray:
    """Scores (N,) of padded windows from their logits (N, cells, cells)."""
    shares = window_shares(size_px)
    return probability(np.einsum("nij,i,j->n", logits.astype(np.float64), shares, shares))


def probability(logits: np.ndarray) -> np.ndarray:
    """The logistic function, float32; keeps NaN."""
    return (0.5 * (1 + np.tanh(np.asarray(logits, np.float64) / 2))).astype(np.float32)
