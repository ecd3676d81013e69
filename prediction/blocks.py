"""The work itself: blocks of a scene, read, scaled and judged, each stage hidden behind the slowest.

Pure: needs no Django, so that it runs inline, on other processes and on other machines alike.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Condition

import numpy as np

from damage.errors import Refused
from damage.ingestion.reading import Pixels, SceneReader, Source, coarse_ground
from prediction.layouts import TileLayout, WindowLayout
from prediction.networks import asked_threads, open_network
from prediction.runners import Outcome
from prediction.tiles import has_coarse_ground, own_cells, tile_image, valid_cells
from prediction.window_images import shown_windows, window_images
from prediction.windows import Block
from training.networks.asynchronous import AsyncNetwork
from training.networks.engines import BATCH, Precision, thread_count
from training.networks.kinds import EngineName

# Blocks that are read while the one before is judged.
READ_AHEAD = 2


@dataclass(frozen=True)
class BlockJob:
    """A block to be done, wherever: all that decides its result, but for the model's bytes."""

    run: int
    index: int
    source: Source
    layout: TileLayout | WindowLayout
    block: Block
    engine: EngineName
    precision: Precision
    model_sha256: str


def compute_block(job: BlockJob, model: bytes) -> np.ndarray:
    """A block's values (rows, columns), float32, NaN where there is no ground; raises `Refused`.

    A dense model's are logits, out of which `prediction.score_grid.window_scores` makes the windows' scores once the
    whole scene is done; another's are the windows' scores.
    """
    ((_, outcome),) = outcomes(iter([job]), {job.model_sha256: model})
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


class Inline:
    """The runner on this process alone."""

    words = "in this process, on its cores"

    def outcomes(
        self, jobs: Iterator[BlockJob], models: Mapping[str, bytes]
    ) -> Generator[tuple[BlockJob, Outcome], None, None]:
        """Each job with its result or refusal, in order."""
        return outcomes(jobs, models)


def outcomes(
    jobs: Iterator[BlockJob], models: Mapping[str, bytes]
) -> Generator[tuple[BlockJob, Outcome], None, None]:
    """Each job with its result or refusal, in order: while one block is judged, the next are read and scaled."""
    scene = SceneReader()
    reading: deque[tuple[BlockJob, Future[Pixels | None]]] = deque()
    asked_blocks: deque[_AskedBlock] = deque()
    asked: set[AsyncNetwork] = set()
    with (
        closing(scene),
        _stopping(ThreadPoolExecutor(1, thread_name_prefix="reader")) as reader,
        _stopping(ThreadPoolExecutor(thread_count(asked_threads()), thread_name_prefix="scaler")) as scalers,
    ):
        try:
            while True:
                while len(reading) < READ_AHEAD and (job := next(jobs, None)):
                    reading.append((job, reader.submit(_read, scene, job)))
                if reading:
                    asked_blocks.append(_asked_about(*reading.popleft(), models, scalers, asked))
                if not asked_blocks:
                    return
                if len(asked_blocks) > 1 or not reading:
                    done = asked_blocks.popleft()
                    yield done.job, done.outcome()
        finally:
            # A thread of a network that comes back when Python has ended dies of "FATAL: exception not rethrown".
            for network in asked:
                network.wait()


@contextmanager
def _stopping(pool: ThreadPoolExecutor) -> Iterator[ThreadPoolExecutor]:
    """A pool that forgets what it has not begun when the block is left."""
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _AskedBlock:
    """A block about which the network is asked."""

    def __init__(self, job: BlockJob, refusal: Refused | None = None) -> None:
        self.job = job
        self._refusal = refusal
        rows, columns = job.layout.place_of(job.block)
        self._values = np.full((rows.stop - rows.start, columns.stop - columns.start), np.nan, np.float32)
        self._asked = 0
        self._answers: list[tuple[_Keep, np.ndarray]] = []
        self._changed = Condition()

    def ask(self, network: AsyncNetwork, images: np.ndarray, keep: "_Keep") -> None:
        """Ask about images; `keep` will put the answer into its place among the values."""
        self._asked += 1
        network.start(images, partial(self._answered, keep))

    def _answered(self, keep: "_Keep", answer: np.ndarray) -> None:
        with self._changed:  # on one of the network's threads
            self._answers.append((keep, answer))
            self._changed.notify_all()

    def outcome(self) -> Outcome:
        """The values, once every answer has come, or why there are none."""
        if self._refusal:
            return self._refusal
        with self._changed:
            self._changed.wait_for(lambda: len(self._answers) == self._asked)
        for keep, answer in self._answers:
            keep(self._values, answer)
        return self._values


_Keep = Callable[[np.ndarray, np.ndarray], None]


def _read(scene: SceneReader, job: BlockJob) -> Pixels | None:
    """The block's pixels; None where the coarse view shows no ground at all."""
    coarse = coarse_ground(job.source)
    area = job.layout.area(job.block)
    if coarse is not None and coarse.is_empty(job.layout.grid.scale, area):
        return None
    return scene.read(job.source, job.layout.grid.scale, area)


def _asked_about(
    job: BlockJob,
    reading: Future[Pixels | None],
    models: Mapping[str, bytes],
    scalers: ThreadPoolExecutor,
    asked: set[AsyncNetwork],
) -> _AskedBlock:
    """Ask the network about all of a block."""
    try:
        pixels = reading.result()
        network = open_network(
            models[job.model_sha256],
            sha256=job.model_sha256,
            engine=job.engine,
            precision=job.precision,
            tile_input_px=job.layout.input_px if isinstance(job.layout, TileLayout) else None,
        )
    except Refused as refusal:
        return _AskedBlock(job, refusal)
    asked.add(network)
    about = _AskedBlock(job)
    if pixels is None or not pixels.has_ground:
        return about
    for future in [scalers.submit(piece) for piece in _pieces(job, pixels)]:
        if (scaled := future.result()) is not None:
            about.ask(network, *scaled)
    return about


_Piece = Callable[[], tuple[np.ndarray, _Keep] | None]


def _pieces(job: BlockJob, pixels: Pixels) -> Iterator[_Piece]:
    """What can be scaled side by side: each gives images for the network and where its answer goes."""
    if isinstance(job.layout, TileLayout):
        return _tiles(job, job.layout, pixels)
    return _windows(job, job.layout, pixels)


def _tiles(job: BlockJob, layout: TileLayout, pixels: Pixels) -> Iterator[_Piece]:
    coarse = coarse_ground(job.source)
    for row, column in layout.tiles(job.block):
        if has_coarse_ground(layout, row, column, coarse):
            yield partial(_tile, job.block, layout, pixels, row, column)


def _tile(
    block: Block, layout: TileLayout, pixels: Pixels, row: int, column: int
) -> tuple[np.ndarray, _Keep] | None:
    valid = valid_cells(pixels, layout, row, column)
    if not valid.any():
        return None
    top, left = (row - block.top) * layout.tile_cells, (column - block.left) * layout.tile_cells

    def keep(values: np.ndarray, answer: np.ndarray) -> None:
        place = values[top : top + layout.tile_cells, left : left + layout.tile_cells]
        rows, columns = place.shape  # cut at the scene's end
        cells = np.where(valid, own_cells(answer, layout), np.nan)
        place[:] = cells[:rows, :columns]

    return tile_image(pixels, layout, row, column)[None], keep


def _windows(job: BlockJob, layout: WindowLayout, pixels: Pixels) -> Iterator[_Piece]:
    rows, columns = shown_windows(pixels, layout, job.block)
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        yield partial(_batch, job.block, layout, pixels, rows[part], columns[part])


def _batch(
    block: Block, layout: WindowLayout, pixels: Pixels, rows: np.ndarray, columns: np.ndarray
) -> tuple[np.ndarray, _Keep]:
    def keep(values: np.ndarray, answer: np.ndarray) -> None:
        values[rows - block.top, columns - block.left] = answer[:, 0]

    return window_images(pixels, layout, rows, columns), keep
