"""The main job on real imagery: import crops, train on one town, test on another, predict before and after.

    python benchmarks/real.py [--data ../shared/data] [--backbone efficientnet-lite0] [--seed 1]
                              [--contrast 4] [--json]

Works in a data folder of its own below `build/`, made anew each time; nothing else is touched.
"""

import argparse
import json
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "benchmark-real"
EVENT = "Kahramanmaraş 2023"
TOWNS = ("adiyaman", "islahiye", "kahramanmaras")
MAPPED = ("adiyaman", "islahiye", "kahramanmaras")  # the way round whose model draws the map


def measure(data: Path, *, backbone: str, seed: int, contrast: float | None) -> dict[str, Any]:
    """Train every way round, then draw the map with one of the models."""
    from benchmarks.damage_map import kahramanmaras_map
    from tagging.importing import import_crops

    import_crops(data / "crops.csv", event=EVENT)
    runs = {
        towns: trained(towns, backbone=backbone, seed=seed, contrast=contrast)
        for towns in permutations(TOWNS)
    }
    return {
        "backbone": backbone,
        "seed": seed,
        "trainings": [figures(towns, run) for towns, run in runs.items()],
        "map": {
            f"max_iou {max_iou}": kahramanmaras_map(runs[MAPPED], data, event=EVENT, max_iou=max_iou)
            for max_iou in (0.0, 0.2)
        },
    }


def trained(towns: tuple[str, ...], *, backbone: str, seed: int, contrast: float | None) -> Any:
    """A model run in the thesis's way: trained on the first town, validated on the second, tested on the third."""
    from damage.work.progress import progress_bar
    from tagging.services import find_question
    from training.config import TrainingConfig
    from training.services import train

    first, second, third = ([town] for town in towns)
    training_config = TrainingConfig(
        backbone=backbone,
        train_towns=first,
        validation_towns=second,
        test_towns=third,
        seed=seed,
        contrast=contrast,
        head="softmax",
        max_fpr=0.0,
    )
    with progress_bar(" > ".join(towns), "crop") as progress:
        return train(find_question("damage"), training_config, progress=progress)


def figures(towns: tuple[str, ...], run: Any) -> dict[str, Any]:
    """What is reported of a training."""
    test = run.metrics["test"]
    names = ("auc", "balanced_accuracy", "precision", "recall")
    seconds = (run.finished_at - run.started_at).total_seconds()
    return {
        "train": towns[0],
        "validation": towns[1],
        "test": towns[2],
        "threshold": round(run.threshold, 3),
        **{name: round(test[name], 3) for name in names},
        "seconds": round(seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--contrast", type=float, help="of the input; default: the backbone's own")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    sys.path[:0] = [str(ROOT)]
    from benchmarks.workplace import start_django

    start_django(FOLDER, empty=True)
    result = measure(
        options.data.resolve(), backbone=options.backbone, seed=options.seed, contrast=options.contrast
    )
    if options.json:
        print(json.dumps(result, indent=2))
        return
    from benchmarks.tables import table

    print(table(result["trainings"]))
    print(json.dumps(result["map"], indent=2))


if __name__ == "__main__":
    main()
