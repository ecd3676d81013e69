"""How well scores tell "yes" from "no". Pure."""

from typing import Any

import numpy as np
from sklearn import metrics


def classification_metrics(is_positive: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, Any]:
    """Return counts, rates and AUC of scores of both classes, ready for JSON."""
    called = scores >= threshold
    (true_no, false_yes), (false_no, true_yes) = metrics.confusion_matrix(
        is_positive, called, labels=[0, 1]
    ).tolist()
    precision, recall, f1, _support = metrics.precision_recall_fscore_support(
        is_positive, called, average="binary", zero_division=0.0
    )
    return {
        "crops": len(scores),
        "positive": int(np.sum(is_positive)),
        "confusion": {
            "true_positive": true_yes,
            "false_positive": false_yes,
            "false_negative": false_no,
            "true_negative": true_no,
        },
        "accuracy": float(metrics.accuracy_score(is_positive, called)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(is_positive, called)),
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "auc": float(metrics.roc_auc_score(is_positive, scores)),
    }
