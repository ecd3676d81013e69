"""What `mosaic.py` measures, one after the other: mosaics, a model, whole runs, the thesis's way, the network alone."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.goals import goals
from benchmarks.machine import machine_facts
from benchmarks.mosaic_writing import practice_picture, read_facts, real_picture, size_of, write_big_mosaic
from benchmarks.peers import compared, measure_peers
from benchmarks.workplace import measured_in_child, start_django
from damage.work.progress import progress_bar

SMALLER_GPX = (0.1, 0.4)


def measure(
    folder: Path, *, gpx: float, data: Path | None, backbone: str, peers: bool, fresh: bool
) -> dict[str, Any]:
    """All figures, and how they stand to the goals."""
    machine = machine_facts()
    site = folder / "site"
    start_django(site, empty=True)
    from benchmarks.practice_model import trained_model

    sizes = [*(size for size in SMALLER_GPX if size < gpx), gpx]
    mosaics = {size: kept_mosaic(folder, size, data, fresh=fresh) for size in sizes}
    model_run = trained_model(site, backbone=backbone)
    runs = {size: whole_run(site, mosaics[size], model_run) for size in sizes}
    result = {
        "machine": machine,
        "backbone": backbone,
        "mosaic": read_facts(mosaics[gpx]).as_json(),
        "run": runs[gpx],
        "thesis_way": measured_in_child("thesis_way", mosaic=mosaics[gpx], backbone=backbone),
        "network_alone": measured_in_child(
            "network_alone", folder=site, prediction_run=runs[gpx]["prediction_run"]
        ),
        "peak_memory_mb": {f"{size:g} Gpx": run["peak_memory_mb"] for size, run in runs.items()},
    }
    if peers:
        measured = measure_peers(
            mosaics[gpx], size_px=size_of(gpx), gsd_m=result["mosaic"]["gsd_m"], backbone=backbone
        )
        result["peers"] = compared(measured, runs[gpx])
    return result | {"goals": [goal.as_json() for goal in goals(result)]}


def kept_mosaic(folder: Path, gpx: float, data: Path | None, *, fresh: bool) -> Path:
    """The mosaic of this size, written if it is not there from an earlier call."""
    path = folder / f"{'real' if data else 'practice'}-{gpx:g}-gpx.tif"
    if fresh or not path.is_file():
        with progress_bar(f"writing {path.name}", "row") as progress:
            write_big_mosaic(path, _picture(data), size_px=size_of(gpx), progress=progress)
    return path


@cache
def _picture(data: Path | None) -> np.ndarray:
    return real_picture(data) if data else practice_picture()


def whole_run(site: Path, path: Path, model_run: Any) -> dict[str, Any]:
    """What the prediction of a mosaic, in a process of its own, took."""
    from benchmarks.practice_model import EVENT, for_windows_of
    from damage.ingestion.services import ingest_mosaic

    scene = ingest_mosaic(path, event=EVENT, town="Large", in_place=True).scene
    for_windows_of(model_run, scene)
    run = measured_in_child(
        "whole_run", folder=site, scene=scene.pk, model_run=model_run.pk, label=f"predicting {path.name}"
    )
    facts = read_facts(path)
    speeds = {"mpx_per_s": facts.mpx, "valid_mpx_per_s": facts.valid_mpx}
    return (
        run
        | {name: round(mpx / run["seconds"], 2) for name, mpx in speeds.items()}
        | {"cpu_ms_per_mpx": round(run["run_cpu_s"] / facts.valid_mpx * 1e3, 1)}
    )
