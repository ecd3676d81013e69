"""The tables and charts of an experiment, by name: numbers from its row, drawn by `training.report.plots`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from training.evaluation.calibration import Band
from training.models import Experiment
from training.report import plots
from training.report.charts import calibration_sheet, precision_sheet, roc_sheet
from training.report.labels import SPREAD, worded

Kind = Experiment.Kind
Draw = Callable[[Experiment, str], plots.Sheet]
# What trainings are compared by, the metric that needs no threshold first.
COMPARED = ("auc", "balanced_accuracy", "balanced_accuracy_adapted")


@dataclass(frozen=True)
class Table:
    """Columns and rows under short names (`training.report.labels` has the words)."""

    title: str
    columns: list[str]
    rows: list[list[Any]]


def tables_of(experiment: Experiment) -> dict[str, Table]:
    """The tables of a finished experiment by name; the first is its result, the others what it rests on."""
    results = experiment.worded_results
    if "columns" not in results:
        return {}
    tables = {"result": Table(_("Result"), results["columns"], results["rows"])}
    if answers := results.get("answers"):
        tables["answers"] = Table(_("By answer"), answers["columns"], answers["rows"])
    if trials := results.get("trials"):
        tables["trials"] = _of_rows(_("Every training"), trials)
    if points := results.get("points"):
        tables["points"] = _of_rows(_("Every image"), points)
    return tables


def _of_rows(title: str, rows: list[dict[str, Any]]) -> Table:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return Table(title, columns, [[row.get(name) for name in columns] for row in rows])


def charts_of(experiment: Experiment) -> list[str]:
    """The names of what there is to draw of an experiment: nothing before it is done."""
    if experiment.status != Experiment.Status.DONE:
        return []
    return [
        name for name, drawable in _drawables(experiment).items() if drawable.has_what_it_needs(experiment)
    ]


def draw(experiment: Experiment, name: str, theme: str) -> plots.Sheet:
    """One of the experiment's charts."""
    return _drawables(experiment)[name].draw(experiment, theme)


@dataclass(frozen=True)
class Drawable:
    """A chart, and the part of the results that it cannot do without."""

    draw: Draw
    title: str | Promise
    needs: Callable[[dict[str, Any]], Any] = lambda results: results.get("rows")

    def has_what_it_needs(self, experiment: Experiment) -> bool:
        return bool(self.needs(experiment.results))


def title_of(experiment: Experiment, name: str) -> str:
    """What a chart shows."""
    return str(_drawables(experiment)[name].title)


def _drawables(experiment: Experiment) -> dict[str, Drawable]:
    return DRAWABLES.get(Kind(experiment.kind), COMPARISON) if experiment.kind in Kind else COMPARISON


def _records(experiment: Experiment) -> list[dict[str, Any]]:
    """The result's rows by column."""
    results = experiment.results
    return [dict(zip(results["columns"], row, strict=True)) for row in results["rows"]]


def _done(experiment: Experiment) -> list[dict[str, Any]]:
    return [row for row in experiment.results.get("trials", []) if "refused" not in row]


def _ways(experiment: Experiment, theme: str) -> plots.Sheet:
    """A bar for every way round."""
    heights: dict[str, dict[str, float]] = {}
    for name in COMPARED[:2]:
        heights[worded(name)] = {
            f"{row['train']} / {row['validation']} / {row['test']}": round(row[name], 3)
            for row in _done(experiment)
        }
    return plots.bars(
        heights, theme=theme, title=_("Training / validation / test town"), y=_("metric (0 to 1)")
    )


def _crossed(experiment: Experiment, theme: str) -> plots.Sheet:
    """A field for each training and test town: the mean AUC over the validation towns."""
    towns = list(experiment.parameters["towns"])
    table = np.full((len(towns), len(towns)), np.nan)
    for row, train in enumerate(towns):
        for column, test in enumerate(towns):
            found = [
                each["auc"] for each in _done(experiment) if (each["train"], each["test"]) == (train, test)
            ]
            if found:
                table[row, column] = round(float(np.mean(found)), 3)
    return plots.matrix(
        table,
        rows=towns,
        columns=towns,
        theme=theme,
        title=_("AUC from town to town"),
        x=_("tested on"),
        y=_("trained on"),
        least=0.5,
    )


def _learning(experiment: Experiment, theme: str) -> plots.Sheet:
    """Means over ways round and seeds, each with the band of one standard deviation, beside the thesis's."""
    trials = _done(experiment)
    counts = sorted({row["crops"] for row in trials})
    lines = []
    for name in COMPARED:
        values = [[row[name] for row in trials if row["crops"] == count] for count in counts]
        known = [
            (count, np.array(of_count))
            for count, of_count in zip(counts, values, strict=True)
            if None not in of_count
        ]
        if not known:
            continue
        mean = np.array([of_count.mean() for _count, of_count in known])
        spread = np.array([of_count.std() for _count, of_count in known])
        x = np.array([count for count, _values in known])
        lines.append(plots.Curve(worded(name), x, mean, mean - spread, np.minimum(mean + spread, 1)))
    thesis = [(row["crops"], row["thesis"]) for row in _records(experiment) if row["thesis"] is not None]
    if thesis:
        x, y = np.array(thesis).T
        lines.append(plots.Curve(_("accuracy in the thesis"), x, y, is_dashed=True))
    return plots.curves(
        lines,
        theme=theme,
        title=_("Metrics in the unseen town, and their spread"),
        x=_("training crops"),
        y=_("metric (0 to 1)"),
    )


def _band(experiment: Experiment, name: str) -> Band:
    band = {key: np.array(values) for key, values in experiment.results["bands"][name].items()}
    return Band(band["middle"], band["low"], band["high"])


def _roc(experiment: Experiment, theme: str) -> plots.Sheet:
    return roc_sheet(worded(experiment.results["part"]), _band(experiment, "roc"), theme)


def _precision(experiment: Experiment, theme: str) -> plots.Sheet:
    return precision_sheet(worded(experiment.results["part"]), _band(experiment, "precision_recall"), theme)


def _calibration(experiment: Experiment, theme: str) -> plots.Sheet:
    """What scores promise beside what is true, before and after the temperature."""
    calibration = experiment.results["calibration"]
    names = {
        "as_is": _("as it is: error %(error).3f"),
        "scaled": _("at temperature %(temperature).2f: error %(error).3f"),
    }
    lines = [
        plots.Curve(
            words % {"error": calibration["expected_error"][key], "temperature": calibration["temperature"]},
            np.array(calibration["diagrams"][key]["mean_scores"]),
            np.array(calibration["diagrams"][key]["positive_shares"]),
        )
        for key, words in names.items()
    ]
    return calibration_sheet(lines, _("Calibration"), theme)


def _on_the_ground(experiment: Experiment, theme: str) -> plots.Sheet:
    """False alarms to expect, with the interval that so few windows allow."""
    rows = [row for row in _records(experiment) if row["false_alarms_per_km2"] is not None]
    rows = sorted({row["recall"]: row for row in rows}.values(), key=lambda row: row["recall"])
    windows = rows[0]["at_most_per_km2"] / rows[0]["at_most"]
    line = plots.Curve(
        _("with the interval of 19 in 20"),
        np.array([row["recall"] for row in rows]),
        np.array([row["false_alarms_per_km2"] for row in rows]),
        windows * np.array([row["at_least"] for row in rows]),
        np.array([row["at_most_per_km2"] for row in rows]),
    )
    return plots.curves(
        [line],
        theme=theme,
        title=_("What finding more costs on the ground"),
        x=_("recall"),
        y=_("false alarms per km² of undamaged windows"),
        log_y=True,
    )


def _points(experiment: Experiment, theme: str, by: str, title: str) -> plots.Sheet:
    groups: dict[str, list[tuple[float, float]]] = {}
    for point in experiment.results["points"]:
        groups.setdefault(str(point.get(by) or ""), []).append((point["x"], point["y"]))
    words = {"yes": _("yes"), "no": _("no"), "": _("no agreed answer")} if by == "label" else {}
    named = {words.get(name, name): np.array(groups[name]) for name in sorted(groups)}
    features = experiment.parameters["features"]
    words = {
        "of": worded(experiment.parameters["of"]),
        "features": worded(features) if features == "channels" else features,
    }
    return plots.scatter(
        named, theme=theme, title=title, x=_("t-SNE of %(of)s by %(features)s (no unit)") % words
    )


def _by_town(experiment: Experiment, theme: str) -> plots.Sheet:
    return _points(experiment, theme, "town", _("Like lies near like: towns"))


def _by_answer(experiment: Experiment, theme: str) -> plots.Sheet:
    return _points(experiment, theme, "label", _("Like lies near like: answers"))


def _compared(experiment: Experiment, theme: str) -> plots.Sheet:
    """A bar, with its spread where that is known, for each row of metrics, under the words that name the row."""
    columns = experiment.results["columns"]
    shown = [name for name in COMPARED if name in columns]
    bars: dict[str, dict[str, tuple[float, float]]] = {worded(name): {} for name in shown}
    for row in _records(experiment):
        label = " · ".join(str(row[name]) for name in columns if isinstance(row[name], str) and row[name])
        if label and all(row[name] is not None for name in shown):
            for name in shown:
                bars[worded(name)][label] = (row[name], row.get(f"{name}{SPREAD}") or 0.0)
    return plots.spread_bars(bars, theme=theme, title=_("Side by side"), x=_("metric (0 to 1)"))


DRAWABLES: dict[Kind, dict[str, Drawable]] = {
    Kind.EXPLORE: {
        "towns": Drawable(_by_town, gettext_lazy("Towns"), lambda results: results.get("points")),
        "answers": Drawable(_by_answer, gettext_lazy("Answers"), lambda results: results.get("answers")),
    },
    Kind.CROSS_TOWNS: {
        "ways": Drawable(_ways, gettext_lazy("Every way round"), lambda results: results.get("trials")),
        "crossed": Drawable(
            _crossed, gettext_lazy("From town to town"), lambda results: results.get("trials")
        ),
    },
    Kind.LEARNING_CURVE: {
        "curve": Drawable(_learning, gettext_lazy("Learning curve"), lambda results: results.get("trials")),
    },
    Kind.ROC: {
        "roc": Drawable(_roc, "ROC", lambda results: results.get("bands")),
        "precision-recall": Drawable(
            _precision, gettext_lazy("Precision and recall"), lambda results: results.get("bands")
        ),
        "calibration": Drawable(
            _calibration,
            gettext_lazy("Calibration"),
            lambda results: results.get("calibration", {}).get("diagrams"),
        ),
        "on-the-ground": Drawable(
            _on_the_ground,
            gettext_lazy("False alarms on the ground"),
            lambda results: any(row[-1] is not None for row in results.get("rows", [])),
        ),
    },
}
# Of every kind that compares recipes: metrics in columns under the words that name a row.
COMPARISON = {
    "comparison": Drawable(
        _compared,
        gettext_lazy("Side by side"),
        lambda results: set(COMPARED) & set(results.get("columns", [])),
    )
}
