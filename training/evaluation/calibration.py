"""How far scores may be trusted: bands, calibration, and what a threshold means on the ground. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats
from sklearn import metrics

GRID = np.linspace(0, 1, 101)
RESAMPLES = 500
# Of the bands: nineteen of twenty resamples lie inside.
LEVEL = 0.95


@dataclass(frozen=True)
class Band:
    """A curve over `GRID` and the band in which nineteen of twenty resamples lie."""

    middle: np.ndarray
    low: np.ndarray
    high: np.ndarray


def roc_band(is_positive: np.ndarray, scores: np.ndarray, *, seed: int) -> Band:
    """The true positive rate over the false positive rate; resampled within either answer (Efron 1979)."""
    return _band(is_positive, scores, _roc, seed)


def precision_band(is_positive: np.ndarray, scores: np.ndarray, *, seed: int) -> Band:
    """The best precision at each recall or above (interpolated, as in TREC)."""
    return _band(is_positive, scores, _precision, seed)


def _roc(is_positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    false_rates, true_rates, _cuts = metrics.roc_curve(is_positive, scores)
    return np.interp(GRID, false_rates, true_rates)


def _precision(is_positive: np.ndarray, scores: np.ndarray) -> np.ndarray:
    precision, recall, _cuts = metrics.precision_recall_curve(is_positive, scores)
    return np.array([precision[recall >= least].max() for least in GRID])


def _band(
    is_positive: np.ndarray,
    scores: np.ndarray,
    curve: Callable[[np.ndarray, np.ndarray], np.ndarray],
    seed: int,
) -> Band:
    random = np.random.default_rng(seed)
    of_answer = [np.flatnonzero(is_positive == answer) for answer in (True, False)]
    drawn = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([random.choice(rows, len(rows)) for rows in of_answer])
        drawn.append(curve(is_positive[rows], scores[rows]))
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return Band(curve(is_positive, scores), low, high)


def temperature(is_positive: np.ndarray, logits: np.ndarray) -> float:
    """What to divide logits by so that scores say how often they are right (Guo et al. 2017, arXiv:1706.04599).

    Fitted on validation crops only: the one number that makes their answers most likely, from 0.05 to 20.
    """

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float(np.mean(np.logaddexp(0, scaled) - is_positive * scaled))

    best = optimize.minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded")
    return float(np.exp(best.x))


@dataclass(frozen=True)
class Reliability:
    """Of each tenth of scores that has crops: their mean score, the share that is positive, how many; and the error.

    `expected_error` is the mean distance between the two, weighted by crops (ECE, Naeini et al. 2015).
    """

    mean_scores: np.ndarray
    positive_shares: np.ndarray
    counts: np.ndarray
    expected_error: float
    brier: float


def reliability(is_positive: np.ndarray, scores: np.ndarray) -> Reliability:
    """Compare what scores promise with what is true."""
    bins = np.minimum((scores * 10).astype(int), 9)
    counts = np.bincount(bins, minlength=10)
    used = counts > 0
    means = np.bincount(bins, scores, 10)[used] / counts[used]
    shares = np.bincount(bins, is_positive, 10)[used] / counts[used]
    error = float(np.sum(counts[used] * np.abs(means - shares)) / len(scores))
    brier = float(np.mean((scores - is_positive) ** 2))
    return Reliability(means, shares, counts[used], error, brier)


def rate_interval(count: int, total: int) -> tuple[float, float]:
    """The interval of a rate seen `count` times in `total` (Clopper & Pearson 1934); none seen: the rule of three."""
    tail = (1 - LEVEL) / 2
    low = 0.0 if count == 0 else float(stats.beta.ppf(tail, count, total - count + 1))
    if count == 0:
        return 0.0, float(1 - (1 - LEVEL) ** (1 / total))
    return low, 1.0 if count == total else float(stats.beta.ppf(1 - tail, count + 1, total - count))


def windows_per_km2(window_m: float, stride_share: float = 1.0) -> float:
    """How many windows look at a square kilometre, when each stands `stride_share` of a window after the last."""
    return 1e6 / (window_m * stride_share) ** 2
