"""Which places of a town to look at, so that few answers tell most about where to cut its scores. Pure.

Two rounds tell more than one: the first looks everywhere (`wide_edges`), the second where the answers so far put the
threshold (`near_edges`); `benchmarks/town_sample.py` has the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prediction.town_sample.recalibration import Recalibration

# Between the lowest twentieth, which hardly ever is damage, and the highest scores, which are few in most towns.
LOW_SHARE, TOP_WINDOWS = 0.05, 10
WIDE_EDGES = 5
# Around the cut, in calibrated logits: four strata of half a logit each, and all that lies farther on either side.
NEAR_STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Sample:
    """Windows that were drawn: their rows (n,) among all, strata (n,) and weights (n,).

    A weight is how many windows of its stratum a place stands for: windows there over places there, the inverse of
    its chance to be drawn (Horvitz & Thompson 1952). As places of a sample never overlap, chances within a stratum
    are equal only where its windows have as many neighbours as each other.
    """

    rows: np.ndarray
    strata: np.ndarray
    weights: np.ndarray


def wide_edges(logits: np.ndarray) -> np.ndarray:
    """Edges between strata of equal width over the range of all windows' logits (N,), wherever the threshold lies."""
    top = np.sort(logits)[-min(len(logits), TOP_WINDOWS)]
    return np.unique(np.linspace(np.quantile(logits, LOW_SHARE), top, WIDE_EDGES))


def near_edges(recalibration: Recalibration, cut: float) -> np.ndarray:
    """Edges between strata around a provisional cut (a logit)."""
    return cut + np.array(NEAR_STEPS) / recalibration.slope


def drawn_sample(
    logits: np.ndarray,
    edges: np.ndarray,
    *,
    count: int,
    seed: int,
    boxes: np.ndarray | None = None,
    taken: Sequence[int] = (),
) -> Sample:
    """Draw `count` windows more than those `taken` (rows, which come first), as evenly over the strata as they allow.

    Logits (N,) are those of all windows; of their boxes (N, 4), in scene pixels, no two in the sample overlap.
    Fewer are drawn where no more are left. Strata of a later round are laid over the places of an earlier one as
    well (post-stratification, Holt & Smith 1979).
    """
    random = np.random.default_rng(seed)
    strata = np.searchsorted(edges, logits, side="right")
    waiting = [random.permutation(np.flatnonzero(strata == number)) for number in range(len(edges) + 1)]
    next_up = np.zeros(len(waiting), int)
    sizes = np.array([len(rows) for rows in waiting])
    rows = list(taken)
    places = np.bincount(strata[rows], minlength=len(waiting)) if rows else np.zeros(len(waiting), int)
    while len(rows) < len(taken) + count and (next_up < sizes).any():
        open_strata = np.flatnonzero(next_up < sizes)[::-1]  # of equals the highest, which is the rarest
        stratum = open_strata[np.argmin(places[open_strata])]
        row = int(waiting[stratum][next_up[stratum]])
        next_up[stratum] += 1
        if row not in rows and (boxes is None or not _overlaps(boxes[row], boxes[rows])):
            rows.append(row)
            places[stratum] += 1
    drawn = np.array(rows, int)
    return Sample(drawn, strata[drawn], (sizes / np.maximum(places, 1))[strata[drawn]])


def _overlaps(box: np.ndarray, others: np.ndarray) -> bool:
    """Whether a box (x, y, width, height) shares ground with any of others (n, 4)."""
    starts, ends = others[:, :2], others[:, :2] + others[:, 2:]
    return bool(((box[:2] < ends) & (starts < box[:2] + box[2:])).all(axis=1).any())
