"""How well one model's logits follow another's. Pure."""

import numpy as np


def determination(wanted: np.ndarray, given: np.ndarray) -> float:
    """The coefficient of determination, R²: 1 less the squared errors over the squared deviations from the mean (N,).

    0 where all that is wanted is the same.
    """
    spread = float(((wanted - wanted.mean()) ** 2).sum())
    return 1 - float(((wanted - given) ** 2).sum()) / spread if spread else 0.0


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's correlation of ranks (N,), 0 where either's values are all equal; equal ones share their mean rank."""
    if not (np.ptp(first) and np.ptp(second)):
        return 0.0
    return float(np.corrcoef(_ranks(first), _ranks(second))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _distinct, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[places]
