"""The receiver operating characteristic: what is found over what is falsely called. Pure.

By hand, as importing scikit-learn takes longer than a whole training after a few new tags.
"""

import numpy as np


def roc_curve(is_positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """False and true positive rates, each (C,), at cuts (C,) that fall from infinity through all scores (N,).

    A score at or above a cut is a "yes". Raises `ValueError` unless there are finite scores of both answers.
    """
    order = np.argsort(-scores, kind="stable")
    answers, cuts = is_positive[order].astype(bool), scores[order]
    if not np.isfinite(cuts).all() or len(np.unique(answers)) < 2:
        raise ValueError("expected finite scores of both answers")
    last_of_cut = np.append(np.flatnonzero(np.diff(cuts)), len(cuts) - 1)
    false, true = np.cumsum(~answers)[last_of_cut], np.cumsum(answers)[last_of_cut]
    return (
        np.append(0, false) / false[-1],
        np.append(0, true) / true[-1],
        np.append(np.inf, cuts[last_of_cut]),
    )


def area_under(false_rates: np.ndarray, true_rates: np.ndarray) -> float:
    """The area under a ROC curve (AUC), by trapezoids."""
    return float(np.trapezoid(true_rates, false_rates))
