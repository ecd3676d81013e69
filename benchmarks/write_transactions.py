"""How long the services that write much keep everybody else from writing, while people tag.

    python benchmarks/write_transactions.py [--json]

SQLite lets one writer in at a time. Each service does its work on drawn data, with what its network would say made up,
while another process stores tags one after the other. The longest write transaction, from the lock to the end of
COMMIT, is to stay within 100 ms; what the process that tags saw meanwhile stands beside it.
"""

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import monotonic, perf_counter, sleep
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path[:0] = [str(ROOT)]

from benchmarks.longest_transaction import measured_transactions  # noqa: E402
from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.tables import table  # noqa: E402
from benchmarks.workplace import start_django  # noqa: E402

WORK = ROOT / "build" / "write_transactions"
BUDGET_MS = 100
DETECTIONS = 100_000
CROPS, CROP_PX = 1733, 64
TRAINED_PER_CLASS = 170
SQUARES, PENDING = 1000, 400
SIDE_PX = 6000
TOWNS = ("Norte", "Este", "Sur")
PAUSE_S = 0.005


class Tagging:
    """A process that stores tags until it is ended, and its latencies."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--tag"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout
        self._process.stdout.readline()

    def latencies_s(self) -> np.ndarray:
        """Rows of (when it was begun, how long it took), once it has ended."""
        return np.array(json.loads(self._process.communicate("\n")[0]))


def tag() -> None:
    """Be that process: `record_tag` in a loop, each on a square of its own, until standard input has a line."""
    import select

    start_django(WORK, empty=False)
    from damage.accounts.models import User
    from damage.ingestion.models import Scene
    from tagging.services import find_question, record_tag

    scene, question = Scene.objects.get(name="large.tif"), find_question("damage")
    tagger, random = User.objects.get(username="rosa"), Random(1)  # noqa: S311
    size_px = question.side_px(scene)
    found: list[tuple[float, float]] = []
    while not select.select([sys.stdin], [], [], PAUSE_S)[0]:
        x_px, y_px = (random.randrange(scene.width_px - size_px) for _ in range(2))
        begun = monotonic()
        record_tag(
            tagger=tagger,
            question=question,
            scene=scene,
            x_px=x_px,
            y_px=y_px,
            size_px=size_px,
            answer="negative",
        )
        found.append((begun, monotonic() - begun))
        if len(found) == 1:
            print("tagging", flush=True)
    print(json.dumps(found))


def prepare() -> None:
    """A drawn mosaic, a scene of which only the row is needed, a list of crops, and a finished model."""
    start_django(WORK, empty=True)
    import rasterio
    from affine import Affine
    from PIL import Image
    from pyproj import CRS

    from damage.accounts.services import create_account
    from damage.ingestion.models import Scene
    from damage.ingestion.places import get_or_create_town
    from damage.ingestion.services import ingest_mosaic
    from tagging.services import find_question
    from training.models import ModelRun

    coarse = np.random.default_rng(0).integers(1, 255, (3, SIDE_PX // 50, SIDE_PX // 50), dtype=np.uint8)
    transform = Affine(0.07, 0, 300_000, 0, -0.07, 1_800_000)
    form = {
        "driver": "GTiff",
        "width": SIDE_PX,
        "height": SIDE_PX,
        "count": 3,
        "dtype": "uint8",
        "tiled": True,
    }
    with rasterio.open(WORK / "small.tif", "w", crs="EPSG:32615", transform=transform, **form) as file:
        file.write(coarse.repeat(50, 1).repeat(50, 2))
    ingest_mosaic(WORK / "small.tif", event="Drawn", town="Norte", in_place=True)
    Scene.objects.create(
        town=get_or_create_town("Drawn", "Norte"), kind="mosaic", name="large.tif", sha256="a" * 64, size_bytes=1,
        in_place_path="large.tif", width_px=40_000, height_px=40_000, band_count=3, gsd_m=0.07,
        gsd_source="geotransform", crs_wkt=CRS.from_epsg(32615).to_wkt(), transform=list(transform)[:6],
    )  # fmt: skip
    create_account(username="rosa", password="practice-tags", role="volunteer")  # noqa: S106
    ModelRun.objects.create(
        question=find_question("damage"), status="done", stage="promoted", backbone="tiny", threshold=0.5,
        window_px=100, window_m=7.0, parameters={"network": {"window_px": 100, "is_dense": False}},
    )  # fmt: skip
    folder = WORK / "crops"
    folder.mkdir()
    with (folder / "crops.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["file", "town", "label"])
        for number in range(CROPS):
            pixels = np.random.default_rng(number).integers(0, 256, (CROP_PX, CROP_PX, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
            rows.writerow([f"{number}.png", TOWNS[number % 3], ("damage", "no_damage")[number // 3 % 2]])


def import_listed_crops() -> None:
    from tagging.importing import import_crops

    import_crops(WORK / "crops" / "crops.csv", event="Drawn")


def training_config() -> Any:
    from training.config import TrainingConfig

    norte, este, sur = TOWNS
    return TrainingConfig(
        train_towns=[norte], validation_towns=[este], test_towns=[sur], per_class=TRAINED_PER_CLASS
    )


def train() -> None:
    from tagging.services import find_question
    from training import services
    from training.models import ModelRun, ModelRunCrop

    def fitted(run: ModelRun, step: Any) -> SimpleNamespace:
        parts = ("train", "validation", "test")
        scores = {part: np.random.default_rng(0).random(run.crops_of(part).count()) for part in parts}
        return SimpleNamespace(
            scores=scores,
            metrics={},
            threshold=0.5,
            threshold_reason="made up",
            files={"keras": bytes(20_000_000)},
        )

    with mock.patch.object(services, "_fitted", fitted):
        run = services.train(find_question("damage"), training_config())
    print(f"trained with {ModelRunCrop.objects.filter(model_run=run).count()} crops", file=sys.stderr)


def request_training() -> None:
    from tagging.services import find_question
    from training import services

    services.request_training(find_question("damage"), training_config(), requested_by=None)


def import_model() -> None:
    from tagging.services import find_question
    from training.registry import exchange
    from training.registry.model_package import Package

    facts = {
        "backbone": "tiny", "head": "softmax", "seed": 0, "parameters": {}, "dataset_sha256": "", "window_m": 7.0,
        "window_px": 100, "metrics": {}, "threshold": 0.5, "threshold_reason": "", "code_version": "",
        "library_versions": {}, "hardware": {},
    } | dict.fromkeys(exchange.KEPT)  # fmt: skip
    manifest = {"facts": facts, "files": {"keras": "model.keras"}}
    package = Package(sha256="5" * 64, manifest=manifest, members={"model.keras": bytes(90_000_000)})
    with (
        mock.patch.object(exchange, "read_package", return_value=package),
        mock.patch.object(exchange.ModelCardFacts, "of_json", lambda told: SimpleNamespace(**told)),
        mock.patch.multiple(
            exchange, _check_known=mock.DEFAULT, check_files=mock.DEFAULT, _check_scores=mock.DEFAULT
        ),
    ):
        exchange.import_model(WORK, find_question("damage"))


def store_prediction() -> None:
    """A score from 0.2 up in each of 100,000 windows that do not overlap."""
    from damage.ingestion.models import Scene
    from damage.work import claims
    from prediction import storing
    from prediction.layouts import WindowLayout
    from prediction.models import PredictionRun
    from prediction.plan import Plan
    from prediction.windows import Grid
    from training.models import ModelRun

    grid = Grid(40_000, 25_000, window_px=100, stride_px=100)
    values = np.random.default_rng(0).uniform(0.2, 1, grid.shape).astype(np.float32)
    if values.size != DETECTIONS:
        raise ValueError(f"{values.size} windows")
    run = PredictionRun.objects.create(
        scene=Scene.objects.get(name="large.tif"), model_run=ModelRun.objects.get(stage="promoted"),
        status="queued", threshold=0.5, parameters={"max_iou": 0.0},
    )  # fmt: skip
    claims.claim(run)
    storing.store(run, Plan(WindowLayout(grid, network_px=100), "openvino", "f32"), values, seconds=0.0)
    print(f"stored {run.detections.count()} detections", file=sys.stderr)


def rethreshold() -> None:
    from prediction import services
    from prediction.models import PredictionRun

    services.rethreshold(PredictionRun.objects.get(), threshold=0.3)


def tag_undamaged() -> None:
    from damage.ingestion.models import Scene
    from tagging.background_negatives import tag_undamaged
    from tagging.services import find_question

    tag_undamaged(
        [Scene.objects.get(name="small.tif")], find_question("damage"), count=SQUARES, size_m=100 * 0.07
    )


def cut_crops() -> None:
    """Squares that were tagged before anything is measured."""
    from damage.ingestion.models import Scene
    from tagging.cutting import cut_pending_crops
    from tagging.models import Crop

    cut_pending_crops(Crop.objects.filter(scene=Scene.objects.get(name="small.tif")))


def pend_crops() -> None:
    """Make some crops of the drawn mosaic as new as if they had just been tagged."""
    from tagging.models import Crop

    some = Crop.objects.filter(scene__name="small.tif").values("pk")[:PENDING]
    Crop.objects.filter(pk__in=list(some.values_list("pk", flat=True))).update(image="", sha256="")


SERVICES: tuple[tuple[str, Callable[[], None]], ...] = (
    (f"import_crops, {CROPS:,} lines", import_listed_crops),
    ("training, rows, scores and files", train),
    ("request_training", request_training),
    ("import_model, 90 MB", import_model),
    (f"prediction, {DETECTIONS:,} detections", store_prediction),
    ("rethreshold, as many", rethreshold),
    (f"tag_undamaged, {SQUARES:,} squares, cut", tag_undamaged),
    (f"cutting of {PENDING} pending crops", cut_crops),
)


def measured() -> list[dict[str, Any]]:
    """A row for each service."""
    rows, windows = [], []
    tagging = Tagging()
    sleep(1)
    for name, service in SERVICES:
        if service is cut_crops:
            pend_crops()
        begun_at, begun = monotonic(), perf_counter()
        with measured_transactions() as transactions:
            service()
        rows.append(
            {
                "service": name,
                "s": round(perf_counter() - begun, 1),
                "transactions": len(transactions.seconds),
                "longest ms": round(transactions.longest_ms, 1),
                "most processor ms": round(transactions.most_processor_ms, 1),
            }
        )
        windows.append((begun_at, monotonic()))
        print(rows[-1], file=sys.stderr, flush=True)
    found = tagging.latencies_s()
    for row, (begun_at, ended_at) in zip(rows, windows, strict=True):
        meanwhile_ms = 1000 * found[(found[:, 0] >= begun_at) & (found[:, 0] < ended_at), 1]
        row["tags meanwhile"] = len(meanwhile_ms)
        row["tag p95 ms"] = round(float(np.percentile(meanwhile_ms, 95)), 1)
        row["slowest tag ms"] = round(float(meanwhile_ms.max()), 1)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--tag", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tag:
        tag()
        return
    machine = machine_facts()
    prepare()
    rows = measured()
    print(json.dumps({"machine": machine, "services": rows}, indent=2) if options.json else table(rows))
    if not options.json:
        print(f"\n{machine['processor']}, {machine['cores']} cores, load {machine['load_before']} before")
    sys.exit(0 if max(row["longest ms"] for row in rows) <= BUDGET_MS else 1)


if __name__ == "__main__":
    main()
