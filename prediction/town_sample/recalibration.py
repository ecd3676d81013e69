"""From a town's reviewed places to what its scores mean there: chances, precision, recall, and where to cut. Pure."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _

# Fewer answers of a kind say too little about the slope, and nothing about how sure it is.
LEAST_OF_A_KIND = 5
# How far the logarithm of the slope strays from 0 before there are answers: most slopes lie between 0.4 and 2.7.
SLOPE_SPREAD = 0.5
MOST_STEPS, SMALL_STEP = 100, 1e-9
# Of the intervals: nineteen of twenty draws lie inside.
LEVEL = 0.95
DRAWS = 400
# Scenes of more windows are summed up in so many narrow bins of logits.
MOST_BINS = 4096


@dataclass(frozen=True)
class Goal:
    """What a threshold is to reach: a precision, a recall, or the best balanced accuracy (without a value)."""

    kind: Literal["precision", "recall", "balanced"]
    value: float | None = None


@dataclass(frozen=True)
class Recalibration:
    """A window's chance to show damage is the logistic function of `bias + slope * logit` (Platt 1999).

    `covariance` (2, 2) is that of what was fitted: the calibrated logit at `centre`, and the slope's logarithm.
    """

    bias: float
    slope: float
    centre: float
    covariance: np.ndarray

    def chances(self, logits: np.ndarray) -> np.ndarray:
        """The chances (N,) of windows with these logits (N,)."""
        return logistic(self.bias + self.slope * logits)

    def drawn(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Biases and slopes (`DRAWS`,) that the answers allow; see `recalibrated`."""
        middle = (self.bias + self.slope * self.centre, np.log(self.slope))
        random = np.random.default_rng(seed)
        levels, log_slopes = random.multivariate_normal(middle, self.covariance, size=DRAWS).T
        slopes = np.exp(log_slopes)
        return levels - slopes * self.centre, slopes


@dataclass(frozen=True)
class Estimate:
    """A value and the interval in which nineteen of twenty draws lie."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold (a score at or above it is a "yes"), and the precision and recall of windows to expect there."""

    threshold: Estimate
    precision: Estimate
    recall: Estimate


def logistic(values: np.ndarray) -> np.ndarray:
    """The logistic function, float64, without overflow."""
    return 0.5 * (1 + np.tanh(np.asarray(values, np.float64) / 2))


def recalibrated(logits: np.ndarray, is_damaged: np.ndarray) -> Recalibration:
    """Fit bias and slope to answers (n,) about windows of these logits (n,).

    The bias is free; the slope's logarithm has a normal prior around 0, so that few answers move the bias alone and
    the slope only where many of them ask for it. Answers are not weighted: which places were drawn depends on their
    scores alone, given which the likelihood is the same (an ignorable design, Rubin 1976), and weights would only add
    to the spread. Spread and covariance are those of the normal approximation to the posterior at its mode
    (Laplace's method, MacKay 1992, "The evidence framework applied to classification networks"), with the expected
    information. Raises `Refused` for too few answers of either kind.
    """
    check_enough(is_damaged)
    centre = float(logits.mean())
    offsets, answers = logits - centre, is_damaged.astype(np.float64)
    share = answers.mean()
    point = np.array([np.log(share / (1 - share)), 0.0])
    for _step in range(MOST_STEPS):
        gradient, information = _slopes_of_posterior(point, offsets, answers)
        step = np.linalg.solve(information, gradient)
        size = min(1.0, 1.0 / np.abs(step).max(initial=SMALL_STEP))
        present = _log_posterior(point, offsets, answers)
        while size > SMALL_STEP and _log_posterior(point + size * step, offsets, answers) < present:
            size /= 2
        point = point + size * step
        if np.abs(size * step).max() < SMALL_STEP:
            break
    covariance = np.linalg.inv(_slopes_of_posterior(point, offsets, answers)[1])
    slope = float(np.exp(point[1]))
    return Recalibration(float(point[0]) - slope * centre, slope, centre, covariance)


def _log_posterior(point: np.ndarray, offsets: np.ndarray, answers: np.ndarray) -> float:
    values = point[0] + np.exp(point[1]) * offsets
    likelihood = (answers * values - np.logaddexp(0, values)).sum()
    return float(likelihood - point[1] ** 2 / (2 * SLOPE_SPREAD**2))


def _slopes_of_posterior(
    point: np.ndarray, offsets: np.ndarray, answers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The gradient (2,) of the logarithm of the posterior, and its expected information (2, 2)."""
    inputs = np.stack([np.ones(len(offsets)), np.exp(point[1]) * offsets])
    chances = logistic(point[0] + inputs[1])
    gradient = inputs @ (answers - chances) - [0, point[1] / SLOPE_SPREAD**2]
    information = (inputs * chances * (1 - chances)) @ inputs.T + np.diag([0, 1 / SLOPE_SPREAD**2])
    return gradient, information


def has_enough(is_damaged: np.ndarray) -> bool:
    """Whether answers (n,) are enough of either kind to recalibrate by."""
    return min(int(is_damaged.sum()), int((~is_damaged).sum())) >= LEAST_OF_A_KIND


def check_enough(is_damaged: np.ndarray) -> None:
    """Raise `Refused`, saying how many are needed, unless answers (n,) are enough of either kind."""
    if has_enough(is_damaged):
        return
    yes, no = int(is_damaged.sum()), int((~is_damaged).sum())
    missing = {"yes": max(0, LEAST_OF_A_KIND - yes), "no": max(0, LEAST_OF_A_KIND - no)}
    raise Refused(
        _(
            "Of the answers %(yes)s are yes and %(no)s are no; at least %(least)s of either kind are needed: "
            "%(more_yes)s more yes, %(more_no)s more no."
        )
        % {
            "yes": yes, "no": no, "least": LEAST_OF_A_KIND,
            "more_yes": missing["yes"], "more_no": missing["no"],
        },
        _("Review more places: review_sample RUN --answers CSV draws them."),
    )  # fmt: skip


def operating_point(
    recalibration: Recalibration, logits: np.ndarray, goal: Goal, *, seed: int = 0
) -> OperatingPoint:
    """Where to cut the logits (N,) of all windows of a scene to reach the goal, and what to expect there.

    A precision is reached by the lowest such threshold, a recall by the highest. Intervals are quantiles over draws of
    bias and slope: they hold what the answers leave open, not that damage in a town is a finite draw itself. Raises
    `Refused` for a precision that no threshold reaches.
    """
    bins = _bins(logits)
    expected = _Expected(recalibration.chances(bins.levels)[None], bins.counts)
    chosen = int(expected.chosen(goal)[0])
    if chosen == len(bins.levels):
        best = float(expected.precision[0, -1])
        raise Refused(
            _("No threshold reaches a precision of %(wanted)s here: the highest to expect is %(best)s.")
            % {"wanted": goal.value, "best": f"{best:.2f}"},
            _("Ask for less, or for a recall."),
        )
    biases, slopes = recalibration.drawn(seed)
    draws = _Expected(logistic(biases[:, None] + slopes[:, None] * bins.levels), bins.counts)
    thresholds = logistic(bins.cuts)
    return OperatingPoint(
        threshold=_estimate(thresholds[chosen], np.append(thresholds, 1.0)[draws.chosen(goal)]),
        precision=_estimate(expected.precision[0, chosen], draws.precision[:, chosen]),
        recall=_estimate(expected.recall[0, chosen], draws.recall[:, chosen]),
    )


def nearest_cut(recalibration: Recalibration, logits: np.ndarray, goal: Goal) -> float:
    """The logit at which to cut for the goal, or for the nearest to it that can be reached."""
    bins = _bins(logits)
    expected = _Expected(recalibration.chances(bins.levels)[None], bins.counts)
    return float(bins.cuts[min(int(expected.chosen(goal)[0]), len(bins.cuts) - 1)])


def _estimate(value: float, draws: np.ndarray) -> Estimate:
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    # The mode may lie outside its draws' middle by a hair; an interval holds its value.
    return Estimate(float(value), min(float(low), float(value)), max(float(high), float(value)))


@dataclass(frozen=True)
class _Bins:
    """Windows by logit, ascending: mean logits (M,), how many windows (M,), and a cut (M,) below each bin."""

    levels: np.ndarray
    counts: np.ndarray
    cuts: np.ndarray


def _bins(logits: np.ndarray) -> _Bins:
    ordered = np.sort(np.asarray(logits, np.float64))
    new = np.diff(ordered, prepend=-np.inf) > 0
    if new.sum() > MOST_BINS:
        numbers = np.floor((ordered - ordered[0]) / np.ptp(ordered) * (MOST_BINS - 1))
        new = np.diff(numbers, prepend=-1) > 0
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, len(ordered)))
    below = np.append(ordered[0] - 1e-3, ordered[starts[1:] - 1])  # what lies just below each bin
    return _Bins(np.add.reduceat(ordered, starts) / counts, counts, (below + ordered[starts]) / 2)


class _Expected:
    """What to expect of cuts below each of M bins, by chances (K, M) of their windows: arrays (K, M)."""

    def __init__(self, chances: np.ndarray, counts: np.ndarray) -> None:
        damaged = _from_above(chances * counts)
        called = _from_above(counts[None].astype(np.float64))
        undamaged = called - damaged
        self.precision = damaged / called
        self.recall = damaged / damaged[:, :1]
        self.false_rate = undamaged / undamaged[:, :1]

    def chosen(self, goal: Goal) -> np.ndarray:
        """The cut (K,) that reaches the goal; M where none does."""
        if goal.kind == "balanced":
            return np.argmax(self.recall - self.false_rate, axis=1)
        if goal.kind == "recall":  # falls with the cut
            return (self.recall >= goal.value).sum(axis=1) - 1
        return (self.precision < goal.value).sum(axis=1)  # rises with it


def _from_above(values: np.ndarray) -> np.ndarray:
    """Sums of values (K, M) over each bin and all above it."""
    return np.cumsum(values[:, ::-1], axis=1)[:, ::-1]


def sampled_rates(
    logits: np.ndarray, is_damaged: np.ndarray, weights: np.ndarray, cut: float
) -> tuple[float | None, float | None]:
    """Precision and recall at a cut by the reviewed places alone, each standing for its weight (Hájek 1971).

    A check on what is expected, free of any model and far less sure; None where no place tells.
    """
    called = logits >= cut
    found = weights[called & is_damaged].sum()
    all_called, all_damaged = weights[called].sum(), weights[is_damaged].sum()
    return (
        float(found / all_called) if all_called else None,
        float(found / all_damaged) if all_damaged else None,
    )
