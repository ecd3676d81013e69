"""Going on learning in a town of which nobody has tagged anything, from what the model itself is surest of. Pure.

Whether that helps is decided in `heads.adapting`.
"""

from dataclasses import dataclass

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _
from training.data.adaptation import LEAST_CROPS, two_groups
from training.networks.dense import probability
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import LinearHead, LogisticFit
from training.networks.heads.parameters import LogisticParameters, Parameters

# In each round so much of the town is guessed, the surest first; `benchmarks/README.md` has the figures.
ROUNDS = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Fewer guesses of either answer than this are no group.
LEAST_PER_GUESS = 5
# One group of 400 made-up scores is taken for two that lie 1.8 standard deviations apart at most.
LEAST_SEPARATION = 2.0


@dataclass(frozen=True)
class SelfTrained:
    """The head, the score at which the town's two groups part, and the town's logits (M,)."""

    head: LinearHead
    threshold: float
    separation: float
    logits: np.ndarray

    @property
    def called(self) -> np.ndarray:
        """Which of the town's crops (M,) lie on the side of yes."""
        return probability(self.logits) >= self.threshold


def self_trained(train: Labelled, unlabelled: np.ndarray, parameters: Parameters) -> SelfTrained:
    """Return a logistic regression that also learnt from its own surest answers for `unlabelled` features (M, F).

    Self-training (Yarowsky 1995; Lee 2013, "Pseudo-label"): each round learns anew from the tagged crops and, with the
    same weight in all and for either answer, from guesses: on which side of the two groups of its logits a crop lies,
    weighted by how sure that is. Raises `Refused` where the town's crops do not part into two groups, and `TypeError`
    for the parameters of another head.
    """
    if not isinstance(parameters, LogisticParameters):
        raise TypeError(f"only a logistic regression adapts to a town, not {type(parameters).__name__}")
    check_enough(unlabelled)
    fit = LogisticFit(train, unlabelled, parameters)
    learnt = fit.learnt()
    for share in ROUNDS:
        guesses, weights = _guessed(fit.logits(learnt), share, total=float(train.shares.sum()))
        learnt = fit.learnt(guesses, weights)
    logits = fit.logits(learnt)
    groups = two_groups(logits)
    return SelfTrained(fit.head(learnt), float(probability(np.array(groups.cut))), groups.separation, logits)


def _guessed(logits: np.ndarray, share: float, *, total: float) -> tuple[np.ndarray, np.ndarray]:
    """Guessed answers (M,) and their weights (M,), zero for those less sure than the surest `share`."""
    groups = two_groups(logits)
    if groups.separation < LEAST_SEPARATION:
        raise _no_groups()
    guesses, sureness = groups.chances > 0.5, np.abs(groups.chances - 0.5)
    surest = np.argsort(-sureness, kind="stable")[: int(len(logits) * share)]
    weights = np.zeros(len(logits))
    weights[surest] = sureness[surest]
    for answer in (True, False):
        of_answer = (guesses == answer) & (weights > 0)
        if of_answer.sum() < LEAST_PER_GUESS:
            raise _no_groups()
        weights[of_answer] *= total / 2 / weights[of_answer].sum()
    return guesses, weights


def check_enough(unlabelled: np.ndarray) -> None:
    """Refuse a town with too few crops (M, F)."""
    if len(unlabelled) < LEAST_CROPS:
        raise Refused(
            _("%(unlabelled)s crops are too few to adapt to a town.") % {"unlabelled": len(unlabelled)},
            _("Have people look at %(least_crops)s places of it at least; their answers do not matter.")
            % {"least_crops": LEAST_CROPS},
        )


def _no_groups() -> Refused:
    return Refused(
        _("The town's crops do not part into two groups, so there is nothing to adapt to."),
        _("Train without --adapt-to, or have people tag the town."),
    )
