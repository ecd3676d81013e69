"""Every chart that Damage draws: numbers in, SVG or PNG out, for light and dark pages. Pure.

Text stays text in SVG, and the same metrics give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

Format = Literal["svg", "png"]
PNG_DOTS_PER_INCH = 160
# How many letters have room: below bars, and across a sheet in a legend, where a mark takes the room of some.
MOST_LETTERS_BELOW = 48
LETTERS_ACROSS = 64
LETTERS_OF_A_MARK = 8
# Groups of points differ by shape as well: colours alone say nothing to some.
SHAPES = "os^DvPX*"


@dataclass(frozen=True)
class Theme:
    """The colours of a page; the series' ones are Okabe & Ito's, told apart by the colour-blind."""

    paper: str
    ink: str
    quiet: str
    series: tuple[str, ...]

    def colour(self, number: int) -> str:
        """Of so many series the colour of one; they come again when there are more series than colours."""
        return self.series[number % len(self.series)]


THEMES = {
    "light": Theme("#ffffff", "#1d2327", "#c9ced2", ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56606a")),
    "dark": Theme("#14181b", "#e8eaec", "#444c52", ("#56b4e9", "#e69f00", "#00c48f", "#e59ac6", "#9aa4ad")),
}


@dataclass(frozen=True)
class Curve:
    """A line with a name, and the band that it lies in where that is known: arrays of one length."""

    name: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    # Of somebody else's metrics, beside ours.
    is_dashed: bool = False


class Sheet:
    """One chart in a theme."""

    def __init__(self, theme: str, *, width_in: float = 5.2, height_in: float = 4.0) -> None:
        self.theme = THEMES[theme]
        self.figure = Figure(figsize=(width_in, height_in), layout="constrained", facecolor=self.theme.paper)
        self.axes: Axes = self.figure.add_subplot()
        self.axes.set_facecolor(self.theme.paper)
        self.axes.tick_params(colors=self.theme.ink)
        self.axes.grid(True, color=self.theme.quiet, linewidth=0.6)
        self.axes.set_axisbelow(True)
        for spine in self.axes.spines.values():
            spine.set_color(self.theme.quiet)

    def labelled(self, title: str, x: str, y: str) -> None:
        self.axes.set_title(title, color=self.theme.ink, fontsize=11)
        self.axes.set_xlabel(x, color=self.theme.ink)
        self.axes.set_ylabel(y, color=self.theme.ink)

    def legend(self) -> None:
        legend = self.axes.legend(facecolor=self.theme.paper, edgecolor=self.theme.quiet)
        for text in legend.get_texts():
            text.set_color(self.theme.ink)

    def legend_below(self, names: Sequence[str]) -> None:
        """A legend that covers nothing, in as many columns as the names have room for."""
        legend = self.figure.legend(
            loc="outside lower center",
            ncols=max(1, min(len(names), LETTERS_ACROSS // (max(map(len, names)) + LETTERS_OF_A_MARK))),
            facecolor=self.theme.paper,
            edgecolor=self.theme.quiet,
        )
        for text in legend.get_texts():
            text.set_color(self.theme.ink)

    def rendered(self, form: Format) -> bytes:
        """The chart as a file's bytes."""
        content = BytesIO()
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "damage"}):
            metadata: dict[str, Any] = {"Date": None} if form == "svg" else {"Software": None}
            self.figure.savefig(content, format=form, dpi=PNG_DOTS_PER_INCH, metadata=metadata)
        return content.getvalue()


def curves(
    lines: Sequence[Curve],
    *,
    theme: str,
    title: str,
    x: str,
    y: str,
    unit_square: bool = False,
    diagonal: bool = False,
    log_y: bool = False,
) -> Sheet:
    """Lines with their bands: ROC, precision-recall, reliability, losses, learning curves.

    `log_y` is for numbers from nothing to many: linear up to 1, logarithmic above.
    """
    sheet = Sheet(theme)
    for line, colour in zip(lines, sheet.theme.series * 3, strict=False):
        marker = "o" if len(line.x) < 13 else ""
        style = "--" if line.is_dashed else "-"
        sheet.axes.plot(line.x, line.y, style, color=colour, label=line.name, linewidth=1.8, marker=marker)
        if line.low is not None and line.high is not None:
            sheet.axes.fill_between(line.x, line.low, line.high, color=colour, alpha=0.2, linewidth=0)
    if diagonal:
        sheet.axes.plot([0, 1], [0, 1], color=sheet.theme.quiet, linestyle="--")
    if unit_square:
        sheet.axes.set_xlim(-0.02, 1.02)
        sheet.axes.set_ylim(-0.02, 1.02)
    if log_y:
        sheet.axes.set_yscale("symlog", linthresh=1)
        sheet.axes.set_ylim(bottom=0)
    sheet.labelled(title, x, y)
    sheet.legend()
    return sheet


def bars(groups: Mapping[str, Mapping[str, float]], *, theme: str, title: str, y: str) -> Sheet:
    """Bars beside each other: {series: {category: height}}; every series has the same categories.

    Where the categories' names have no room below the axis, the bars lie.
    """
    categories = list(next(iter(groups.values())))
    if sum(len(name) for name in categories) > MOST_LETTERS_BELOW:
        return _lying_bars(groups, categories, theme=theme, title=title, x=y)
    sheet = Sheet(theme)
    width = 0.8 / len(groups)
    for number, (name, heights) in enumerate(groups.items()):
        places = np.arange(len(categories)) + (number - (len(groups) - 1) / 2) * width
        drawn = sheet.axes.bar(
            places,
            [heights[each] for each in categories],
            width,
            label=name,
            color=sheet.theme.colour(number),
        )
        sheet.axes.bar_label(drawn, color=sheet.theme.ink, fmt="%g", fontsize=8)
    sheet.axes.set_xticks(np.arange(len(categories)), categories)
    sheet.axes.grid(False, axis="x")
    sheet.labelled(title, "", y)
    sheet.legend()
    return sheet


def _lying_bars(
    groups: Mapping[str, Mapping[str, float]], categories: Sequence[str], *, theme: str, title: str, x: str
) -> Sheet:
    """Bars from left to right, the first category on top."""
    sheet = Sheet(theme, height_in=max(4.0, 1.2 + 0.22 * len(categories) * len(groups)))
    width = 0.8 / len(groups)
    for number, (name, lengths) in enumerate(groups.items()):
        places = np.arange(len(categories)) + (number - (len(groups) - 1) / 2) * width
        values = [lengths[each] for each in categories]
        drawn = sheet.axes.barh(places, values, width, label=name, color=sheet.theme.colour(number))
        sheet.axes.bar_label(drawn, color=sheet.theme.ink, fmt="%g", fontsize=8, padding=2)
    sheet.axes.set_yticks(np.arange(len(categories)), categories)
    sheet.axes.invert_yaxis()
    sheet.axes.margins(x=0.12)
    sheet.axes.grid(False, axis="y")
    sheet.labelled("", x, "")
    sheet.figure.suptitle(title, color=sheet.theme.ink, fontsize=11)
    sheet.legend_below(list(groups))
    return sheet


def histogram(
    values: Mapping[str, np.ndarray], *, theme: str, title: str, x: str, y: str, mark: float | None = None
) -> Sheet:
    """How values between 0 and 1 are spread, in twentieths; a mark stands where they are cut."""
    sheet = Sheet(theme)
    edges = np.linspace(0, 1, 21).tolist()
    for number, (name, of_name) in enumerate(values.items()):
        sheet.axes.hist(of_name, edges, label=name, color=sheet.theme.colour(number), alpha=0.6)
    if mark is not None:
        sheet.axes.axvline(mark, color=sheet.theme.ink, linestyle="--")
    sheet.labelled(title, x, y)
    sheet.legend()
    return sheet


def matrix(
    counts: np.ndarray,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    theme: str,
    title: str,
    x: str,
    y: str,
    least: float = 0,
) -> Sheet:
    """A table of counts or shares (R, C) as shaded fields with their numbers: confusion, towns crossed.

    Shades begin at `least`; fields that are not a number stay empty.
    """
    sheet = Sheet(theme)
    sheet.axes.imshow(counts, cmap=_shades(sheet.theme), vmin=least, aspect="auto")
    sheet.axes.set_xticks(np.arange(len(columns)), columns)
    sheet.axes.set_yticks(np.arange(len(rows)), rows)
    sheet.axes.grid(False)
    middle = (np.nanmax(counts) + least) / 2
    for row, column in np.ndindex(counts.shape):
        value = counts[row, column]
        if np.isnan(value):
            continue
        colour = sheet.theme.paper if value > middle else sheet.theme.ink
        sheet.axes.text(column, row, f"{value:g}", ha="center", va="center", color=colour)
    sheet.labelled(title, x, y)
    return sheet


def spread_bars(
    groups: Mapping[str, Mapping[str, tuple[float, float]]], *, theme: str, title: str, x: str
) -> Sheet:
    """Lying bars with their spreads: {series: {category: (mean, spread)}}; every series has the same categories."""
    categories = list(next(iter(groups.values())))
    sheet = Sheet(theme, width_in=6.4, height_in=1.4 + 0.17 * len(categories) * (1 + len(groups)))
    height = 0.8 / len(groups)
    for number, (name, of_name) in enumerate(groups.items()):
        places = np.arange(len(categories)) + (number - (len(groups) - 1) / 2) * height
        means, spreads = np.array([of_name[each] for each in categories], float).T
        colour = sheet.theme.series[number]
        sheet.axes.barh(places, means, height, xerr=spreads, ecolor=sheet.theme.ink, label=name, color=colour)
    sheet.axes.set_yticks(np.arange(len(categories)), categories)
    sheet.axes.set_ylim(len(categories) - 0.5, -0.7 - 0.4 * len(groups) - 0.4)  # the legend has room on top
    sheet.axes.grid(False, axis="y")
    sheet.labelled(title, x, "")
    sheet.legend()
    return sheet


def scatter(groups: Mapping[str, np.ndarray], *, theme: str, title: str, x: str = "", y: str = "") -> Sheet:
    """Points (N, 2) of several groups, as of a t-SNE, whose axes have no unit and no numbers."""
    sheet = Sheet(theme, height_in=4.8)
    for number, (name, points) in enumerate(groups.items()):
        sheet.axes.scatter(
            points[:, 0],
            points[:, 1],
            s=18,
            marker=SHAPES[number % len(SHAPES)],
            color=sheet.theme.colour(number),
            label=name,
            alpha=0.8,
            linewidths=0,
        )
    sheet.axes.set_xticks([])
    sheet.axes.set_yticks([])
    sheet.labelled(title, x, y)
    sheet.legend_below(list(groups))
    return sheet


def _shades(theme: Theme) -> mpl.colors.Colormap:
    return mpl.colors.LinearSegmentedColormap.from_list("shades", [theme.paper, theme.series[0]])
