"""The rule for random squares of undamaged ground, held against hand-counted places."""

import numpy as np
import pytest

from tagging.squares import MOST_MISSES, Miss, Square, Squares, drawn_squares


def test_a_square_around_a_point_has_its_centre_there_to_the_pixel():
    assert Square.around(50, 40, 20) == Square(40, 30, 20)
    assert Square.around(50.5, 40.5, 21) == Square(
        40, 30, 21
    )  # an odd side's centre is the middle of a pixel
    assert Square.around(50.4, 39.6, 20) == Square(40, 30, 20)
    assert Square.around(50.6, 39.4, 20) == Square(41, 29, 20)


@pytest.mark.parametrize(
    ("square", "inside"),
    [
        (Square(0, 0, 40), True),
        (Square(20, 0, 40), True),
        (Square(21, 0, 40), False),
        (Square(0, 1, 40), False),
        (Square(-1, 0, 30), False),
        (Square(0, -1, 30), False),
    ],
)
def test_a_square_is_inside_a_scene_to_its_last_pixel(square, inside):
    assert square.is_inside(60, 40) is inside


@pytest.mark.parametrize(
    ("square", "buffer_px", "reached"),
    [
        (Square(60, 40, 20), 0, False),  # edge to edge
        (Square(59, 59, 20), 0, True),  # one pixel in common
        (Square(59, 60, 20), 0, False),
        (Square(90, 100, 20), 50, False),  # 30 across and 40 down: 50 away
        (Square(90, 100, 20), 50.1, True),
        (Square(45, 45, 5), 0, True),  # within
    ],
)
def test_a_square_is_reached_by_overlap_or_within_the_buffer(square, buffer_px, reached):
    """Of 40, 40 to 60, 60 and a square far away."""
    assert Squares([Square(500, 500, 20), Square(40, 40, 20)]).reached_by(square, buffer_px) is reached


def test_nothing_is_reached_where_nothing_is():
    assert not Squares([]).reached_by(Square(0, 0, 9), 1000)


def test_squares_lie_over_nothing_occupied_and_the_scene_is_asked_only_about_the_rest():
    asked = []
    drawn = drawn_squares(
        60,
        60,
        10,
        count=20,
        seed="1",
        occupied=[Square(0, 0, 50)],
        is_whole=lambda one: not asked.append(one),
    )
    assert asked == drawn.squares
    assert all(square.x_px >= 50 or square.y_px >= 50 for square in drawn.squares)
    assert 1 <= len(drawn.squares) <= 11  # of 60 x 60 px, 11 squares of 10 lie beside 50 x 50
    assert drawn.misses == {Miss.OCCUPIED: MOST_MISSES}


def test_the_only_place_is_found_among_a_thousand():
    """Of 1,000 places in a row only the last does."""
    drawn = drawn_squares(1009, 10, 10, count=1, seed="1", is_whole=lambda square: square.x_px == 999)
    assert drawn.squares == [Square(999, 0, 10)]
    assert drawn.misses == {}


def test_what_stood_in_the_way_is_counted_by_reason():
    """In a row of 100 places, 20 lie over or too near to the doubtful, 40 on other squares, 40 hold no data."""
    drawn = drawn_squares(
        100,
        1,
        1,
        count=1,
        seed="1",
        doubtful=[Square(0, 0, 11)],
        buffer_px=9,  # places 11 to 19 lie 0 to 8 away
        occupied=[Square(20, 0, 40)],
        is_whole=lambda square: False,
    )
    assert drawn.squares == []
    assert drawn.misses.total() == MOST_MISSES
    shares = [drawn.misses[reason] / MOST_MISSES for reason in Miss]
    assert np.allclose(shares, [0.2, 0.4, 0.4], atol=0.03)


def test_the_same_seed_gives_again_what_it_gave_whatever_lies_there_now():
    first = drawn_squares(200, 200, 20, count=9, seed="a").squares
    again = drawn_squares(
        200, 200, 20, count=9, seed="a", doubtful=[first[0]], occupied=first, drawn_before=first
    )
    assert again.squares == first
    assert not set(drawn_squares(200, 200, 20, count=9, seed="b").squares) & set(first)


def test_every_place_is_as_likely_as_any_other():
    """Of 9 places, each is drawn first by about a ninth of 900 seeds."""
    firsts = [drawn_squares(4, 4, 2, count=1, seed=str(seed)).squares[0] for seed in range(900)]
    counts = [firsts.count(Square(x, y, 2)) for x in range(3) for y in range(3)]
    assert sum(counts) == 900
    assert min(counts) > 60  # 100, give or take four standard deviations
    assert max(counts) < 140
