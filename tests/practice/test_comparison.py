"""Detections against the truth, worked out by hand."""

from shapely import box

from damage.practice.comparison import comparison
from damage.practice.outlines import Outline

HEAP = Outline("collapsed", "", box(100, 100, 200, 200), rubble=box(90, 90, 210, 210))
HALF = Outline("partial", "", box(300, 100, 400, 200), rubble=box(350, 100, 400, 200))
GRAVEL = Outline("none", "gravel", box(500, 500, 600, 600))
HOUSE = Outline("none", "", box(700, 500, 800, 600))
TOWN = [HEAP, HALF, GRAVEL, HOUSE]


def test_boxes_on_rubble_are_right_and_others_false_alarms_by_what_they_show():
    boxes = [
        box(80, 80, 220, 220),  # the heap
        box(500, 500, 610, 610),  # gravel
        box(700, 500, 760, 560),  # part of a house
        box(0, 600, 50, 650),  # nothing
        box(300, 100, 345, 200),  # the standing half
    ]
    result = comparison(boxes, TOWN)
    assert (result.detections, result.right) == (5, 1)
    assert result.precision == 0.2
    assert result.recall == 0.5
    assert result.found == {"partial": 0, "collapsed": 1}
    assert result.present == {"partial": 1, "collapsed": 1}
    assert result.false_alarms == {"gravel": 1, "building": 1, "open ground": 1, "edge of damage": 1}


def test_two_boxes_on_one_building_find_it_once():
    result = comparison([box(340, 90, 410, 160), box(340, 140, 410, 210)], TOWN)
    assert (result.right, result.found["partial"]) == (2, 1)


def test_a_rate_of_nothing_is_none():
    result = comparison([], [GRAVEL, HOUSE])
    assert (result.precision, result.recall) == (None, None)
