"""Cells are drawn as likely as each other, whatever scene they lie in."""

from collections import Counter
from random import Random

import pytest

from tagging.drawing import Frame, SceneSize
from tagging.squares import Square

WIDE = SceneSize(pk=1, width_px=400, height_px=200, side_px=100)  # eight cells
SMALL = SceneSize(pk=2, width_px=80, height_px=90, side_px=100)  # 80 px: one column, two rows


def test_cells_are_counted_and_numbered_row_by_row():
    assert (WIDE.cell_count, SMALL.cell_count) == (8, 2)
    assert WIDE.cell(5) == Square(100, 100, 100)
    assert SMALL.cell(1) == Square(0, 10, 80)


def test_every_cell_of_all_scenes_is_as_likely_as_any_other():
    """10 cells, 10,000 drawings: 1,000 each, with a standard deviation of 30."""
    frame, random = Frame([WIDE, SMALL]), Random(5)
    counts = Counter((drawn.scene.pk, drawn.number) for drawn in (frame.draw(random) for _ in range(10_000)))
    assert len(counts) == 10
    assert all(880 < count < 1120 for count in counts.values())
    assert frame.draw(random).chance == pytest.approx(0.1)


def test_what_is_not_wanted_leaves_the_others_as_likely():
    frame, random = Frame([WIDE]), Random(7)
    counts = Counter(
        next(frame.different(1, random, lambda drawn: drawn.number >= 6)).number for _ in range(2000)
    )
    assert set(counts) == {6, 7}
    assert 900 < counts[6] < 1100


def test_no_cell_comes_twice_and_fewer_come_where_there_are_no_more():
    found = list(Frame([WIDE]).different(50, Random(1), lambda drawn: drawn.number != 3))
    assert sorted(drawn.number for drawn in found) == [0, 1, 2, 4, 5, 6, 7]


def test_nothing_is_drawn_from_nothing():
    assert list(Frame([]).different(5, Random(1), lambda drawn: True)) == []
