"""Which score divides "yes" from "no": the rule by which a training chooses its operating threshold. Pure."""

from dataclasses import dataclass

import numpy as np

from training.evaluation.roc import roc_curve


@dataclass(frozen=True)
class Threshold:
    """An operating threshold (a score at or above it is a "yes") and why it is this one."""

    value: float
    reason: str


def operating_threshold(is_positive: np.ndarray, scores: np.ndarray, max_fpr: float) -> Threshold:
    """Return the lowest cut through the validation scores whose false positive rate is at most `max_fpr`.

    The cut lies halfway to the next lower score, so that no crop sits on it.
    """
    false_rates, true_rates, cuts = roc_curve(is_positive, scores)
    best = np.flatnonzero(false_rates <= max_fpr)[-1]
    lower, upper = (
        (scores.max(), 1.0) if best == 0 else (scores[scores < cuts[best]].max(initial=0), cuts[best])
    )
    negatives = int(len(is_positive) - np.sum(is_positive))
    reason = (
        f"The lowest threshold at which at most {max_fpr:.1%} of the {negatives} validation crops with the answer "
        f"no are called yes: {false_rates[best]:.1%} of them are, and {true_rates[best]:.1%} of those with the "
        f"answer yes are found."
    )
    if not true_rates[best]:
        reason += (
            " Nothing is found because a crop with the answer no scores highest; allow more with --max-fpr."
        )
    return Threshold(float((lower + upper) / 2), reason)
