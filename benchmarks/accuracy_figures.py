"""What is measured in a town that was left out: crops against scores, squares against boxes. Pure."""

from collections.abc import Mapping

import numpy as np

from training.evaluation.roc import roc_curve


def best_balanced_accuracy(is_positive: np.ndarray, scores: np.ndarray) -> float:
    """The highest balanced accuracy of any cut through scores (N,), chosen on the very answers (N,): a ceiling."""
    false_rates, true_rates, _cuts = roc_curve(is_positive, scores)
    return float(((true_rates + 1 - false_rates) / 2).max())


def false_positive_rate(confusion: Mapping[str, int]) -> float:
    """The share of the undamaged that are called damaged, of `classification_metrics`' "confusion"."""
    return confusion["false_positive"] / (confusion["false_positive"] + confusion["true_negative"])


def lies_within(value: float, promised: Mapping[str, float]) -> bool:
    """Whether a figure lies between the "least" and the "most" that were promised, both included."""
    return promised["least"] <= value <= promised["most"]


def middles_in_boxes(squares: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Of each square (N, 4) whether its middle lies in some box (M, 4); x, y, width, height in scene pixels."""
    x, y = (squares[:, None, :2] + squares[:, None, 2:] / 2).transpose(2, 0, 1)
    left, top, width, height = boxes.T
    inside = (left <= x) & (x < left + width) & (top <= y) & (y < top + height)
    return np.asarray(inside.any(axis=1))


def touched_by_boxes(squares: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Of each square (N, 4) whether some box (M, 4) shares ground with it; x, y, width, height in scene pixels."""
    starts = np.maximum(squares[:, None, :2], boxes[None, :, :2])
    ends = np.minimum(squares[:, None, :2] + squares[:, None, 2:], boxes[None, :, :2] + boxes[None, :, 2:])
    return np.asarray((ends > starts).all(axis=2).any(axis=1))


def share(flags: np.ndarray) -> float | None:
    """The share of flags (N,) that are set; None of none."""
    return float(np.mean(flags)) if len(flags) else None


def ground_km2(width_px: int, height_px: int, gsd_m: float, ground_share: float = 1.0) -> float:
    """The ground in square kilometres that a scene of square pixels shows, without what is nodata."""
    return width_px * height_px * gsd_m**2 * ground_share / 1e6


def cut_for_density(scores: np.ndarray, km2: float, per_km2: float) -> float:
    """The lowest threshold that at most so many of these scores (N,) for each square kilometre reach."""
    falling, allowed = np.sort(scores)[::-1], int(per_km2 * km2)
    return float(np.nextafter(falling[allowed], np.inf)) if allowed < len(falling) else 0.0
