"""What a training makes of the crowd's consensus: a yes or a no, and how much that counts. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class WeightedLabels:
    """Of N crops whether the consensus says yes (N,), bool, and how much each counts (N,), 0 to 1."""

    is_positive: np.ndarray
    weight: np.ndarray


def weighted_labels(
    posterior: np.ndarray, classes: Sequence[str], *, positive: Collection[str], negative: Collection[str]
) -> WeightedLabels:
    """The labels that a posterior (N, K) over `classes` comes to; classes in neither collection say neither.

    The weight is the distance between the chances of yes and of no. For a logistic head that is the same as to show
    the crop with both answers, each weighted by its chance, up to a pull towards one half that is the same for either
    answer: p loss(yes) + q loss(no) = (p - q) loss(yes) + q (loss(yes) + loss(no)). A crop of weight 0 teaches nothing.
    """
    yes = posterior[:, [name in positive for name in classes]].sum(axis=1)
    no = posterior[:, [name in negative for name in classes]].sum(axis=1)
    return WeightedLabels(yes > no, np.abs(yes - no))
