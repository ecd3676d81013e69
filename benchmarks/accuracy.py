"""How well damage is told in towns never trained on: the thesis's learning curve, two towns, other sensors.

    python benchmarks/accuracy.py [--data ../shared/data] [--backbone efficientnet-lite2-turned] [--draws 10] [--json]

Every figure is of a town of which no crop was trained on, stopped on or tuned on in that run. The head is the logistic
regression. "spared" learns beside the tagged crops from random squares of two hardly damaged towns (as `tag_undamaged`
places them); "adapted" also goes on learning from the test town's crops without their labels (as `train --adapt-to`).
Features are kept below `build/`, so that a second call takes minutes less.
"""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
CACHE = ROOT / "build" / "benchmark-accuracy"

SKYSAT = ("adiyaman", "kahramanmaras", "turkoglu", "gaziantep")
ONE_TOWN = (("adiyaman", "kahramanmaras"), ("kahramanmaras", "adiyaman"))
TWO_TOWNS = ((("adiyaman", "turkoglu"), "kahramanmaras"), (("kahramanmaras", "turkoglu"), "adiyaman"))
OTHER_SENSORS = ((SKYSAT, "islahiye"), (("islahiye",), "adiyaman"), (("islahiye",), "kahramanmaras"))
# Mosaics of towns that were hardly hit: squares of these, away from what is labelled damaged or unsure, count as "no".
SPARED = ("gaziantep_2_post.tif", "turkoglu_1_post.tif")
SPARED_SQUARES, SPARED_PX, KEEP_OFF_PX = 200, 80, 60
COUNTS = (20, 50, 100, 150, 200)
THESIS = {20: 0.73, 50: 0.78, 100: 0.84, 150: 0.86, 200: 0.86}
GOALS = {20: 0.90, 50: 0.93, 100: 0.94, 200: 0.95, "two": 0.96, "auc": 0.90}


@dataclass(frozen=True)
class Crops:
    """Every crop's features (N, F), town, label and whether it is damaged; and features of squares of spared towns."""

    features: np.ndarray
    towns: np.ndarray
    labels: np.ndarray
    spared: np.ndarray

    @property
    def is_damaged(self) -> np.ndarray:
        return self.labels == "damage"

    def sure(self, *towns: str) -> np.ndarray:
        """Rows of the towns' crops with an answer."""
        return np.flatnonzero(np.isin(self.towns, towns) & (self.labels != "unsure"))

    def drawn(self, town: str, count: int, seed: int) -> np.ndarray:
        """`count` rows, half of either answer; where damage is too rare for half, all of it and more undamaged."""
        random = np.random.default_rng(seed)
        rows = random.permutation(self.sure(town))
        damaged = rows[self.is_damaged[rows]][: count // 2]
        return np.concatenate([damaged, rows[~self.is_damaged[rows]][: count - len(damaged)]])


def read_crops(data: Path, backbone: Any) -> Crops:
    """Compute or take up the features of all crops and spared squares."""
    from damage.work.progress import progress_bar
    from training.data.crop_files import CropImage
    from training.data.features import crop_features

    rows = list(csv.DictReader((data / "crops.csv").open()))
    files = [(data / row["file"]).read_bytes() for row in rows]
    squares = [square for name in SPARED for square in _spared_squares(data, name, rows)]
    images = [CropImage(sha256(content).hexdigest(), partial(bytes, content)) for content in files + squares]
    with progress_bar(backbone.name, "crop") as progress:
        features = crop_features(images, backbone, CACHE, progress=progress)
    towns, labels = (np.array([row[name] for row in rows]) for name in ("town", "label"))
    return Crops(features[: len(rows)], towns, labels, features[len(rows) :])


def _spared_squares(data: Path, name: str, rows: Sequence[dict[str, str]]) -> list[bytes]:
    """Random squares of a mosaic as PNG, by `tag_undamaged`'s rule, away from what is labelled damaged or unsure."""
    import rasterio

    from tagging.crops import encoded_png
    from tagging.squares import Square, drawn_squares

    with rasterio.open(data / "mosaics" / name) as mosaic:
        pixels = mosaic.read((1, 2, 3)).transpose(1, 2, 0)
    drawn = drawn_squares(
        pixels.shape[1],
        pixels.shape[0],
        SPARED_PX,
        count=SPARED_SQUARES,
        seed=name,
        doubtful=[
            Square(int(row["x"]), int(row["y"]), int(row["size_px"]))
            for row in rows
            if row["scene"] == name and row["label"] != "no_damage"
        ],
        buffer_px=KEEP_OFF_PX,
    )
    return [
        encoded_png(np.ascontiguousarray(pixels[y : y + SPARED_PX, x : x + SPARED_PX]))
        for x, y in ((square.x_px, square.y_px) for square in drawn.squares)
    ]


def measured(crops: Crops, train: np.ndarray, town: str, *, with_spared: bool = True) -> dict[str, float]:
    """Train on rows, test on a town: balanced accuracy of each way, and AUC.

    Every cut but "at 0.5" lies halfway between the two groups of the scores of all the town's crops, "unsure" ones
    too, and no label is looked at. The best cut is what an oracle would choose: no result, but the room that is left.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    from damage.errors import Refused
    from training.data.adaptation import adapted_cut
    from training.networks.heads.labelled import Labelled
    from training.networks.heads.linear import logistic_head
    from training.networks.heads.parameters import LogisticParameters
    from training.networks.heads.self_training import self_trained

    there, test = np.flatnonzero(crops.towns == town), crops.sure(town)
    truth = crops.is_damaged[test]

    def logits(head: Any, rows: np.ndarray) -> np.ndarray:
        weights, bias = head.folded()
        return crops.features[rows] @ weights + bias

    def at_adapted_cut(head: Any) -> float:
        return _balanced(truth, logits(head, test) >= adapted_cut(logits(head, there)))

    tagged = Labelled(crops.features[train], crops.is_damaged[train])
    plain = logistic_head(tagged, LogisticParameters())
    learnt, spared = tagged, plain
    if with_spared:
        learnt = Labelled(
            np.concatenate([tagged.features, crops.spared]),
            np.concatenate([tagged.is_positive, np.zeros(len(crops.spared), bool)]),
        )
        spared = logistic_head(learnt, LogisticParameters())
    parts = True
    try:
        head = self_trained(learnt, crops.features[there], LogisticParameters()).head
    except Refused:  # the town's scores do not part: a person would train without adapting
        head, parts = spared, False
    scores = logits(head, test)
    false_rates, true_rates, _cuts = roc_curve(truth, scores)
    return {
        "tagged, at 0.5": _balanced(truth, logits(plain, test) >= 0),
        "tagged": at_adapted_cut(plain),
        "and spared": at_adapted_cut(spared),
        "and adapted": at_adapted_cut(head),
        "best cut": float(((true_rates + 1 - false_rates) / 2).max()),
        "AUC, tagged": float(roc_auc_score(truth, logits(plain, test))),
        "AUC": float(roc_auc_score(truth, scores)),
        "adapts": float(parts),
    }


def _balanced(truth: np.ndarray, called: np.ndarray) -> float:
    return float((called[truth].mean() + 1 - called[~truth].mean()) / 2)


def learning_curve(crops: Crops, draws: int) -> list[dict[str, Any]]:
    """A row for each count: means over both ways round and all draws, and the spread of the adapted figure."""
    rows = []
    for count in COUNTS:
        figures = [
            measured(crops, crops.drawn(first, count, seed), second)
            for first, second in ONE_TOWN
            for seed in range(draws)
        ]
        adapted = [each["and adapted"] for each in figures]
        rows.append(
            {"crops": count, "thesis": THESIS[count], "goal": GOALS.get(count, "–")}
            | _means(figures)
            | {"spread": round(float(np.std(adapted)), 3), "runs": len(figures)}
        )
    return rows


def whole_towns(crops: Crops, ways: Sequence[tuple[Sequence[str], str]]) -> list[dict[str, Any]]:
    """A row for each way round, with every crop of the training towns; spared squares only beside their own sensor."""
    return [
        {"train": " + ".join(first), "test": second}
        | _means([measured(crops, crops.sure(*first), second, with_spared=first[0] in SKYSAT)])
        for first, second in ways
    ]


def _means(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([each[name] for each in figures])), 3) for name in figures[0]}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--backbone", default="efficientnet-lite2-turned")
    parser.add_argument("--draws", type=int, default=10, help="seeds 0 to DRAWS - 1; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.tables import table
    from training.networks.backbones.registry import find_backbone

    crops = read_crops(options.data, find_backbone(options.backbone))
    result = {
        "one town": learning_curve(crops, options.draws),
        "two towns, all crops": whole_towns(crops, TWO_TOWNS),
        "other sensors": whole_towns(crops, OTHER_SENSORS),
    }
    if options.json:
        print(json.dumps({"backbone": options.backbone, **result}, indent=2))
        return
    for title, rows in result.items():
        print(f"\n{title}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
