"""How good each tagger is, and how sure that is. Pure; for background work: SciPy is slow to import.

What counts is how often somebody is right where each class is true, averaged over the classes (balanced accuracy): who
says "no" to everything is right nine times in ten where damage is rare.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tagging.quality.consensus import Consensus

# An answer shows somebody's skill where the truth is known: by gold, or when the others alone are so sure of it.
SURE = 0.95
# Before that, everybody counts as having given so many answers about each class, as a typical tagger gives them.
PRIOR_ANSWERS = 2.0
# Nobody is judged by fewer answers of known truth than this, nor by fewer where any one class is true.
LEAST_KNOWN, LEAST_OF_CLASS = 20, 5
TAIL = 0.025  # on either side of a 95 % interval
# From chance (0) to always right (1): who is surely below the first is far below; who is so on the average is good.
FAR_BELOW_SHARE, GOOD_SHARE, EXCELLENT_SHARE = 0.2, 0.5, 0.8


class Level(StrEnum):
    """How somebody does, to be said in kind words."""

    TOO_EARLY = "too_early"
    FAR_BELOW = "far_below"
    LEARNING = "learning"
    GOOD = "good"
    EXCELLENT = "excellent"


@dataclass(frozen=True)
class TaggerSkill:
    """One tagger's balanced accuracy, and the 95 % interval that it lies in; all from 0 to 1.

    `accuracy` weighs the classes by how frequent they are. It rests on the answers about crops of `known` truth, of
    which `gold` were gold ones.
    """

    tagger_id: int
    level: Level
    balanced_accuracy: float
    lowest: float
    highest: float
    accuracy: float
    answers: int
    known: int
    gold: int


def tagger_skills(consensus: Consensus) -> list[TaggerSkill]:
    """The skill of everybody who gave an answer that names a class, in the order of their ids."""
    from scipy.special import betaincinv

    answers = consensus.answers
    taggers, classes = len(answers.tagger_ids), len(answers.classes)
    truth = known_truth(consensus)
    is_known = truth >= 0
    is_right = is_known & (truth == answers.answer)
    asked, right = (
        _counts(answers.tagger[rows], truth[rows], (taggers, classes)) for rows in (is_known, is_right)
    )
    typical = PRIOR_ANSWERS * np.diagonal(consensus.typical)
    recall = (right + typical) / (asked + PRIOR_ANSWERS)
    mean, a, b = _mean_of_betas(right + typical, asked - right + PRIOR_ANSWERS - typical)
    lowest, highest = betaincinv(a, b, TAIL), betaincinv(a, b, 1 - TAIL)
    given = np.bincount(answers.tagger, minlength=taggers)
    known = asked.sum(axis=1)
    gold = np.bincount(answers.tagger[consensus.is_gold[answers.crop]], minlength=taggers)
    is_early = (known < LEAST_KNOWN) | (asked.min(axis=1) < LEAST_OF_CLASS)
    return [
        TaggerSkill(
            tagger_id=int(answers.tagger_ids[one]),
            level=skill_level(mean[one], highest[one], classes, is_early=bool(is_early[one])),
            balanced_accuracy=float(mean[one]),
            lowest=float(lowest[one]),
            highest=float(highest[one]),
            accuracy=float(recall[one] @ consensus.class_shares),
            answers=int(given[one]),
            known=int(known[one]),
            gold=int(gold[one]),
        )
        for one in np.flatnonzero(given)
    ]


def skill_level(balanced_accuracy: float, highest: float, classes: int, *, is_early: bool) -> Level:
    """What to tell somebody; far below only where even the interval's upper end is.

    With two classes somebody is far below under 0.6, good from 0.75 and excellent from 0.9.
    """
    if is_early:
        return Level.TOO_EARLY
    chance = 1 / classes
    if highest < chance + FAR_BELOW_SHARE * (1 - chance):
        return Level.FAR_BELOW
    share = (balanced_accuracy - chance) / (1 - chance)
    if share < GOOD_SHARE:
        return Level.LEARNING
    return Level.GOOD if share < EXCELLENT_SHARE else Level.EXCELLENT


def known_truth(consensus: Consensus) -> np.ndarray:
    """For each answer (T,) the class that is true, by gold or by what others say of the crop; -1 where it is not known.

    The answer itself has no say in it: whoever answers first would be seen to agree with themselves.
    """
    answers = consensus.answers
    chances = consensus.posterior[answers.crop]
    others = chances / consensus.confusion[answers.tagger, :, answers.answer]
    others /= others.sum(axis=1, keepdims=True)
    has_others = answers.votes.sum(axis=1)[answers.crop] > 1
    is_known = consensus.is_gold[answers.crop] | (has_others & (others.max(axis=1, initial=0) >= SURE))
    return np.where(
        is_known, np.where(consensus.is_gold[answers.crop], chances.argmax(1), others.argmax(1)), -1
    )


def _counts(tagger: np.ndarray, truth: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How many answers each tagger gave where each class is true (M, K)."""
    return np.bincount(tagger * shape[1] + truth, minlength=shape[0] * shape[1]).reshape(shape)


def _mean_of_betas(right: np.ndarray, wrong: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean (M,) over classes of beta variables (M, K): and the shape of a beta variable of its variance."""
    total = right + wrong
    means = right / total
    mean = means.mean(axis=1)
    variance = (means * (1 - means) / (total + 1)).mean(axis=1) / right.shape[1]
    size = mean * (1 - mean) / variance - 1
    return mean, mean * size, (1 - mean) * size
