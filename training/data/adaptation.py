"""Fitting a model to a town of which nobody has tagged anything: only its crops' scores are looked at. Pure."""

from dataclasses import dataclass

import numpy as np

# Fewer scores than this say nothing about their two groups.
LEAST_SCORES = 20
# Fewer crops than this may seem to part into two groups by chance: too few to go on learning from.
LEAST_CROPS = 50
# Expectation maximisation finds the nearest optimum: it begins with each of these shares of scores as the higher group.
FIRST_SHARES = (0.05, 0.2, 0.5, 0.8, 0.95)
MOST_STEPS, LEAST_GAIN = 500, 1e-6
# Of the scores' variance a group keeps so much at least: scores that are all one of two values have no width.
LEAST_VARIANCE_SHARE = 1e-6


@dataclass(frozen=True)
class Groups:
    """Two groups of scores: where to cut between them, and each score's chance (N,) to be of the higher one.

    `separation` is the distance of their means in standard deviations; above 2 they are told apart (Ashman, Bird &
    Zepf 1994, "Detecting bimodality in astronomical datasets").
    """

    cut: float
    chances: np.ndarray
    separation: float


def two_groups(logits: np.ndarray) -> Groups:
    """Return the two groups of a town's logits (N,): a mixture of two normal distributions of the same width.

    What is lost between towns is mostly the threshold, not the ranking: another sensor or season moves all scores
    alike. The groups are found by expectation maximisation; the cut lies halfway between their means. Raises
    `ValueError` for too few scores, or where all are the same.
    """
    if len(logits) < LEAST_SCORES:
        raise ValueError(f"{len(logits)} scores are too few to adapt to; {LEAST_SCORES} are needed")
    if np.ptp(logits) == 0:
        raise ValueError("all scores are the same; there are no two groups to tell apart")
    scores = np.asarray(logits, np.float64)
    fits = [_mixture(scores, share) for share in FIRST_SHARES]
    best = max(fits, key=lambda fit: fit.likelihood)
    lower, higher = np.sort(best.means)
    return Groups(
        cut=float((lower + higher) / 2),
        chances=best.chances[:, int(best.means.argmax())],
        separation=float((higher - lower) / np.sqrt(best.variance)),
    )


@dataclass(frozen=True)
class _Mixture:
    """Two normal distributions of one variance; `chances` (N, 2) of each score, and the mean log likelihood."""

    means: np.ndarray
    variance: float
    chances: np.ndarray
    likelihood: float


def _mixture(scores: np.ndarray, first_share: float) -> _Mixture:
    """The mixture that expectation maximisation comes to from that share of the scores (N,) as the higher group."""
    floor = LEAST_VARIANCE_SHARE * scores.var()
    is_higher = np.argsort(np.argsort(scores, kind="stable")) >= len(scores) - max(
        1, round(len(scores) * first_share)
    )
    chances = np.stack([~is_higher, is_higher], axis=1).astype(np.float64)
    likelihood = -np.inf
    for _step in range(MOST_STEPS):
        totals = chances.sum(axis=0) + np.finfo(float).tiny
        means = scores @ chances / totals
        squares = (scores[:, None] - means) ** 2
        variance = (chances * squares).sum() / len(scores) + floor
        logs = np.log(totals / len(scores)) - squares / (2 * variance)
        of_both = np.logaddexp(logs[:, 0], logs[:, 1])
        chances = np.exp(logs - of_both[:, None])
        before, likelihood = likelihood, float(of_both.mean() - np.log(2 * np.pi * variance) / 2)
        if likelihood - before < LEAST_GAIN:
            break
    return _Mixture(means, float(variance), chances, likelihood)


def adapted_cut(logits: np.ndarray) -> float:
    """Return where to cut a town's logits (N,); see `two_groups`."""
    return two_groups(logits).cut


def logit(scores: np.ndarray) -> np.ndarray:
    """The logit of probabilities, float64, kept finite."""
    kept = np.clip(np.asarray(scores, np.float64), 1e-7, 1 - 1e-7)
    return np.log(kept / (1 - kept))
