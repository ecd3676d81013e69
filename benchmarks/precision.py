"""What bfloat16 and int8 cost in accuracy and gain in speed, on real imagery.

    python benchmarks/precision.py [--data ../shared/data] [--json]

Trains the default recipe every way round on three towns, as `real.py` does, and scores each test town in every
precision.
int8 is made by NNCF's post-training quantisation, on padded crops of the validation town; it is not part of the
installation: `uv pip install nncf` into an environment of your own, or that column is left out.
"""

import argparse
import json
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.real import EVENT, TOWNS, trained  # noqa: E402
from benchmarks.tables import table  # noqa: E402
from benchmarks.workplace import start_django  # noqa: E402

FOLDER = ROOT / "build" / "benchmark-precision"
CALIBRATED_ON = 200
TILE_PX, TILES = 640, 200


def measure(data: Path) -> list[dict[str, Any]]:
    """A row for each way round: AUC by precision, and how far single scores move from those in f32."""
    from tagging.importing import import_crops

    import_crops(data / "crops.csv", event=EVENT)
    rows = []
    for towns in permutations(TOWNS):
        run = trained(towns, backbone="efficientnet-lite0", seed=1, contrast=None)
        rows.append({"ways": " > ".join(towns), **_accuracy(run)})
    return [*rows, {"ways": "Mpx/s of tiles", **_speeds(run)}]


def _networks(run: Any) -> dict[str, Any]:
    """The run's dense network in each precision that this machine and this environment have."""
    from training.inference import model_content
    from training.networks.engines import OpenVinoDenseNetwork, has_bf16, unpacked

    parts = unpacked(model_content(run, "openvino"))
    networks = {"f32": OpenVinoDenseNetwork(*parts)}
    if has_bf16():
        networks["bf16"] = OpenVinoDenseNetwork(*parts, precision="bf16")
    if find_spec("nncf"):
        networks["int8"] = OpenVinoDenseNetwork(*_quantised(*parts, _crops(run, "validation")[0]))
    return networks


def _accuracy(run: Any) -> dict[str, Any]:
    from training.networks.engines import DenseEngine

    squares, is_positive = _crops(run, "test")
    scores = {name: DenseEngine(network, 224).scores(squares) for name, network in _networks(run).items()}
    auc = {f"AUC {name}": round(float(roc_auc_score(is_positive, each)), 4) for name, each in scores.items()}
    moved = {
        f"most {name} moves a score": round(float(np.abs(each - scores["f32"]).max()), 3)
        for name, each in scores.items()
        if name != "f32"
    }
    return auc | moved


def _speeds(run: Any) -> dict[str, Any]:
    """Millions of network pixels a second: tiles from memory, one to a request, as predictions ask."""
    from training.networks.engines import async_queue

    tile = np.random.default_rng(0).integers(0, 256, (1, 3, TILE_PX, TILE_PX), dtype=np.uint8)
    speeds = {}
    for name, network in _networks(run).items():
        queue = async_queue(network.compiled_for_planes(TILE_PX), lambda answer, place: None)
        for count in (4, TILES):  # the first few to warm up
            begun = perf_counter()
            for _ in range(count):
                queue.start_async({0: tile}, None)
            queue.wait_all()
        speeds[f"AUC {name}"] = round(TILES * TILE_PX**2 / 1e6 / (perf_counter() - begun), 1)
    return speeds


def _crops(run: Any, part: str) -> tuple[np.ndarray, np.ndarray]:
    from training.data.crop_files import CropImage, read_pixels
    from training.networks.resize import resized

    rows = list(run.crops_of(part))
    squares = [
        resized(read_pixels(CropImage(row.crop.sha256, row.crop.image.open("rb").read)), 224) for row in rows
    ]
    return np.stack(squares), np.array([row.is_positive for row in rows])


def _quantised(xml: bytes, weights: bytes, squares: np.ndarray) -> tuple[bytes, bytes]:
    import nncf
    import openvino

    from training.networks.dense import input_px, padded

    side = input_px(224)
    model = openvino.Core().read_model(xml, weights)
    model.reshape([1, side, side, 3])
    chosen = squares[:: max(1, len(squares) // CALIBRATED_ON)]
    padded_squares = nncf.Dataset([padded(square, 224)[None] for square in chosen])
    with redirect_stdout(sys.stderr):  # its progress bars
        quantised = nncf.quantize(
            model, padded_squares, preset=nncf.QuantizationPreset.MIXED, subset_size=len(chosen)
        )
    quantised.reshape([-1, -1, -1, 3])
    path = FOLDER / "int8.xml"
    openvino.save_model(quantised, path, compress_to_fp16=False)
    return path.read_bytes(), path.with_suffix(".bin").read_bytes()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    start_django(FOLDER, empty=True)
    rows = measure(options.data.resolve())
    blank = dict.fromkeys(rows[0], "")
    print(json.dumps(rows, indent=2) if options.json else table([blank | row for row in rows]))


if __name__ == "__main__":
    main()
