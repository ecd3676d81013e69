"""Which labels look wrong to a model that did not learn from them. Pure; for background work: cleanlab is slow."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LabelErrors:
    """Of N labels the quality (N,), 0 to 1, and the places of those that are likely wrong, worst first."""

    quality: np.ndarray
    suspicious: np.ndarray


def label_errors(labels: np.ndarray, model: np.ndarray) -> LabelErrors:
    """Labels (N,), places of classes, judged by a model's out-of-sample chances of each class (N, K).

    Confident learning (Northcutt, Jiang, Chuang 2021, JAIR 70) as cleanlab does it: from how sure the model is on the
    average where a class is said, it estimates how many labels of each class should be another, and picks as many. The
    quality is the chance that the model gives to the label. Raises `ValueError` for labels of one class alone.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    if len(np.unique(labels)) < 2:
        raise ValueError("labels of one class alone cannot be told from wrong ones")
    suspicious = find_label_issues(
        labels, model, return_indices_ranked_by="self_confidence", filter_by="prune_by_noise_rate", n_jobs=1
    )
    return LabelErrors(get_label_quality_scores(labels, model), suspicious)
