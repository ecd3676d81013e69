"""Simulated volunteers and what they look at."""

from collections import Counter

import numpy as np
import pytest
from shapely import box

from damage.practice.outlines import Outline
from damage.practice.volunteers import VOLUNTEERS, Square, View, answers, right_answer, squares_to_tag

# A building of 100 x 100 pixels whose right half is rubble; a whole one far away; a gravel yard.
RUBBLE = Outline("partial", "", box(400, 400, 500, 500), rubble=box(450, 400, 500, 500))
WHOLE = Outline("none", "", box(100, 100, 200, 200))
GRAVEL = Outline("none", "gravel", box(700, 700, 800, 800))
TOWN = [RUBBLE, WHOLE, GRAVEL]


@pytest.mark.parametrize(
    ("square", "answer"),
    [
        ((380, 380, 520, 520), "positive"),  # all of the rubble
        ((470, 380, 520, 430), "positive"),  # little of the rubble, but 900 of 2500 pixels
        ((300, 300, 460, 460), "unsure"),  # 600 of 25600 pixels are rubble
        ((300, 380, 440, 520), "unsure"),  # none, but 10 pixels away
        ((300, 380, 420, 500), "negative"),  # none within 20 pixels
        ((690, 690, 810, 810), "negative"),
    ],
)
def test_the_right_answer_goes_by_the_rubble_in_the_square(square, answer):
    assert right_answer(box(*square), TOWN, clearance_px=20) == answer


def test_squares_lie_inside_and_show_damage_lookalikes_and_the_rest():
    rng = np.random.default_rng(0)
    squares = squares_to_tag(rng, TOWN, View(1000, 900, 0.05, margin_px=20), size_px=120, rounds=4)
    for one in squares:
        assert one.size_px == 120
        assert 20 <= one.x_px <= 1000 - 20 - 120
        assert 20 <= one.y_px <= 900 - 20 - 120
    assert {"positive", "negative"} <= {one.answer for one in squares}
    gravel = [one for one in squares if 620 < one.x_px < 760 and 620 < one.y_px < 760]
    assert gravel
    assert {one.answer for one in gravel} == {"negative"}


def test_volunteers_err_as_often_as_they_are_said_to():
    rng = np.random.default_rng(1)
    given = Counter(
        (volunteer.name, answer)
        for _ in range(5000)
        for volunteer, answer in answers(rng, Square(0, 0, 10, "positive"))
    )
    for one in VOLUNTEERS:
        total = sum(count for (name, _), count in given.items() if name == one.name)
        assert given[one.name, "negative"] / total == pytest.approx(one.error_rate, abs=0.03)
        assert given[one.name, "unsure"] / total == pytest.approx(one.unsure_rate, abs=0.03)


def test_three_people_tag_a_square():
    names = [one.name for one, _ in answers(np.random.default_rng(2), Square(0, 0, 10, "negative"))]
    assert len(names) == len(set(names)) == 3
