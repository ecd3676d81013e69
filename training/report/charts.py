"""The charts of a model run, by name: numbers from its rows, drawn by `training.report.plots`."""

from collections.abc import Callable, Sequence

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from training.data.towns import town_labels
from training.evaluation.calibration import GRID, Band, precision_band, reliability, roc_band
from training.models import ModelRun, ModelRunCrop
from training.report import plots

Draw = Callable[[ModelRun, str], plots.Sheet]
Part = ModelRunCrop.Part


def measured_part(run: ModelRun) -> Part:
    """The part that tells most: the test where there is one, else validation, else what it learnt from."""
    return next((part for part in (Part.TEST, Part.VALIDATION) if part.value in run.metrics), Part.TRAIN)


def answers_and_scores(run: ModelRun, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Of a part's crops whether each is positive (N,), and the scores (N,)."""
    rows = list(run.run_crops.filter(part=part).exclude(score=None).values_list("is_positive", "score"))
    return np.array([row[0] for row in rows], bool), np.array([row[1] for row in rows], float)


def _classes(run: ModelRun, theme: str) -> plots.Sheet:
    parts = [part for part in Part if part.value in run.metrics]
    counts = {
        _("yes"): {str(part.label): float(run.metrics[part]["positive"]) for part in parts},
        _("no"): {
            str(part.label): float(run.metrics[part]["crops"] - run.metrics[part]["positive"])
            for part in parts
        },
    }
    return plots.bars(counts, theme=theme, title=_("Crops of either answer"), y=_("crops"))


def _losses(run: ModelRun, theme: str) -> plots.Sheet:
    lines = [
        plots.Curve(str(name), np.arange(1, len(run.metrics["curves"][key]) + 1), run.metrics["curves"][key])
        for key, name in (("train_loss", Part.TRAIN.label), ("validation_loss", Part.VALIDATION.label))
    ]
    return plots.curves(lines, theme=theme, title=_("Loss"), x=_("epoch"), y=_("cross-entropy (and penalty)"))


def roc_sheet(part: str, band: Band, theme: str) -> plots.Sheet:
    """A ROC with its band, of a run or of an experiment."""
    return plots.curves(
        [_line(part, band)],
        theme=theme,
        title=_("ROC, with the band of 19 in 20 resamples"),
        x=_("false positive rate"),
        y=_("true positive rate"),
        unit_square=True,
        diagonal=True,
    )


def precision_sheet(part: str, band: Band, theme: str) -> plots.Sheet:
    """Precision over recall with its band."""
    return plots.curves(
        [_line(part, band)],
        theme=theme,
        title=_("Precision and recall, with the band of 19 in 20 resamples"),
        x=_("recall"),
        y=_("precision"),
        unit_square=True,
    )


def calibration_sheet(lines: Sequence[plots.Curve], title: str, theme: str) -> plots.Sheet:
    """What scores promise beside what is true."""
    return plots.curves(
        lines,
        theme=theme,
        title=title,
        x=_("mean score"),
        y=_("share of yes"),
        unit_square=True,
        diagonal=True,
    )


def _line(part: str, band: Band) -> plots.Curve:
    return plots.Curve(part, GRID, band.middle, band.low, band.high)


def _roc(run: ModelRun, theme: str) -> plots.Sheet:
    part = measured_part(run)
    band = roc_band(*answers_and_scores(run, part), seed=run.seed)
    return roc_sheet(str(part.label), band, theme)


def _precision(run: ModelRun, theme: str) -> plots.Sheet:
    part = measured_part(run)
    band = precision_band(*answers_and_scores(run, part), seed=run.seed)
    return precision_sheet(str(part.label), band, theme)


def _reliability(run: ModelRun, theme: str) -> plots.Sheet:
    part = measured_part(run)
    found = reliability(*answers_and_scores(run, part))
    title = _("Calibration: expected error %(error).3f") % {"error": found.expected_error}
    line = plots.Curve(str(part.label), found.mean_scores, found.positive_shares)
    return calibration_sheet([line], title, theme)


def _scores(run: ModelRun, theme: str) -> plots.Sheet:
    answers, scores = answers_and_scores(run, measured_part(run))
    return plots.histogram(
        {_("yes"): scores[answers], _("no"): scores[~answers]},
        theme=theme,
        title=_("Scores, and the threshold"),
        x=_("score"),
        y=_("crops"),
        mark=run.threshold,
    )


def _confusion(run: ModelRun, theme: str) -> plots.Sheet:
    counts = run.metrics[measured_part(run)]["confusion"]
    table = [
        [counts["true_negative"], counts["false_positive"]],
        [counts["false_negative"], counts["true_positive"]],
    ]
    words = [_("no"), _("yes")]
    return plots.matrix(
        np.array(table),
        rows=words,
        columns=words,
        theme=theme,
        title=_("Confusion (crops)"),
        x=_("the model says"),
        y=_("people say"),
    )


def _towns(run: ModelRun, theme: str) -> plots.Sheet:
    shown = {_("balanced accuracy"): "balanced_accuracy", "AUC": "auc"}
    by_town = town_metrics(run)
    heights = {
        name: {town: round(metrics[key], 3) for town, metrics in by_town.items()}
        for name, key in shown.items()
    }
    return plots.bars(heights, theme=theme, title=_("Towns"), y=_("metric (0 to 1)"))


def town_metrics(run: ModelRun) -> dict[str, dict[str, float]]:
    """Metrics of every town with both answers, by "town (part)", as people read them."""
    found = metrics_by_town(run)
    labels = town_labels(town for town, _part in found)
    named = {f"{labels[town]} ({Part(part).label})": metrics for (town, part), metrics in found.items()}
    return dict(sorted(named.items()))


def metrics_by_town(run: ModelRun) -> dict[tuple[int, str], dict[str, float]]:
    """Metrics of every town with both answers, by (primary key of the town, part)."""
    from training.evaluation.metrics import classification_metrics

    rows = run.run_crops.exclude(score=None).values_list("crop__town", "part", "is_positive", "score")
    by_town: dict[tuple[int, str], list[tuple[bool, float]]] = {}
    for town, part, is_positive, score in rows:
        by_town.setdefault((town, part), []).append((is_positive, float(score or 0)))
    return {
        key: classification_metrics(
            np.array([a for a, _s in pairs]), np.array([s for _a, s in pairs]), run.threshold or 0
        )
        for key, pairs in by_town.items()
        if len({answer for answer, _score in pairs}) == 2
    }


CHARTS: dict[str, Draw] = {
    "roc": _roc,
    "precision-recall": _precision,
    "confusion": _confusion,
    "scores": _scores,
    "calibration": _reliability,
    "towns": _towns,
    "classes": _classes,
    "loss": _losses,
}


TITLES: dict[str, str | Promise] = {
    "roc": "ROC",
    "precision-recall": gettext_lazy("Precision and recall"),
    "confusion": gettext_lazy("Confusion"),
    "scores": gettext_lazy("Scores"),
    "calibration": gettext_lazy("Calibration"),
    "towns": gettext_lazy("Towns"),
    "classes": gettext_lazy("Crops of either answer"),
    "loss": gettext_lazy("Loss"),
}


def charts_of(run: ModelRun) -> list[str]:
    """The names of what there is to draw of a run: nothing before it is done, no losses without epochs."""
    if not run.metrics or not run.run_crops.exclude(score=None).exists():
        return []
    return [name for name in CHARTS if name != "loss" or "curves" in run.metrics]
