"""Small scenes drawn for the tests, and a network whose answers can be worked out by hand."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from django.core.management import call_command
from django_tasks_db.management.commands import db_worker
from pyproj import CRS

from damage.ingestion.models import Scene
from prediction.models import PredictionRun
from prediction.services import predict
from training.models import ModelRun
from training.networks.asynchronous import Immediate


class Redness:
    """A network that scores a square by the share of strongly red pixels in it."""

    def __init__(self, input_size_px=32):
        self.input_size_px = input_size_px
        self.batches = []

    def scores(self, windows):
        assert windows.dtype == np.uint8
        assert windows.shape[1:] == (self.input_size_px, self.input_size_px, 3)
        self.batches.append(len(windows))
        red = (windows[..., 0].astype(int) - windows[..., 1]) > 100
        return red.mean(axis=(1, 2)).astype(np.float32)


def _write_scene(
    path: Path, pixels: np.ndarray, *, crs="EPSG:32637", transform=None, valid=None, overviews=(), **profile
) -> Path:
    """Write pixels (h, w, bands) as a GeoTIFF; `valid` (h, w) becomes its mask."""
    height, width, count = pixels.shape
    transform = transform or Affine(0.5, 0, 300_000, 0, -0.5, 4_160_000)
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(
            path, "w", driver="GTiff", dtype="uint8", width=width, height=height, count=count, crs=crs,
            transform=transform, **profile,
        ) as dataset,
    ):  # fmt: skip
        dataset.write(pixels.transpose(2, 0, 1))
        if valid is not None:
            dataset.write_mask(valid)
        if overviews:
            dataset.build_overviews(overviews, rasterio.enums.Resampling.average)
    return path


def _grey_ground(width, height, *, bands=3, seed=0):
    """Ground without anything red."""
    ground = np.random.default_rng(seed).integers(90, 110, (height, width, 1), dtype=np.uint8)
    return np.repeat(ground, bands, axis=2)


def _paint(pixels, x, y, size):
    """Draw a red square: what `Redness` takes for damage."""
    pixels[y : y + size, x : x + size, :3] = (255, 0, 0)
    return pixels


@pytest.fixture
def redness():
    return Redness()


@pytest.fixture
def write_scene():
    return _write_scene


@pytest.fixture
def grey_ground():
    return _grey_ground


@pytest.fixture
def paint():
    return _paint


WIDTH, HEIGHT = 200, 150
# Red squares (x, y, size) of the painted town: two far apart, and one that is half as large.
RED = [(10, 12, 16), (160, 100, 16), (90, 60, 8)]


@pytest.fixture
def mosaic(town, tmp_path) -> Scene:
    """An orthomosaic of 200 x 150 pixels of 0.5 m in UTM 37N, with three red squares."""
    pixels = _grey_ground(WIDTH, HEIGHT)
    for x, y, size in RED:
        _paint(pixels, x, y, size)
    path = _write_scene(tmp_path / "painted.tif", pixels)
    return Scene.objects.create(
        town=town, kind="mosaic", name="painted.tif", sha256="a" * 64, size_bytes=path.stat().st_size,
        in_place_path=str(path), width_px=WIDTH, height_px=HEIGHT, band_count=3, gsd_m=0.5,
        gsd_source="geotransform", crs_wkt=CRS.from_epsg(32637).to_wkt(),
        transform=[0.5, 0, 300_000, 0, -0.5, 4_160_000],
    )  # fmt: skip


@pytest.fixture
def model_run(question) -> ModelRun:
    """A finished training on crops of 16 m; its threshold is a sixteenth of a window."""
    return ModelRun.objects.create(
        question=question, status="done", stage="promoted", backbone="redness", window_px=32, window_m=16.0,
        threshold=0.0625,
        parameters={"network": {"window_px": 32, "is_dense": False}},
    )  # fmt: skip


@pytest.fixture(autouse=True)
def one_box_for_each_square(monkeypatch):
    """What is painted is counted: the best of overlapping windows stands for all that touch it."""
    monkeypatch.setattr("prediction.services.MAX_IOU", 0.0)


@pytest.fixture
def engine(redness, monkeypatch):
    """The network that every model is."""
    answer = Immediate(lambda windows: redness.scores(windows)[:, None])
    monkeypatch.setattr("prediction.blocks.open_network", lambda *args, **kwargs: answer)
    monkeypatch.setattr("prediction.plan_of_run.model_content", lambda model_run, engine: b"redness")
    return redness


@pytest.fixture
def work(monkeypatch):
    """Do what is queued, as the worker does, but within the test's own transaction."""
    monkeypatch.setattr(db_worker, "close_old_connections", lambda: None)
    return lambda: call_command("db_worker", batch=True, interval=0, verbosity=0)


@pytest.fixture
def finished_run(mosaic, model_run, engine) -> PredictionRun:
    return predict(mosaic, model_run, requested_by=None)
