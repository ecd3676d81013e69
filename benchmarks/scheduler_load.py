"""How many blocks a second a Dask scheduler can hand out: blocks of which nothing is computed."""

import os
from itertools import repeat
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from prediction.runners.cluster import DaskCluster
from tests.prediction.clusters import cluster

JOBS = 2000


def nothing(job: Any, model: bytes) -> np.ndarray:
    """A result of a block's size, at once."""
    rows, columns = job.layout.place_of(job.block)
    return np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.float32)


def scheduler_load(folder: Path, job: Any, model: bytes) -> dict[str, Any]:
    """Send one job many times: how many come back a second, and the processor's time for each."""
    with cluster(folder, workers=2) as started:
        runner, models = DaskCluster(started.address, nothing), {job.model_sha256: model}
        list(runner.outcomes(repeat(job, 50), models))
        scheduler = started.programs[0].pid
        begun, used, own = perf_counter(), cpu_seconds(scheduler), cpu_seconds()
        results = [outcome.nbytes for _, outcome in runner.outcomes(repeat(job, JOBS), models)]
        seconds = perf_counter() - begun
        return {
            "jobs_per_s": round(JOBS / seconds, 1),
            "bytes_per_result": max(results),
            "scheduler_cpu_ms_per_job": round(1000 * (cpu_seconds(scheduler) - used) / JOBS, 2),
            "asking_cpu_ms_per_job": round(1000 * (cpu_seconds() - own) / JOBS, 2),
        }


def cpu_seconds(pid: int | str = "self") -> float:
    """Processor time that a process has used, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
