"""The network's score for every window of a scene, and the boxes that follow from a threshold."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Protocol

import numpy as np

from damage.progress import Progress, no_progress
from prediction.reading import Looks, is_tiled, read_looks
from prediction.suppression import kept_boxes
from prediction.windows import BLOCK_PX, Grid

BATCH_SIZE = 128
# Batches that are read and scaled ahead while the network is busy.
READ_AHEAD = 3
# Windows that share any ground show one damage: neighbours overlap, so an object on a seam is in several.
MAX_IOU = 0.0


class Engine(Protocol):
    """What `training.inference.load_engine` gives."""

    input_size_px: int

    def scores(self, windows: np.ndarray) -> np.ndarray:
        """Scores (N,) of squares (N, size, size, 3)."""


@dataclass
class Seconds:
    """Where the time went."""

    waiting: float = 0.0
    network: float = 0.0
    total: float = 0.0
    begun: float = field(default_factory=perf_counter)

    @contextmanager
    def spent_on(self, what: str) -> Iterator[None]:
        begun = perf_counter()
        yield
        setattr(self, what, getattr(self, what) + perf_counter() - begun)
        self.total = perf_counter() - self.begun


def window_scores(
    path: Path,
    grid: Grid,
    engine: Engine,
    *,
    batch_size: int = BATCH_SIZE,
    block_px: int = BLOCK_PX,
    progress: Progress = no_progress,
) -> tuple[np.ndarray, Seconds]:
    """Scores (rows, columns) of the grid's windows, NaN where there is too little ground, and the time taken.

    While the network scores one batch, a thread reads and scales the next; memory holds one block and a few
    batches, whatever the size of the scene. The result does not depend on `batch_size` and `block_px`.
    """
    scores = np.full(grid.shape, np.nan, dtype=np.float32)
    seconds = Seconds()
    batches = (
        looks
        for block in grid.blocks(whole_rows=not is_tiled(path), block_px=block_px)
        for looks in read_looks(path, grid, block, engine.input_size_px, at_once=batch_size)
    )
    done = 0
    progress(done, scores.size)
    for looks in _read_ahead(batches, seconds):
        if len(looks.squares):
            with seconds.spent_on("network"):
                scores[looks.rows, looks.columns] = engine.scores(looks.squares)
        done += looks.considered
        progress(done, scores.size)
    return scores, seconds


def _read_ahead(batches: Iterator[Looks], seconds: Seconds) -> Iterator[Looks]:
    """The batches in order, each made by one thread a few ahead of the one who asks."""
    reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reader")
    try:
        ahead = deque(reader.submit(next, batches, None) for _ in range(READ_AHEAD))
        while True:
            with seconds.spent_on("waiting"):
                looks = ahead.popleft().result()
            if looks is None:
                return
            ahead.append(reader.submit(next, batches, None))
            yield looks
    finally:
        reader.shutdown(cancel_futures=True)


def boxes_above(
    scores: np.ndarray, grid: Grid, *, threshold: float, max_iou: float = MAX_IOU
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (N, 4) in scene pixels and scores (N,) from `threshold` up, best first, overlaps suppressed."""
    rows, columns = np.nonzero(scores.astype(np.float64) >= threshold)
    boxes, above = grid.boxes(rows, columns), scores[rows, columns].astype(np.float64)
    kept = kept_boxes(boxes, above, max_iou=max_iou)
    return boxes[kept], above[kept]
