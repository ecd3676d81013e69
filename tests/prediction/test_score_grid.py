"""Windows' scores and the heat map from logits, against sums over single cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prediction.layouts import TileLayout
from prediction.score_grid import heat, window_scores
from prediction.windows import Grid


def naive(logits, top, left, side):
    """A window's score, cell by cell; its corner and side in cells."""
    weighted = known = inside = 0.0
    for row in range(logits.shape[0]):
        for column in range(logits.shape[1]):
            height = max(0.0, min(row + 1, top + side) - max(row, top))
            width = max(0.0, min(column + 1, left + side) - max(column, left))
            inside += height * width
            if not np.isnan(logits[row, column]):
                known += height * width
                weighted += height * width * logits[row, column]
    if known < inside / 2 - 1e-6:
        return np.nan
    return 1 / (1 + np.exp(-weighted / known))


@given(
    st.integers(100, 400), st.integers(100, 400), st.integers(40, 130), st.integers(0, 10**6), st.booleans()
)
def test_scores_are_those_of_the_mean_over_the_window(width, height, window, seed, holes):
    layout = TileLayout(Grid(width, height, window, window - round(window * 0.3)), 64)
    random = np.random.default_rng(seed)
    logits = random.normal(0, 3, layout.shape).astype(np.float32)
    if holes:
        logits[random.random(layout.shape) < 0.5] = np.nan
    scores = window_scores(logits, layout)
    cell = layout.cell_read_px
    expected = [
        [naive(logits, y / cell, x / cell, window / cell) for x in layout.grid.xs] for y in layout.grid.ys
    ]
    assert scores.dtype == np.float32
    assert scores == pytest.approx(np.array(expected), abs=1e-6, nan_ok=True)


def test_the_heat_map_is_the_score_around_each_cell():
    layout = TileLayout(Grid(320, 320, 48, 33), 48)  # cells of 16 px, windows of 3 x 3
    logits = np.zeros(layout.shape, np.float32)
    logits[10, 10] = 9.0
    logits[0, 0] = np.nan
    map_ = heat(logits, layout)
    assert map_[9:12, 9:12] == pytest.approx(np.full((3, 3), 1 / (1 + np.exp(-1.0))), abs=1e-6)
    assert map_[12, 10] == map_[19, 19] == 0.5
    assert np.isnan(map_[0, 0])
    assert map_[0, 1] == 0.5
