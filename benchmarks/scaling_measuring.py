"""What `scaling.py` measures: the same blocks on one worker and on two, and how much a scheduler can hand out."""

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.machine import machine_facts
from benchmarks.mosaic_measuring import kept_mosaic
from benchmarks.mosaic_writing import read_facts
from benchmarks.scheduler_load import cpu_seconds, scheduler_load
from benchmarks.workplace import busy_s, peak_memory_mb, start_django
from prediction.blocks import BlockJob, compute_block
from prediction.runners.cluster import DaskCluster
from tests.prediction.clusters import Cluster, cluster

WORKERS = (1, 2)
# Blocks for each worker before the clock starts: by then each worker has come, and compiled the network.
WARM_UP = 8


def measure(folder: Path, *, gpx: float, rounds: int) -> dict[str, Any]:
    """All figures; speeds in millions of pixels per second, nodata border included, the best of the rounds."""
    machine = machine_facts()
    mosaic = kept_mosaic(folder, gpx, None, fresh=False)
    jobs, model = prepared(folder / "site", mosaic)
    runs: dict[int, list[Timed]] = {workers: [] for workers in WORKERS}
    for _ in range(rounds):
        for workers, kept in runs.items():
            kept.append(timed_on_cluster(folder / "cluster", jobs, model, workers=workers))
    speeds = {workers: max(run.mpx_per_s for run in kept) for workers, kept in runs.items()}
    return {
        "machine": machine,
        "mosaic": read_facts(mosaic).as_json(),
        "blocks": len(jobs),
        "mpx_per_block": round(max(job.layout.pixels(job.block) for job in jobs) / 1e6, 2),
        "model_mb": round(len(model) / 1e6, 1),
        "mpx_per_s_of_each_round": {
            workers: [round(run.mpx_per_s, 2) for run in kept] for workers, kept in runs.items()
        },
        "cores_busy_elsewhere_in_each_round": {
            workers: [round(run.cores_busy_elsewhere, 2) for run in kept] for workers, kept in runs.items()
        },
        "mpx_per_s": {workers: round(speed, 2) for workers, speed in speeds.items()},
        "efficiency": round(speeds[2] / (2 * speeds[1]), 3),
        "results_identical": len({run.sha256 for kept in runs.values() for run in kept}) == 1,
        "worker_peak_memory_mb": max(run.worker_peak_memory_mb for kept in runs.values() for run in kept),
        "scheduler": scheduler_load(folder / "cluster", jobs[0], model),
    }


@dataclass(frozen=True)
class Timed:
    """One pass over the mosaic."""

    mpx_per_s: float
    sha256: str
    cores_busy_elsewhere: float
    worker_peak_memory_mb: float


def timed_on_cluster(folder: Path, jobs: list[BlockJob], model: bytes, *, workers: int) -> Timed:
    """A pass on workers that are warm, each bound to a core of its own, as each machine of a cluster has its own.

    The clock runs while the client connects, the model is sent, and all blocks are done.
    """
    with cluster(folder, workers=0) as started:
        for core in sorted(os.sched_getaffinity(0))[:workers]:
            started.start_worker("taskset", "--cpu-list", str(core))
        runner, models = DaskCluster(started.address, compute_block), {jobs[0].model_sha256: model}
        list(runner.outcomes(iter(jobs[: WARM_UP * workers]), models))
        begun, busy, own = perf_counter(), busy_s(), own_s(started)
        done = sorted(runner.outcomes(iter(jobs), models), key=lambda come: come[0].index)
        seconds = perf_counter() - begun
        return Timed(
            mpx_per_s=sum(job.layout.pixels(job.block) for job in jobs) / 1e6 / seconds,
            sha256=hashlib.sha256(b"".join(outcome.tobytes() for _, outcome in done)).hexdigest(),
            cores_busy_elsewhere=max(0.0, busy_s() - busy - (own_s(started) - own)) / seconds,
            worker_peak_memory_mb=max(peak_memory_mb(worker.pid) for worker in started.workers),
        )


def own_s(started: Cluster) -> float:
    """Processor time that the cluster and this process have used."""
    return cpu_seconds() + sum(cpu_seconds(program.pid) for program in started.programs)


def prepared(site: Path, mosaic: Path) -> tuple[list[BlockJob], bytes]:
    """The mosaic's blocks for a model trained on practice towns, and the model."""
    start_django(site, empty=True)
    from benchmarks.practice_model import EVENT, for_windows_of, trained_model
    from damage.ingestion.scene_sources import source_of
    from damage.ingestion.services import ingest_mosaic
    from prediction.plan_of_run import plan_of
    from training.inference import model_content

    model_run = trained_model(site, backbone="efficientnet-lite0")
    scene = ingest_mosaic(mosaic, event=EVENT, town="Large", in_place=True).scene
    for_windows_of(model_run, scene)
    plan = plan_of(scene, model_run)
    model = model_content(model_run, plan.engine)
    job = BlockJob(
        run=0,
        index=0,
        source=source_of(scene),
        layout=plan.layout,
        block=plan.layout.blocks()[0],
        engine=plan.engine,
        precision=plan.precision,
        model_sha256=hashlib.sha256(model).hexdigest(),
    )
    return [replace(job, index=index, block=block) for index, block in enumerate(plan.layout.blocks())], model
