"""How far a window's score moves with the surroundings that its network is given, beside what a mosaic would say.

    python benchmarks/surroundings.py [--data ../shared/data] [--network-px 128] [--json]

A model of the default backbone learns from Adiyaman as `manage.py train` does (validated on Türkoğlu) and is asked
about Kahramanmaraş's crops that lie far from the scene's edge, with more and less of the mosaic around them. What it
says with 264 network pixels on each side stands for a mosaic, where tiles are large. Works below `build/`.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
WORKPLACE = ROOT / "build" / "benchmark-surroundings"

EVENT, SCENE = "Kahramanmaras 2023", "kahramanmaras_2_post.tif"
TRAIN, VALIDATION, TEST = "adiyaman", "turkoglu", "kahramanmaras"
MARGINS_PX, WIDE_PX = (40, 72, 104, 136, 200), 264
FAR_PX = 300


def shift(logits: np.ndarray, wide: np.ndarray, cut: float) -> dict[str, Any]:
    """How logits (N,) differ from those in wide surroundings, and how many windows change sides of a cut."""
    difference = logits - wide
    near = np.abs(wide - cut) < 1
    return {
        "mean": round(float(difference.mean()), 2),
        "deviation": round(float(difference.std()), 2),
        "mean near the threshold": round(float(difference[near].mean()), 2) if near.any() else None,
        "above": round(float((logits >= cut).mean()), 3),
        "change sides": round(float(((logits >= cut) != (wide >= cut)).mean()), 3),
    }


def measured(data: Path, network_px: int) -> dict[str, Any]:
    from benchmarks.machine import machine_facts
    from benchmarks.workplace import start_django

    facts = machine_facts()
    start_django(WORKPLACE, empty=True)
    from damage.ingestion.services import ingest_mosaic
    from tagging.importing import import_crops
    from tagging.services import find_question
    from training.config import TrainingConfig
    from training.data.adaptation import logit
    from training.inference import load_engine, windows_for
    from training.services import train

    for town in (TRAIN, VALIDATION, TEST):
        for path in sorted((data / "mosaics").glob(f"{town}_*_post.tif")):
            ingest_mosaic(path, event=EVENT, town=town, in_place=True)
    import_crops(data / "crops.csv", event=EVENT)
    config = TrainingConfig(
        train_towns=[TRAIN], validation_towns=[VALIDATION], test_towns=[TEST], network_px=network_px
    )
    run = train(find_question("damage"), config)
    crops = [row.crop for row in run.crops_of("test").select_related("crop__scene") if _is_inside(row.crop)]
    windows, network = windows_for(run, crops), load_engine(run)._network  # type: ignore[attr-defined]
    by_margin = {margin: _logits(windows, network, network_px, margin) for margin in (*MARGINS_PX, WIDE_PX)}
    cut = float(logit(np.array([run.threshold]))[0])
    rows = [
        {"surroundings, px": margin, **shift(logits, by_margin[WIDE_PX], cut)}
        for margin, logits in by_margin.items()
    ]
    return {"machine": facts, "windows": len(crops), "threshold": run.threshold, "rows": rows}


def _is_inside(crop: Any) -> bool:
    scene = crop.scene
    return (
        scene is not None
        and scene.name == SCENE
        and FAR_PX <= crop.x_px <= scene.width_px - FAR_PX - crop.size_px
        and FAR_PX <= crop.y_px <= scene.height_px - FAR_PX - crop.size_px
    )


def _logits(windows: Any, network: Any, network_px: int, margin_px: int) -> np.ndarray:
    """The mean logits (N,) of windows that stand in so many network pixels of their scene, on each side at least."""
    from contextlib import closing

    from damage.ingestion.reading import Pixels, SceneReader
    from training.networks.dense import CELL_PX, STRIDE_PX, cell_shares

    input_px = -(-(2 * margin_px + network_px) // STRIDE_PX) * STRIDE_PX
    shares = cell_shares(input_px // CELL_PX, margin_px, network_px)
    found = []
    with closing(SceneReader()) as scenes:
        for window in windows:
            factor = network_px / window.side_px
            left, top = window.x - margin_px / factor, window.y - margin_px / factor
            side = input_px / factor
            pixels = scenes.read(window.source, window.scale, Pixels.around(left, top, side))
            image = np.ascontiguousarray(pixels.scaled(left, top, side, input_px).transpose(1, 2, 0))
            found.append(float(shares @ network.logits(image[None])[0] @ shares))
    return np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--network-px", type=int, default=128)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = measured(options.data, options.network_px)
    if options.json:
        print(json.dumps(result, indent=2))
        return
    from benchmarks.tables import table

    print(f"{result['windows']} windows, threshold {result['threshold']:.3f}\n")
    print(table(result["rows"]))


if __name__ == "__main__":
    main()
