"""Fitting a model to a town of which nobody has tagged anything: only its crops' scores are looked at. Pure."""

import numpy as np

# Fewer scores than this say nothing about their two groups.
LEAST_SCORES = 20


def adapted_cut(logits: np.ndarray) -> float:
    """Return where to cut a town's logits (N,): halfway between the means of two normal groups of the same width.

    What is lost between towns is mostly the threshold, not the ranking: another sensor or season moves all scores
    alike. The groups are found by expectation maximisation (a mixture of two Gaussians with one variance). Raises
    `ValueError` for too few scores, or where all are the same.
    """
    if len(logits) < LEAST_SCORES:
        raise ValueError(f"{len(logits)} scores are too few to adapt to; {LEAST_SCORES} are needed")
    if np.ptp(logits) == 0:
        raise ValueError("all scores are the same; there are no two groups to tell apart")
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(2, covariance_type="tied", random_state=0, n_init=3)
    return float(mixture.fit(logits.reshape(-1, 1)).means_.mean())


def logit(scores: np.ndarray) -> np.ndarray:
    """The logit of probabilities, float64, kept finite."""
    kept = np.clip(np.asarray(scores, np.float64), 1e-7, 1 - 1e-7)
    return np.log(kept / (1 - kept))
