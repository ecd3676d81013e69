"""A linear head that says of features what another model said of the same ground. Pure.

Ridge regression (Hoerl & Kennard 1970) on the other model's logits, which is distillation (Hinton, Vinyals & Dean 2015,
arXiv:1503.02531) of a head alone: no answers of people are looked at.
"""

from dataclasses import dataclass

import numpy as np

from training.networks.heads.linear import LinearHead, standardisation

# Penalties to try, see `ridge_head`.
PENALTIES = tuple(float(each) for each in np.logspace(-5, 1, 13))


@dataclass(frozen=True)
class Ridge:
    """The head with the penalty that told left-out rows best, and what it said of each row (N,) while left out."""

    head: LinearHead
    penalty: float
    left_out_logits: np.ndarray


def ridge_head(
    features: np.ndarray, logits: np.ndarray, folds: np.ndarray, penalties: tuple[float, ...] = PENALTIES
) -> Ridge:
    """Return the ridge regression of `features` (N, F) on `logits` (N,).

    It minimises the mean squared error plus `penalty` times F times the sum of the squared weights of standardised
    features: F is the mean of the eigenvalues of the rows' products, so a penalty means the same whatever the backbone.
    The one is taken that has the least squared error over all rows, each told by what was learnt from the other
    `folds` (N,) than its own. Raises `ValueError` where there are fewer than two folds.
    """
    numbers = np.unique(folds)
    if len(numbers) < 2:
        raise ValueError("a penalty is chosen by leaving folds out: at least two are needed")
    targets = np.asarray(logits, np.float64)
    left_out = np.empty((len(penalties), len(targets)))
    for number in numbers:
        rest = folds != number
        heads = _heads(features[rest], targets[rest], penalties)
        for row, head in zip(left_out, heads, strict=True):
            row[~rest] = head.logits(features[~rest])
    errors = ((left_out - targets) ** 2).mean(axis=1)
    best = int(errors.argmin())
    (head,) = _heads(features, targets, penalties[best : best + 1])
    return Ridge(head, penalties[best], left_out[best])


def _heads(features: np.ndarray, targets: np.ndarray, penalties: tuple[float, ...]) -> list[LinearHead]:
    """A regression for each penalty, all from one decomposition of the rows' products (N, N)."""
    mean, variance = standardisation(features)
    rows = (features - mean) / np.sqrt(variance)
    middle = float(targets.mean())
    values, vectors = np.linalg.eigh(rows @ rows.T)
    turned = vectors.T @ (targets - middle)
    count = len(rows) * rows.shape[1]
    return [
        LinearHead(mean, variance, rows.T @ (vectors @ (turned / (values + penalty * count))), middle)
        for penalty in penalties
    ]
