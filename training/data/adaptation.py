"""Fitting a model to a town of which nobody has tagged anything: only its crops' scores are looked at. Pure."""

from dataclasses import dataclass

import numpy as np

# Fewer scores than this say nothing about their two groups.
LEAST_SCORES = 20
# Fewer crops than this may seem to part into two groups by chance: too few to go on learning from.
LEAST_CROPS = 50


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
    from sklearn.mixture import GaussianMixture

    column = logits.reshape(-1, 1)
    mixture = GaussianMixture(2, covariance_type="tied", random_state=0, n_init=3).fit(column)
    means = mixture.means_[:, 0]
    return Groups(
        cut=float(means.mean()),
        chances=mixture.predict_proba(column)[:, int(means.argmax())],
        separation=float(np.ptp(means) / np.sqrt(mixture.covariances_[0, 0])),
    )


def adapted_cut(logits: np.ndarray) -> float:
    """Return where to cut a town's logits (N,); see `two_groups`."""
    return two_groups(logits).cut


def logit(scores: np.ndarray) -> np.ndarray:
    """The logit of probabilities, float64, kept finite."""
    kept = np.clip(np.asarray(scores, np.float64), 1e-7, 1 - 1e-7)
    return np.log(kept / (1 - kept))
