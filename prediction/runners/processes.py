"""Blocks done on several processes of this machine."""

import os
import signal
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from damage.errors import Refused
from damage.messages import Message as _
from prediction.runners import Compute, J, Job, Outcome, outcome_of

# Jobs with each process: the one it does and the next.
JOBS_PER_PROCESS = 2
# How often the processes are started again after one was killed.
FRESH_STARTS = 3


@dataclass(frozen=True)
class LocalProcesses:
    """So many processes, each with so many threads for the network."""

    workers: int
    compute: Compute
    threads: int = 1

    @property
    def words(self) -> str:
        """Where the work is done, for people."""
        return f"on {self.workers} processes of this machine, {self.threads} thread each"

    def outcomes(
        self, jobs: Iterator[J], models: Mapping[str, bytes]
    ) -> Generator[tuple[J, Outcome], None, None]:
        """Each job with its result, as they come; what a killed process left undone is done again."""
        with TemporaryDirectory(prefix="models-") as folder:
            for sha256, model in models.items():
                (Path(folder) / sha256).write_bytes(model)
            for _attempt in range(1 + FRESH_STARTS):
                with self._processes() as pool:
                    undone = yield from self._until_one_dies(pool, jobs, folder)
                if not undone:
                    return
                jobs = chain(undone, jobs)
        raise Refused(
            _("Processes at work were killed %(times)s times: most likely the memory is full.")
            % {"times": 1 + FRESH_STARTS},
            _("Predict with fewer --workers, or close other programs first."),
        )

    @contextmanager
    def _processes(self) -> Iterator[ProcessPoolExecutor]:
        """Processes that end at once when the block is left, or when this process dies, whatever they do."""
        spawning = get_context("spawn")  # a fork would copy the locks of threads that it does not have
        lifeline, held = spawning.Pipe(duplex=False)
        pool = ProcessPoolExecutor(self.workers, spawning, _prepare, (lifeline, self.threads))
        try:
            yield pool
        finally:
            held.close()
            pool.shutdown(cancel_futures=True)
            lifeline.close()

    def _until_one_dies(
        self, pool: ProcessPoolExecutor, jobs: Iterator[J], folder: str
    ) -> Generator[tuple[J, Outcome], None, list[J]]:
        """Results as they come; returns the jobs that a dead process leaves undone, none when all are done."""
        at_work: dict[Future[Outcome], J] = {}
        try:
            while True:
                for job in islice(jobs, self.workers * JOBS_PER_PROCESS - len(at_work)):
                    at_work[_submitted(pool, self.compute, job, folder)] = job
                if not at_work:
                    return []
                done, _ = wait(at_work, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome = future.result()
                    yield at_work.pop(future), outcome
        except BrokenProcessPool:
            return list(at_work.values())


def _submitted(pool: ProcessPoolExecutor, compute: Compute, job: Job, folder: str) -> Future[Outcome]:
    try:
        return pool.submit(_outcome, compute, job, folder)
    except BrokenProcessPool as error:  # one died since the last result: this job is undone like the others
        future: Future[Outcome] = Future()
        future.set_exception(error)
        return future


def _prepare(lifeline: Connection, threads: int) -> None:
    """In each process, first: Ctrl-C is the starting process's business, which then lets the lifeline go."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["DAMAGE_THREADS"] = str(threads)
    Thread(target=_end_with, args=(lifeline,), daemon=True).start()


def _end_with(lifeline: Connection) -> None:
    lifeline.poll(None)
    os._exit(0)


def _outcome(compute: Compute, job: Job, folder: str) -> Outcome:
    return outcome_of(compute, job, _model(Path(folder) / job.model_sha256))


@lru_cache(maxsize=4)
def _model(path: Path) -> bytes:
    return path.read_bytes()
