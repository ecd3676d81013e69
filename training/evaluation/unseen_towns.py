"""An operating point for a town that nobody tagged: what each town had needed while no model had seen it. Pure.

Between towns it is not the ranking that is lost but the place of the threshold. So every town that a training has is
left out in turn, scored by a model of the others, and the threshold is the mean of the cuts that were best there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.data.adaptation import logit
from training.evaluation.metrics import classification_metrics
from training.evaluation.roc import roc_curve
from training.networks.dense import probability

# A town with fewer crops of either answer has no say.
LEAST_PER_ANSWER = 2
EXPECTED = ("recall", "false_positive_rate", "precision", "balanced_accuracy", "auc")


@dataclass(frozen=True)
class UnseenTown:
    """The answers (N,) and scores (N,) of a town's crops, by a model that did not learn from that town."""

    town: str
    is_positive: np.ndarray
    scores: np.ndarray

    @property
    def has_a_say(self) -> bool:
        return self.weight >= LEAST_PER_ANSWER

    @property
    def weight(self) -> int:
        """How many crops it has of its rarer answer: on so many its best cut stands."""
        positive = int(np.sum(self.is_positive))
        return min(positive, len(self.is_positive) - positive)


def best_cut(is_positive: np.ndarray, scores: np.ndarray) -> float:
    """The logit at which the balanced accuracy is highest; the median where several are alike.

    Cuts lie halfway between neighbouring scores, so that no crop sits on one.
    """
    false_rates, true_rates, cuts = roc_curve(is_positive, logit(scores))
    between = (cuts[1:-1] + cuts[2:]) / 2  # the one after each score, from the highest on
    gains = (true_rates - false_rates)[1:-1]
    return float(np.median(between[gains >= gains.max() - 1e-9]))


def unseen_town_threshold(towns: Sequence[UnseenTown]) -> float:
    """The score from which on a crop counts as yes: the towns' best cuts in logits, averaged by their weights.

    Raises `ValueError` where no town has a say.
    """
    heard = [town for town in towns if town.has_a_say]
    if not heard:
        raise ValueError("no town has enough crops of both answers")
    return float(probability(np.array(_mean_cut(heard))))


def _mean_cut(towns: Sequence[UnseenTown]) -> float:
    cuts = [best_cut(town.is_positive, town.scores) for town in towns]
    return float(np.average(cuts, weights=[town.weight for town in towns]))


def expected_in_unseen_towns(towns: Sequence[UnseenTown]) -> dict[str, Any]:
    """What to expect in a town that nobody tagged, ready for JSON: each town at the threshold that the others chose.

    {"towns": [{"town", "positive", "negative", "cut", "threshold", and `EXPECTED`}], and of each of `EXPECTED` {"mean",
    "least", "most"}}. Where one town alone has a say the threshold is its own, and the figures flatter; where none
    has, the answer is an empty dict.
    """
    heard = [town for town in towns if town.has_a_say]
    if not heard:
        return {}
    rows = [_row(town, [other for other in heard if other is not town] or heard) for town in heard]
    spans = {
        name: {
            "mean": float(np.average([row[name] for row in rows], weights=[town.weight for town in heard])),
            "least": min(row[name] for row in rows),
            "most": max(row[name] for row in rows),
        }
        for name in EXPECTED
    }
    return {"towns": rows, "is_own_cut": len(heard) == 1, **spans}


def _row(town: UnseenTown, choosing: Sequence[UnseenTown]) -> Mapping[str, Any]:
    threshold = float(probability(np.array(_mean_cut(choosing))))
    measured = classification_metrics(town.is_positive, town.scores, threshold)
    confusion = measured["confusion"]
    negative = confusion["false_positive"] + confusion["true_negative"]
    return {
        "town": town.town,
        "positive": measured["positive"],
        "negative": negative,
        "cut": float(probability(np.array(best_cut(town.is_positive, town.scores)))),
        "threshold": threshold,
        "false_positive_rate": confusion["false_positive"] / negative,
        **{name: measured[name] for name in EXPECTED if name in measured},
    }
