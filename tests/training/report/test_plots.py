"""Charts: both themes, both formats, words that can be read."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from training.report import plots

BAND = np.array([0.1, 0.4])


def curves(theme):
    line = plots.Curve("test", np.array([0.0, 1.0]), BAND, BAND - 0.1, BAND + 0.1)
    axes = {"x": "false positive rate", "y": "true positive rate"}
    return plots.curves([line], theme=theme, title="Receiver", unit_square=True, diagonal=True, **axes)


def bars(theme):
    return plots.bars(
        {"yes": {"a": 3, "b": 4}, "no": {"a": 1, "b": 7}}, theme=theme, title="Classes", y="crops"
    )


def spread_bars(theme):
    metrics = {"hog · svm": (0.8, 0.1), "lbp · svm": (0.6, 0.05)}
    return plots.spread_bars({"AUC": metrics}, theme=theme, title="Recipes", x="metric")


def histogram(theme):
    return plots.histogram({"yes": BAND}, theme=theme, title="Scores", x="score", y="crops", mark=0.5)


def matrix(theme):
    names = {"rows": ["no", "yes"], "columns": ["no", "yes"]}
    return plots.matrix(
        np.array([[5, 0], [2, 9]]), theme=theme, title="Confusion", x="model", y="people", **names
    )


def scatter(theme):
    return plots.scatter({"Norte": np.eye(2)}, theme=theme, title="Scenes")


DRAWN = {
    curves: "Receiver",
    bars: "Classes",
    spread_bars: "Recipes",
    histogram: "Scores",
    matrix: "Confusion",
    scatter: "Scenes",
}


@pytest.mark.parametrize("draw", DRAWN)
@pytest.mark.parametrize("theme", plots.THEMES)
def test_every_drawing_is_the_same_each_time_and_its_words_are_text(draw, theme):
    svg = draw(theme).rendered("svg")
    assert svg == draw(theme).rendered("svg")
    words = [element.text for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert DRAWN[draw] in words
