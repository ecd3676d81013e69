"""Non-maximum suppression."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from prediction.suppression import kept_boxes


def naive(boxes, scores, max_iou):
    """The definition, box by box."""
    kept = []
    for i in sorted(range(len(boxes)), key=lambda i: (-scores[i], boxes[i][1], boxes[i][0])):
        x, y, w, h = boxes[i]
        for k in kept:
            p, q, v, g = boxes[k]
            common = max(0, min(x + w, p + v) - max(x, p)) * max(0, min(y + h, q + g) - max(y, q))
            if common > max_iou * (w * h + v * g - common):
                break
        else:
            kept.append(i)
    return kept


box = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30))


@given(
    boxes=st.lists(box, max_size=30, unique_by=lambda b: b[:2]),
    seed=st.integers(0, 1000),
    max_iou=st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]),
)
def test_it_keeps_what_a_naive_reference_keeps(boxes, seed, max_iou):
    scores = np.random.default_rng(seed).integers(0, 4, len(boxes)) / 4  # few values: many ties
    array = np.array(boxes, dtype=int).reshape(-1, 4)
    assert kept_boxes(array, scores, max_iou=max_iou).tolist() == naive(boxes, scores, max_iou)


def test_the_order_of_the_input_changes_nothing():
    rng = np.random.default_rng(1)
    boxes = np.column_stack([rng.integers(0, 5000, (5000, 2)), np.full((5000, 2), 299)])
    boxes = np.unique(boxes, axis=0)
    scores = rng.integers(0, 50, len(boxes)) / 50
    turn = rng.permutation(len(boxes))
    straight = boxes[kept_boxes(boxes, scores, max_iou=0.0)]
    turned = boxes[turn][kept_boxes(boxes[turn], scores[turn], max_iou=0.0)]
    assert straight.tolist() == turned.tolist()


def test_overlap_at_the_limit_is_kept():
    boxes = np.array([[0, 0, 10, 10], [5, 0, 10, 10]])  # 50 / 150
    scores = np.array([0.9, 0.8])
    assert kept_boxes(boxes, scores, max_iou=0.34).tolist() == [0, 1]
    assert kept_boxes(boxes, scores, max_iou=0.33).tolist() == [0]


def test_boxes_that_touch_do_not_overlap():
    boxes = np.array([[0, 0, 10, 10], [10, 0, 10, 10]])
    assert kept_boxes(boxes, np.array([0.9, 0.8]), max_iou=0.0).tolist() == [0, 1]


def test_no_boxes_give_no_boxes():
    assert kept_boxes(np.empty((0, 4), dtype=int), np.empty(0), max_iou=0.0).tolist() == []


def test_a_large_grid_and_a_heap_of_equal_boxes():
    rng = np.random.default_rng(0)
    y, x = np.divmod(np.arange(100_000), 400)
    windows = np.column_stack([x * 209, y * 209, np.full_like(x, 299), np.full_like(x, 299)])
    heap = np.tile([[0, 0, 299, 299]], (100_000, 1))
    kept = kept_boxes(windows, rng.random(100_000), max_iou=0.0)
    # Each keeps at most 8 neighbours out, and 4 share a corner.
    assert 100_000 / 9 <= len(kept) <= 100_000 / 4
    assert len(kept_boxes(heap, rng.random(100_000), max_iou=0.0)) == 1
