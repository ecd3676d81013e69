"""Greedy non-maximum suppression: of boxes that overlap, the one with the highest score stays."""

import numpy as np
import shapely

FIRST_CHUNK = 1024


def kept_boxes(boxes: np.ndarray, scores: np.ndarray, *, max_iou: float) -> np.ndarray:
    """Indices of the boxes that stay, best first; the rest overlap a better one by more than `max_iou`.

    Boxes (N, 4) are x, y, width, height. Equal scores are settled by position: first y, then x.
    Best boxes go first, in chunks that double: what stays is sparse, so each chunk meets few neighbours
    even where thousands of boxes lie on one place, and the whole takes about n log n.
    """
    order = np.lexsort((boxes[:, 0], boxes[:, 1], -scores))
    boxes = boxes[order].astype(np.float64)
    kept = np.empty(0, dtype=np.intp)
    start, size = 0, FIRST_CHUNK
    while start < len(boxes):
        chunk = np.arange(start, min(start + size, len(boxes)))
        beaten, _ = _overlapping(boxes[chunk], boxes[kept], max_iou)
        chunk = np.delete(chunk, np.unique(beaten))
        kept = np.concatenate([kept, chunk[_survivors(boxes[chunk], max_iou)]])
        start, size = start + size, size * 2
    return order[kept]


def _survivors(boxes: np.ndarray, max_iou: float) -> np.ndarray:
    """Which of `boxes` (best first) no better survivor overlaps."""
    worse, better = _overlapping(boxes, boxes, max_iou)
    worse, better = worse[worse > better], better[worse > better]
    by_better = np.argsort(better, kind="stable")
    worse = worse[by_better]
    ends = np.searchsorted(better[by_better], np.arange(len(boxes) + 1))
    alive = np.ones(len(boxes), dtype=bool)
    for index in np.unique(better):
        if alive[index]:
            alive[worse[ends[index] : ends[index + 1]]] = False
    return np.flatnonzero(alive)


def _overlapping(some: np.ndarray, others: np.ndarray, max_iou: float) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of indices into `some` and `others` whose intersection over union is above `max_iou`."""
    if not len(some) or not len(others):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    i, j = shapely.STRtree(_shapes(others)).query(_shapes(some))
    a, b = some[i], others[j]
    width = np.minimum(a[:, 0] + a[:, 2], b[:, 0] + b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 1] + a[:, 3], b[:, 1] + b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    common = np.maximum(width, 0) * np.maximum(height, 0)
    union = a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - common
    above = common > max_iou * union
    return i[above], j[above]


def _shapes(boxes: np.ndarray) -> np.ndarray:
    x, y, width, height = boxes.T
    return shapely.box(x, y, x + width, y + height)
