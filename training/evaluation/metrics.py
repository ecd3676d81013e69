"""How well scores tell "yes" from "no". Pure."""

from typing import Any

import numpy as np

from training.evaluation.roc import area_under, roc_curve


def classification_metrics(is_positive: np.ndarray, scores: np.ndarray, threshold: float) -> dict[str, Any]:
    """Return counts, rates and AUC of scores of both classes, ready for JSON; of nothing called, the precision is 0."""
    answers, called = np.asarray(is_positive, bool), np.asarray(scores) >= threshold
    true_yes, false_yes = int(np.sum(answers & called)), int(np.sum(~answers & called))
    false_no, true_no = int(np.sum(answers & ~called)), int(np.sum(~answers & ~called))
    found, spared = true_yes / (true_yes + false_no), true_no / (true_no + false_yes)
    false_rates, true_rates, _cuts = roc_curve(answers, np.asarray(scores))
    return {
        "crops": len(answers),
        "positive": true_yes + false_no,
        "confusion": {
            "true_positive": true_yes,
            "false_positive": false_yes,
            "false_negative": false_no,
            "true_negative": true_no,
        },
        "accuracy": (true_yes + true_no) / len(answers),
        "balanced_accuracy": (found + spared) / 2,
        "precision": true_yes / (true_yes + false_yes) if true_yes + false_yes else 0.0,
        "recall": found,
        "f1": 2 * true_yes / (2 * true_yes + false_yes + false_no),
        "auc": area_under(false_rates, true_rates),
    }
