"""A child of `mosaic.py`: what the network alone does, on pixels that lie read, decoded and scaled in memory.

Two readings. "tiles": the network as the prediction asks it, about tiles in their surroundings; the ground counted is
what a tile judges. "windows": the same network on one window at a time as the thesis cut them, without
surroundings; the ground counted is what each window adds to its neighbours.
"""

from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.windows_sample import middle_of, windows_in
from benchmarks.workplace import answer, start_django

LEAST_S = 10.0
ALONG_PX = 6200  # of the mosaic: some sixty tiles


def network_alone(*, folder: str, prediction_run: int) -> dict[str, Any]:
    """Millions of scene pixels per second, both ways, with the model, engine and precision of a run that is done."""
    start_django(Path(folder), empty=False)
    from prediction.layouts import TileLayout
    from prediction.models import PredictionRun
    from prediction.plan_of_run import model_for, planned

    run = PredictionRun.objects.get(pk=prediction_run)
    plan = planned(run)
    layout = plan.layout
    assert isinstance(layout, TileLayout), "The model is not dense."
    pixels = middle_of(Path(run.scene.path), ALONG_PX)
    images = {
        "tiles": _tiles(pixels, layout.factor, layout.input_px, layout.tile_px),
        "windows": _windows(pixels, layout.grid.window_px, layout.grid.stride_px, layout.network_px),
    }
    ground_px = {"tiles": (layout.tile_px / layout.factor) ** 2, "windows": layout.grid.stride_px**2}
    sha256, model = model_for(run, plan)
    speeds = {
        name: _speed(_network(plan, sha256, model, shown), shown, ground_px[name])
        for name, shown in images.items()
    }
    return {"engine": plan.engine, "precision": plan.precision, **speeds}


def _network(plan: Any, sha256: str, model: bytes, images: np.ndarray) -> Any:
    from prediction.networks import open_network

    return open_network(
        model, sha256=sha256, engine=plan.engine, precision=plan.precision, tile_input_px=images.shape[-1]
    )


def _tiles(pixels: np.ndarray, factor: float, input_px: int, tile_px: int) -> np.ndarray:
    """Tiles with their surroundings (N, 3, input, input), scaled as a whole."""
    side = round(pixels.shape[0] * factor)
    return _planes(windows_in(_scaled(pixels, side), window_px=input_px, stride_px=tile_px))


def _windows(pixels: np.ndarray, window_px: int, stride_px: int, seen_px: int) -> np.ndarray:
    """Windows (N, 3, side, side), scaled one by one."""
    windows = windows_in(pixels, window_px=window_px, stride_px=stride_px)
    return _planes([_scaled(window, seen_px) for window in windows])


def _scaled(square: np.ndarray, side_px: int) -> np.ndarray:
    return np.asarray(Image.fromarray(square).resize((side_px, side_px), Image.Resampling.BILINEAR))


def _planes(squares: list[np.ndarray]) -> np.ndarray:
    return np.ascontiguousarray(np.stack(squares).transpose(0, 3, 1, 2))


def _speed(network: Any, images: np.ndarray, ground_px: float) -> dict[str, Any]:
    """Over and over for a while, after once to warm up."""
    _ask(network, images)
    begun, cpu_begun, rounds = perf_counter(), process_time(), 0
    while perf_counter() - begun < LEAST_S:
        _ask(network, images)
        rounds += 1
    per_second = rounds * len(images) / (perf_counter() - begun)
    ground_mpx = rounds * len(images) * ground_px / 1e6
    return {
        "images": len(images),
        "image_px": images.shape[-1],
        "images_per_s": round(per_second, 1),
        "mpx_per_s": round(per_second * ground_px / 1e6, 2),
        "cpu_ms_per_mpx": round((process_time() - cpu_begun) / ground_mpx * 1e3, 1),
    }


def _ask(network: Any, images: np.ndarray) -> None:
    for number in range(len(images)):
        network.start(images[number : number + 1], lambda answer: None)
    network.wait()


if __name__ == "__main__":
    answer(network_alone)
