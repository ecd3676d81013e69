"""At which side, in pixels, a network sees a window: the smallest that tells unseen towns apart as well as any. Pure.

A dense network's work grows with the square of the side, and small windows hold no more detail at a large one.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from training.evaluation.roc import area_under, roc_curve
from training.evaluation.unseen_towns import UnseenTown

SIDES_PX = (96, 128, 160)
# Where nothing was measured: within 0.003 of the backbone's own side in every town and sensor that was tried.
UNMEASURED_PX = 160
# A side is as good as the best if its AUC in the towns left out is at most so much lower.
TOLERATED_AUC = 0.003
# With fewer answers of the rarer kind than this in the towns left out the differences are chance.
LEAST_ANSWERS = 50
# So many times the crops' own side: beyond it a network sees nothing but interpolation.
MOST_TIMES_LARGER = 2.0


def candidate_sides(own_px: int, crop_px: int) -> list[int]:
    """The sides to try, from the smallest: up to the backbone's own, and not far beyond the crops'."""
    sides = [side for side in (*SIDES_PX, own_px) if side <= own_px]
    return [side for side in sides if side <= MOST_TIMES_LARGER * crop_px] or sides[:1]


def unmeasured_side(own_px: int) -> int:
    """The side where there are too few answers to measure."""
    return min(own_px, UNMEASURED_PX)


def can_be_measured(towns: Sequence[UnseenTown]) -> bool:
    """Whether the towns left out have enough answers to tell sides apart."""
    return sum(town.weight for town in towns if town.has_a_say) >= LEAST_ANSWERS


def mean_auc(towns: Sequence[UnseenTown]) -> float:
    """The AUC in the towns left out, each weighted by its rarer answers."""
    heard = [town for town in towns if town.has_a_say]
    aucs = [area_under(*roc_curve(town.is_positive, town.scores)[:2]) for town in heard]
    return float(np.average(aucs, weights=[town.weight for town in heard]))


def smallest_as_good(auc_by_side: Mapping[int, float]) -> int:
    """The smallest side whose AUC lies within `TOLERATED_AUC` of the best."""
    best = max(auc_by_side.values())
    return min(side for side, auc in auc_by_side.items() if auc >= best - TOLERATED_AUC)
