"""Small jobs whose results can be worked out by hand, in a module that other processes can import."""

import hashlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from damage.errors import Refused

MODEL = b"a model"
MODELS = {hashlib.sha256(MODEL).hexdigest(): MODEL}


@dataclass(frozen=True)
class StandInJob:
    """One number; a folder in which each process at work leaves a file named for its number."""

    index: int
    folder: Path
    model_sha256: str = next(iter(MODELS))


def stand_in_jobs(count: int, folder: Path):
    return (StandInJob(index, folder) for index in range(count))


def numbered(job: StandInJob, model: bytes) -> np.ndarray:
    """The job's number in a square, and the length of the model, exactly."""
    assert hashlib.sha256(model).hexdigest() == job.model_sha256
    (job.folder / str(os.getpid())).touch()
    square = np.full((2, 3), job.index, dtype=np.float32)
    square[1, 2] = len(model)
    square[0, 0] = np.nan
    return square


def numbered_slowly(job: StandInJob, model: bytes) -> np.ndarray:
    time.sleep(0.1)
    return numbered(job, model)


def refusing_the_third(job: StandInJob, model: bytes) -> np.ndarray:
    if job.index == 3:
        raise Refused("The third is torn.", "Mend it.")
    return numbered(job, model)


def failing(job: StandInJob, model: bytes) -> np.ndarray:
    raise ZeroDivisionError("a mistake in the program")


def killing_once(job: StandInJob, model: bytes) -> np.ndarray:
    """Kill the process that does the fourth job first."""
    killed = job.folder / "killed"
    if job.index == 4 and not killed.exists():
        killed.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return numbered_slowly(job, model)


def killing_always(job: StandInJob, model: bytes) -> np.ndarray:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def killing_on_four(job: StandInJob, model: bytes) -> np.ndarray:
    """Kill every process that takes the fourth job."""
    return killing_always(job, model) if job.index == 4 else numbered(job, model)


def endless(job: StandInJob, model: bytes) -> np.ndarray:
    """Never done; says that it began."""
    if job.index == 0:
        return numbered(job, model)
    (job.folder / str(os.getpid())).touch()
    time.sleep(600)
    raise AssertionError


def assert_numbered(outcomes, count):
    """Every job came back once, with the result that its number says."""
    by_index = {job.index: outcome for job, outcome in outcomes}
    assert len(outcomes) == count
    assert sorted(by_index) == list(range(count))
    for index, outcome in by_index.items():
        expected = [[np.nan, index, index], [index, index, len(MODEL)]]
        np.testing.assert_array_equal(outcome, np.array(expected, dtype=np.float32))
