"""A town's own sample: places to look at are drawn from a finished run, and what people saw sets its threshold."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from damage.errors import Refused
from damage.ingestion.models import SceneKind
from damage.messages import Message as _
from prediction.models import PredictionRun
from prediction.services import check_has_scores, rethreshold
from prediction.town_sample.answers import Answer, SampledPlace, read_answers, refuse_answers
from prediction.town_sample.design import Sample, drawn_sample, near_edges, wide_edges
from prediction.town_sample.recalibration import (
    LEVEL,
    Goal,
    OperatingPoint,
    Recalibration,
    has_enough,
    nearest_cut,
    operating_point,
    recalibrated,
    sampled_rates,
)
from training.data.adaptation import logit

MOST_PLACES = 10_000
BALANCED = Goal("balanced")


def draw_sample(
    run: PredictionRun, *, count: int, seed: int, answers_path: Path | None = None, goal: Goal = BALANCED
) -> list[SampledPlace]:
    """Places of a finished run's scene to look at; after answers, those of the file and `count` more.

    The first ones are spread over all scores; once there are enough answers, the next ones lie where these put the
    threshold for the goal. Fewer are drawn where no more places are left that overlap no other.
    """
    _check_goal(goal)
    if not 1 <= count <= MOST_PLACES:
        raise Refused(_("Draw from 1 to %(most)s places.") % {"most": MOST_PLACES})
    windows = _windows_of(run)
    answers, rows = _answered(run, windows, answers_path)[:2] if answers_path else ([], np.empty(0, int))
    sample = drawn_sample(
        windows.logits,
        _edges(windows.logits, answers, rows, goal),
        count=count,
        seed=seed,
        boxes=windows.boxes,
        taken=rows.tolist(),
    )
    return _places(run, windows, sample, answers, seed)


def set_threshold(run: PredictionRun, answers_path: Path, *, goal: Goal) -> dict[str, Any]:
    """Set a finished run's threshold by a reviewed sample, and return what is kept of it with the run.

    Precision and recall are of windows: the share of windows called that show damage, and the reverse.
    """
    _check_goal(goal)
    windows = _windows_of(run)
    answers, rows, answers_sha256 = _answered(run, windows, answers_path)
    given = np.array([answer.verdict for answer in answers])
    is_sure = np.isin(given, ("damage", "no_damage"))
    logits, is_damaged = windows.logits[rows[is_sure]], given[is_sure] == "damage"
    recalibration = recalibrated(logits, is_damaged)
    point = operating_point(recalibration, windows.logits, goal)
    cut = float(logit(np.array([point.threshold.value]))[0])
    direct = sampled_rates(logits, is_damaged, _weights(answers, is_sure), cut)
    kept = _kept(recalibration, point, goal, direct)
    kept |= {
        "answers": {
            name: int((given == verdict).sum())
            for name, verdict in (
                ("damage", "damage"), ("no_damage", "no_damage"), ("unsure", "unsure"), ("unanswered", ""),
            )
        },
        "answers_sha256": answers_sha256,
    }  # fmt: skip
    rethreshold(run, threshold=point.threshold.value, calibration=kept)
    return kept


@dataclass(frozen=True)
class _Windows:
    """The windows of a run that show ground: scores and logits (N,), boxes (N, 4) in scene pixels, side."""

    scores: np.ndarray
    logits: np.ndarray
    boxes: np.ndarray
    size_px: int


def _windows_of(run: PredictionRun) -> _Windows:
    from prediction.score_rasters import read_score_raster  # heavy: rasterio and its drivers

    check_has_scores(run)
    scores, grid = read_score_raster(Path(run.score_file.path))
    rows, columns = np.nonzero(~np.isnan(scores))
    if not len(rows):
        raise Refused(_("Prediction run %(run)s scored no window: there is no ground.") % {"run": run.pk})
    known = scores[rows, columns].astype(np.float64)
    return _Windows(known, logit(known), grid.boxes(rows, columns), grid.window_px * grid.scale)


def _answered(run: PredictionRun, windows: _Windows, path: Path) -> tuple[list[Answer], np.ndarray, str]:
    """A file's answers, the row (n,) of each one's window, and the file's digest."""
    answers, sha256 = read_answers(path, prediction_run=run.pk, result_sha256=run.result_sha256)
    row_of = {(int(x), int(y)): row for row, (x, y) in enumerate(windows.boxes[:, :2])}
    refuse_answers(
        path,
        [
            _("line %(line)s: there is no window at x %(x)s, y %(y)s")
            % {"line": answer.line, "x": answer.x_px, "y": answer.y_px}
            for answer in answers
            if (answer.x_px, answer.y_px) not in row_of
        ],
    )
    return answers, np.array([row_of[answer.x_px, answer.y_px] for answer in answers]), sha256


def _edges(logits: np.ndarray, answers: Sequence[Answer], rows: np.ndarray, goal: Goal) -> np.ndarray:
    """Between which strata to draw: around the threshold, as soon as answers tell where about it lies."""
    given = np.array([answer.verdict for answer in answers])
    is_sure = np.isin(given, ("damage", "no_damage"))
    if not has_enough(given[is_sure] == "damage"):
        return wide_edges(logits)
    recalibration = recalibrated(logits[rows[is_sure]], given[is_sure] == "damage")
    return near_edges(recalibration, nearest_cut(recalibration, logits, goal))


def _places(
    run: PredictionRun, windows: _Windows, sample: Sample, answers: Sequence[Answer], seed: int
) -> list[SampledPlace]:
    """The places of a sample: first those with answers, then the new ones in an order that tells nothing of scores."""
    new = np.random.default_rng(seed).permutation(np.arange(len(answers), len(sample.rows)))
    order = np.concatenate([np.arange(len(answers)), new])
    boxes = windows.boxes[sample.rows[order]]
    lons, lats = _positions(run, boxes)
    return [
        SampledPlace(
            place=number + 1,
            lon=lons[number],
            lat=lats[number],
            x_px=int(boxes[number, 0]),
            y_px=int(boxes[number, 1]),
            size_px=windows.size_px,
            score=round(float(windows.scores[sample.rows[index]]), 6),
            stratum=int(sample.strata[index]) + 1,
            weight=round(float(sample.weights[index]), 3),
            answer=answers[number].verdict if number < len(answers) else "",
            prediction_run=run.pk,
            result_sha256=run.result_sha256,
        )
        for number, index in enumerate(order)
    ]


def _positions(run: PredictionRun, boxes: np.ndarray) -> tuple[list[float | None], list[float | None]]:
    """Longitudes and latitudes of boxes' centres; None without a georeference."""
    scene = run.scene
    if scene.kind != SceneKind.MOSAIC or not scene.transform:
        return [None] * len(boxes), [None] * len(boxes)
    from damage.ingestion.georeference import centres_lonlat

    lons, lats = centres_lonlat(boxes, transform=scene.transform, crs_wkt=scene.crs_wkt)
    return [_degrees(lon) for lon in lons], [_degrees(lat) for lat in lats]


def _degrees(value: float) -> float | None:
    """Rounded to a centimetre; None where the scene's CRS does not reach."""
    return round(float(value), 7) if np.isfinite(value) else None


def _weights(answers: Sequence[Answer], is_sure: np.ndarray) -> np.ndarray:
    """Weights (n,) of the sure answers, which stand for the others of their stratum as well."""
    strata = np.array([answer.stratum for answer in answers])
    weights = np.array([answer.weight for answer in answers])
    share_sure = np.array([is_sure[strata == stratum].mean() for stratum in strata])
    return weights[is_sure] / share_sure[is_sure]


def _check_goal(goal: Goal) -> None:
    if goal.value is not None and not 0 < goal.value < 1:
        raise Refused(
            _("A wanted precision or recall lies between 0 and 1."), _("Give for example --recall 0.9.")
        )


def _kept(
    recalibration: Recalibration,
    point: OperatingPoint,
    goal: Goal,
    direct: tuple[float | None, float | None],
) -> dict[str, Any]:
    """What is kept with the run of how its threshold came to be: numbers and digests alone."""
    return {
        "goal": goal.kind,
        "wanted": goal.value,
        "bias": recalibration.bias,
        "slope": recalibration.slope,
        "level": LEVEL,
        **asdict(point),
        "sampled_precision": direct[0],
        "sampled_recall": direct[1],
    }
