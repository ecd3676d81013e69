"""A child of `mosaic.py --peers`: GeoDeep's own command over a share of the mosaic, as a program apart.

GeoDeep is licensed under the AGPL. Nothing here imports it; its command is run and timed.
"""

import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.peers import Share
from benchmarks.workplace import answer, cpu_s

TRIAL_MPX = 6.0


def peer_geodeep(
    *,
    program: str,
    mosaic: str,
    share: dict[str, int],
    model: str,
    resolution_cm: float,
    tile_px: int,
    seconds: float,
) -> dict[str, Any]:
    """Ground per second and processor time per ground. `tile_px` is what a tile covers, in the mosaic's pixels.

    A short run tells how much ground takes about so long. A run over a single tile tells what starting costs, which
    is not counted.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = partial(
            _run, program, mosaic, model, resolution_cm=resolution_cm, output=Path(folder) / "found"
        )
        return steady_speed(run, Share(**share), tile_px=tile_px, seconds=seconds)


def steady_speed(
    run: Callable[[Share], tuple[float, float]], share: Share, *, tile_px: int, seconds: float
) -> dict[str, Any]:
    """Speed of a program that `run` runs over a part of the share, saying wall-clock and processor time in seconds."""
    tile = Share(share.left_px, share.top_px, tile_px, tile_px)
    start_s, start_cpu_s = run(tile)
    trial = share.upper(TRIAL_MPX, least_px=tile_px)
    trial_s, _ = run(trial)
    guess_mpx_s = trial.mpx / max(trial_s - start_s, 0.1)
    part = share.upper(guess_mpx_s * seconds, least_px=tile_px)
    wall_s, run_cpu_s = run(part)
    ground_mpx = part.mpx - tile.mpx
    return {
        "seconds": round(wall_s - start_s, 1),
        "start_s": round(start_s, 1),
        "ground_mpx": round(ground_mpx, 1),
        "mpx_per_s": round(ground_mpx / (wall_s - start_s), 3),
        "cpu_ms_per_mpx": round((run_cpu_s - start_cpu_s) / ground_mpx * 1e3, 1),
    }


def _run(
    program: str, mosaic: str, model: str, part: Share, *, resolution_cm: float, output: Path
) -> tuple[float, float]:
    """Wall-clock and processor time of the command over a part, which GDAL shows it as a data set of its own."""
    corners = f"{part.left_px},{part.top_px},{part.width_px},{part.height_px}"
    told = ["--quiet", "--resolution", str(resolution_cm), "--output", str(output)]
    begun, cpu_begun = perf_counter(), cpu_s()
    subprocess.run(
        [program, f"vrt://{mosaic}?srcwin={corners}", model, *told], check=True, stdout=subprocess.DEVNULL
    )
    return perf_counter() - begun, cpu_s() - cpu_begun


if __name__ == "__main__":
    answer(peer_geodeep)
