"""Whether copies and fine-tuning beat the head alone in towns never trained on, and what they cost.

    python benchmarks/fine_tuning.py [--data ../shared/data] [--backbone efficientnet-lite0] [--blocks 3]
                                     [--copies 4] [--seed 0] [--json]

Needs the developers' folder of real imagery. Settings were chosen on validation towns alone.
Copies are cut from crops' mirror images, as no scenes are ingested here. Features are kept below `build/`.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
CACHE = ROOT / "build" / "benchmark-fine-tuning"

NEAR = ("turkoglu", "gaziantep")
# Towns to train, validate and test on; the SkySat towns are of one sensor, Islahiye of another.
WAYS = (
    ("adiyaman", NEAR, ("kahramanmaras", "islahiye")),
    ("kahramanmaras", NEAR, ("adiyaman", "islahiye")),
    ("adiyaman", ("islahiye",), ("kahramanmaras",)),
    ("kahramanmaras", ("islahiye",), ("adiyaman",)),
)


@dataclass(frozen=True)
class Crops:
    """Every crop's image and features (N, F), town, and label."""

    images: Sequence[Any]
    features: np.ndarray
    towns: np.ndarray
    labels: np.ndarray

    @property
    def is_damaged(self) -> np.ndarray:
        return self.labels == "damage"

    def sure(self, *towns: str) -> np.ndarray:
        """Rows of the towns' crops with an answer."""
        return np.flatnonzero(np.isin(self.towns, towns) & (self.labels != "unsure"))


class Trial:
    """One way round: the crops of its towns, and copies of those to train on."""

    def __init__(self, data: Path, backbone: Any, seed: int, copies: int) -> None:
        from training.networks.augmentation import Augmentation

        self.backbone, self.seed = backbone, seed
        self.crops = read_crops(data, backbone)
        self.augmentation = Augmentation("sampled", copies, seed)

    def copies(self, rows: np.ndarray, number: int) -> list[Any]:
        from hashlib import sha256

        from training.data.crop_files import CropCopy

        recipe = self.augmentation.recipe_id
        return [
            CropCopy(
                sha256(f"{self.crops.images[row].sha256} {recipe} {number}".encode()).hexdigest(),
                partial(self._copy, self.crops.images[row], number),
            )
            for row in rows
        ]

    def _copy(self, image: Any, number: int) -> np.ndarray:
        from training.data.crop_files import read_pixels
        from training.networks.augmentation import margin_px, mirrored_around, squared

        pixels = squared(read_pixels(image))
        return self.augmentation.copy(
            mirrored_around(pixels), margin_px(len(pixels)), crop_sha256=image.sha256, number=number
        )

    def labelled(self, rows: np.ndarray, copies: int = 1) -> Any:
        """Features and answers of crops, each with so many images."""
        from training.data.features import crop_features
        from training.networks.heads.labelled import Labelled

        features = [self.crops.features[rows]]
        features += [
            crop_features(self.copies(rows, number), self.backbone, CACHE) for number in range(1, copies)
        ]
        together = np.stack(features, axis=1).reshape(-1, self.backbone.feature_count)
        return Labelled(together, np.repeat(self.crops.is_damaged[rows], copies), copies)


def read_crops(data: Path, backbone: Any) -> Crops:
    """All listed crops, in the list's order; their features are computed or taken up."""
    import csv
    from hashlib import sha256

    from damage.work.progress import progress_bar
    from training.data.crop_files import CropImage
    from training.data.features import crop_features

    with (data / "crops.csv").open() as file:
        rows = list(csv.DictReader(file))
    contents = [(data / row["file"]).read_bytes() for row in rows]
    images = [CropImage(sha256(content).hexdigest(), partial(bytes, content)) for content in contents]
    with progress_bar(backbone.name, "crop") as progress:
        features = crop_features(images, backbone, CACHE, progress=progress)
    towns, labels = (np.array([row[name] for row in rows]) for name in ("town", "label"))
    return Crops(images, features, towns, labels)


def measured(
    trial: Trial, way: tuple[str, tuple[str, ...], tuple[str, ...]], blocks: int
) -> list[dict[str, Any]]:
    """Rows for the head alone, the head on copies, and the network fine-tuned on copies."""
    from training.networks.fine_tuning import finetuned
    from training.networks.heads.linear import logistic_head
    from training.networks.heads.parameters import LogisticParameters, TuningParameters

    train, validation, tests = way
    rows = {"train": trial.crops.sure(train), "validation": trial.crops.sure(*validation)}
    rows |= {town: trial.crops.sure(town) for town in tests}

    def result(
        name: str, scores: Callable[[str], np.ndarray], begun: float, epoch: Any = ""
    ) -> dict[str, Any]:
        seconds = round(perf_counter() - begun, 1)
        figures = {
            part: figures_of(trial.crops.is_damaged[rows[part]], scores(part))
            for part in rows
            if part != "train"
        }
        return (
            {"train": train, "validation": "+".join(validation), "model": name, "best epoch": epoch}
            | {
                f"{part} {figure}": value
                for part, found in figures.items()
                for figure, value in found.items()
            }
            | {"seconds": seconds}
        )

    begun = perf_counter()
    head = logistic_head(trial.labelled(rows["train"]), LogisticParameters())

    def by(head: Any) -> Callable[[str], np.ndarray]:
        return lambda part: np.asarray(head(trial.crops.features[rows[part]]))[:, 1]

    found = [result("head alone", by(head), begun)]
    begun = perf_counter()
    head = logistic_head(trial.labelled(rows["train"], trial.augmentation.copies), LogisticParameters())
    found.append(result(f"head, {trial.augmentation.copies} images a crop", by(head), begun))
    begun = perf_counter()
    parts = {part: _pictures(trial, rows[part], is_redrawn=part == "train") for part in rows}
    tuned = finetuned(
        parts, trial.backbone, head, TuningParameters(blocks), seed=trial.seed, scratch_dir=CACHE
    )
    found.append(result(f"and {blocks} blocks", tuned.scores.__getitem__, begun, tuned.course.best_epoch))
    return found


def _pictures(trial: Trial, rows: np.ndarray, *, is_redrawn: bool) -> Any:
    from training.data.crop_files import read_pixels
    from training.networks.fine_tuning import Pictures

    def readers(images: list[Any]) -> list[Callable[[], np.ndarray]]:
        return [lambda image=image: trial.backbone.prepared(read_pixels(image)) for image in images]

    return Pictures(
        readers([trial.crops.images[row] for row in rows]),
        trial.crops.is_damaged[rows],
        (lambda epoch: readers(trial.copies(rows, epoch))) if is_redrawn else None,
    )


def figures_of(truth: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """AUC, balanced accuracy at the cut adapted to the town's own scores, and class-balanced cross-entropy."""
    from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

    from training.data.adaptation import adapted_cut, logit

    logits = logit(scores)
    weights = np.where(truth, 0.5 / truth.mean(), 0.5 / (1 - truth.mean()))
    found = {
        "AUC": roc_auc_score(truth, scores),
        "adapted": balanced_accuracy_score(truth, logits >= adapted_cut(logits)),
        "loss": log_loss(truth, np.clip(scores.astype(float), 1e-7, 1 - 1e-7), sample_weight=weights),
    }
    return {name: round(float(value), 3) for name, value in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument(
        "--copies", type=int, default=4, help="images of each crop for the head; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.tables import table
    from training.networks.backbones.registry import find_backbone

    trial = Trial(options.data, find_backbone(options.backbone), options.seed, options.copies)
    found = []
    for way in WAYS:
        found.append(measured(trial, way, options.blocks))
        if not options.json:
            print(f"\n{table(found[-1])}", flush=True)
    if options.json:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
