"""Real blocks of a drawn mosaic and a small real network, for workers that are processes of their own."""

import hashlib
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from damage.errors import Refused
from damage.ingestion.reading import Source
from prediction.blocks import BlockJob, compute_block
from prediction.layouts import TileLayout
from prediction.runners import Outcome
from prediction.windows import Grid
from training.networks.engines import packed

WIDTH_PX, HEIGHT_PX = 5200, 3100
# Tiles of 576 network pixels, of which 768.9 are read: 7 x 5 of them.
LAYOUT = TileLayout(Grid(WIDTH_PX, HEIGHT_PX, 299, 209, 1), 224, tile_px=576, block_px=700)
BLOCKS = 35


def write_mosaic(path: Path) -> Path:
    """Coloured noise in grains of 8 pixels, with a black corner."""
    grains = np.random.default_rng(5).integers(1, 256, (3, -(-HEIGHT_PX // 8), -(-WIDTH_PX // 8)), np.uint8)
    pixels = grains.repeat(8, axis=1).repeat(8, axis=2)[:, :HEIGHT_PX, :WIDTH_PX]
    pixels[:, :1000, :900] = 0
    with rasterio.open(
        path, "w", driver="GTiff", dtype="uint8", width=WIDTH_PX, height=HEIGHT_PX, count=3, tiled=True,
        crs="EPSG:32615", transform=Affine(0.07, 0, 240_000, 0, -0.07, 1_820_000),
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
    return path


def small_network() -> bytes:
    """A dense network of one convolution: 8-bit pixels in, a logit for every 16 of them out."""
    from openvino import Model, Type, opset13, save_model

    kernel = np.random.default_rng(6).normal(0, 0.001, (1, 3, 16, 16)).astype(np.float32)
    pixels = opset13.parameter([-1, -1, -1, 3], Type.u8)
    planes = opset13.transpose(opset13.convert(pixels, Type.f32), [0, 3, 1, 2])
    cells = opset13.convolution(planes, opset13.constant(kernel), [16, 16], [0, 0], [0, 0], [1, 1])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xml"
        model = Model([opset13.transpose(cells, [0, 2, 3, 1])], [pixels])
        save_model(model, path, compress_to_fp16=False)
        return packed(path.read_bytes(), path.with_suffix(".bin").read_bytes())


def real_jobs(mosaic: Path, model: bytes) -> list[BlockJob]:
    sha256 = hashlib.sha256(model).hexdigest()
    return [
        BlockJob(1, index, Source(str(mosaic)), LAYOUT, block, "openvino", "f32", sha256)
        for index, block in enumerate(LAYOUT.blocks())
    ]


def models_of(model: bytes) -> dict[str, bytes]:
    return {hashlib.sha256(model).hexdigest(): model}


def lattice(outcomes: Iterable[tuple[BlockJob, Outcome]]) -> np.ndarray:
    """All values of the mosaic; every block must be there once."""
    values = np.full(LAYOUT.shape, np.inf, np.float32)
    for job, outcome in outcomes:
        if isinstance(outcome, Refused):
            raise outcome
        place = values[LAYOUT.place_of(job.block)]
        assert np.isinf(place).all()
        place[:] = outcome
    assert not np.isinf(values).any()
    return values


def computed_slowly(job: BlockJob, model: bytes) -> np.ndarray:
    """Long enough for something to happen to the worker."""
    time.sleep(0.15)
    return compute_block(job, model)
