"""A site in a folder of its own, with one scene, whose process the tests kill: `python -m … FOLDER ACTION`.

The folder has a migrated database from the beginning.
"""

import os
import sys
import time
from pathlib import Path

SIDE_PX = 640


def start(folder: Path) -> None:
    os.environ.update(DAMAGE_DEBUG="1", DAMAGE_DATA=str(folder), DATABASE_URL="")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "damage.settings")
    import django

    django.setup()


def prepare(folder: Path) -> None:
    """Draw a scene of noise, and make a model that waits a moment over each tile."""
    import numpy as np
    import rasterio
    from affine import Affine

    from damage.ingestion.services import ingest_mosaic
    from tagging.models import Question
    from training.models import ModelRun

    path = folder / "noise.tif"
    pixels = np.random.default_rng(5).integers(0, 256, (3, SIDE_PX, SIDE_PX), dtype=np.uint8)
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "width": SIDE_PX, "height": SIDE_PX}
    transform = Affine(0.5, 0, 300_000, 0, -0.5, 4_160_000)
    tiles = {"tiled": True, "blockxsize": 64, "blockysize": 64}
    with rasterio.open(path, "w", crs="EPSG:32637", transform=transform, **profile, **tiles) as dataset:
        dataset.write(pixels)
    ingest_mosaic(path, event="Quake", town="Town", in_place=True)
    ModelRun.objects.create(
        question=Question.objects.get(slug="damage"), status="done", stage="promoted", backbone="slow cells",
        threshold=0.5, window_px=64, window_m=32.0, parameters={"network": {"window_px": 64, "is_dense": True}},
    )  # fmt: skip


def slow_cells(wait_s: float):
    """A dense network: a cell's logit is its mean red, about zero."""
    import numpy as np

    def logits(planes):
        time.sleep(wait_s)
        red = planes[0, 0, 8:-8, 8:-8].astype(np.float32) / 128 - 1
        side = red.shape[0] // 16
        means = red.reshape(side, 16, side, 16).mean(axis=(1, 3), dtype=np.float32)
        return np.pad(means, (0, 1))[None, :, :, None]

    return logits


def use_slow_cells(wait_s: float) -> None:
    """Small blocks of small tiles, judged by `slow_cells`."""
    from dataclasses import replace

    import prediction.blocks
    import prediction.plan_of_run
    from training.networks.asynchronous import Immediate

    network = Immediate(slow_cells(wait_s))
    prediction.blocks.open_network = lambda *args, **kwargs: network
    prediction.plan_of_run.model_content = lambda model_run, engine: b"slow cells"
    plan_of = prediction.plan_of_run.plan_of

    def in_small_tiles(*args, **kwargs):
        plan = plan_of(*args, **kwargs)
        return replace(plan, layout=replace(plan.layout, tile_px=64, block_px=64))

    prediction.plan_of_run.plan_of = in_small_tiles


def main(folder: Path, action: str, *rest: str) -> None:
    start(folder)
    if action == "prepare":
        prepare(folder)
        return
    use_slow_cells(wait_s=0.01)
    from django.core.management import call_command

    call_command("predict", *rest, json=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
