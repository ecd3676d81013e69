"""From a dense model's lattice of logits to the scores of windows, at any place and threshold."""

import numpy as np

from prediction.layouts import TileLayout
from training.networks.dense import probability

# A window of which less than this share is valid ground is not judged: its score is NaN.
LEAST_VALID_SHARE = 0.5


def window_scores(logits: np.ndarray, layout: TileLayout) -> np.ndarray:
    """Scores (rows, columns), float32, of the grid's windows from `logits` (cells), NaN where there is no ground."""
    cell = layout.cell_read_px
    side = layout.grid.window_px / cell
    return _scores(logits, layout.grid.ys / cell, layout.grid.xs / cell, side)


def heat(logits: np.ndarray, layout: TileLayout) -> np.ndarray:
    """For every cell, the score of the window around its centre, float32, NaN where the cell shows no ground."""
    side = layout.grid.window_px / layout.cell_read_px
    rows, columns = (np.arange(count) + 0.5 - side / 2 for count in logits.shape)
    scores = _scores(logits, rows, columns, side)
    scores[np.isnan(logits)] = np.nan
    return scores


def _scores(logits: np.ndarray, tops: np.ndarray, lefts: np.ndarray, side: float) -> np.ndarray:
    """Scores of windows of `side` cells from `tops` and `lefts` (fractions of cells), judged by their valid cells."""
    valid = ~np.isnan(logits)
    known = _sums(valid, tops, lefts, side)
    rows, columns = logits.shape
    inside = np.outer(_length_inside(tops, side, rows), _length_inside(lefts, side, columns))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = _sums(np.where(valid, logits, 0), tops, lefts, side) / known
    # A millionth, as areas are sums of fractions.
    means[known < LEAST_VALID_SHARE * inside - 1e-6] = np.nan
    return probability(means)


def _length_inside(starts: np.ndarray, side: float, count: int) -> np.ndarray:
    return np.minimum(starts + side, count) - np.maximum(starts, 0)


def _sums(values: np.ndarray, tops: np.ndarray, lefts: np.ndarray, side: float) -> np.ndarray:
    """Sums over windows by a summed-area table (Crow 1984), read between its points by linear interpolation."""
    table = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    np.cumsum(np.cumsum(values, axis=0, dtype=np.float64), axis=1, out=table[1:, 1:])
    by_rows = _read(table, tops + side) - _read(table, tops)
    return (_read(by_rows.T, lefts + side) - _read(by_rows.T, lefts)).T


def _read(table: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows of `table` at fractional places."""
    places = np.clip(places, 0, len(table) - 1)
    lower = np.minimum(places.astype(int), len(table) - 2)
    part = (places - lower)[:, None]
    return table[lower] * (1 - part) + table[lower + 1] * part
