"""How well damage is told in towns never trained on: the thesis's learning curve, two towns, other sensors.

    python benchmarks/accuracy.py [--data ../shared/data] [--backbone efficientnet-lite2-turned]
                                  [--head logistic-regression] [--draws 10] [--json]

Every figure is of a town of which no crop was trained on, stopped on or tuned on in that run. Features are kept
below `build/`, so that a second call takes seconds.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
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
COUNTS = (20, 50, 100, 150, 200)
THESIS = {20: 0.73, 50: 0.78, 100: 0.84, 150: 0.86, 200: 0.86}
GOALS = {20: 0.90, 50: 0.93, 100: 0.94, 200: 0.95, "two": 0.96, "auc": 0.90}


@dataclass(frozen=True)
class Crops:
    """Every crop's features (N, F), town, label and whether it is damaged."""

    features: np.ndarray
    towns: np.ndarray
    labels: np.ndarray

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
    """Compute or take up the features of all crops."""
    from damage.progress import progress_bar
    from training.features import CropImage, crop_features

    rows = list(csv.DictReader((data / "crops.csv").open()))
    images = [_image(data / row["file"]) for row in rows]
    with progress_bar(backbone.name, "crop") as progress:
        features = crop_features([CropImage(*image) for image in images], backbone, CACHE, progress=progress)
    return Crops(features, *(np.array([row[name] for row in rows]) for name in ("town", "label")))


def _image(path: Path) -> tuple[str, Callable[[], bytes]]:
    from hashlib import sha256

    content = path.read_bytes()
    return sha256(content).hexdigest(), lambda: content


def measured(crops: Crops, head: str, train: np.ndarray, town: str, seed: int) -> dict[str, float]:
    """Train on rows, test on a town: balanced accuracy at 0.5, at the adapted cut, at the best cut; AUC.

    The adapted cut sees the scores of all the town's crops, "unsure" ones too, and none of their labels. The best cut
    is what an oracle would choose: no result, but the room that is left.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    from training.adapting import adapted_cut

    weights, bias = _head(crops, head, train, seed)
    logits = crops.features[crops.towns == town] @ weights + bias
    cut = adapted_cut(logits)
    test = crops.sure(town)
    scores, truth = crops.features[test] @ weights + bias, crops.is_damaged[test]
    false_rates, true_rates, _cuts = roc_curve(truth, scores)
    return {
        "at 0.5": _balanced(truth, scores >= 0),
        "adapted": _balanced(truth, scores >= cut),
        "best cut": float(((true_rates + 1 - false_rates) / 2).max()),
        "AUC": float(roc_auc_score(truth, scores)),
    }


def _head(crops: Crops, head: str, train: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    from training.head import (
        HeadParameters,
        Labelled,
        LogisticParameters,
        linear_weights,
        logistic_head,
        trained_head,
    )

    rows = Labelled(crops.features[train], crops.is_damaged[train])
    if head == "softmax":  # without a validation town: as many steps as a whole town usually takes
        steady = replace(HeadParameters(), max_epochs=25, patience=25)
        return linear_weights(trained_head(rows, rows, steady, seed=seed)[0])
    return linear_weights(logistic_head(rows, LogisticParameters()))


def _balanced(truth: np.ndarray, called: np.ndarray) -> float:
    return float((called[truth].mean() + 1 - called[~truth].mean()) / 2)


def learning_curve(crops: Crops, head: str, draws: int) -> list[dict[str, Any]]:
    """A row for each count: means over both ways round and all draws, and the spread of the adapted figure."""
    rows = []
    for count in COUNTS:
        figures = [
            measured(crops, head, crops.drawn(first, count, seed), second, seed)
            for first, second in ONE_TOWN
            for seed in range(draws)
        ]
        adapted = [each["adapted"] for each in figures]
        rows.append(
            {"crops": count, "thesis": THESIS[count], "goal": GOALS.get(count, "–")}
            | _means(figures)
            | {"spread": round(float(np.std(adapted)), 3), "runs": len(figures)}
        )
    return rows


def whole_towns(crops: Crops, head: str, ways: Sequence[tuple[Sequence[str], str]]) -> list[dict[str, Any]]:
    """A row for each way round, with every crop of the training towns."""
    return [
        {"train": " + ".join(first), "test": second}
        | _means([measured(crops, head, crops.sure(*first), second, seed=0)])
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
    parser.add_argument("--head", choices=("logistic-regression", "softmax"), default="logistic-regression")
    parser.add_argument("--draws", type=int, default=10, help="seeds 0 to DRAWS - 1; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.tables import table
    from training.backbones.registry import find_backbone

    crops = read_crops(options.data, find_backbone(options.backbone))
    result = {
        "one town": learning_curve(crops, options.head, options.draws),
        "two towns, all crops": whole_towns(crops, options.head, TWO_TOWNS),
        "other sensors": whole_towns(crops, options.head, OTHER_SENSORS),
    }
    if options.json:
        print(json.dumps({"backbone": options.backbone, "head": options.head, **result}, indent=2))
        return
    for title, rows in result.items():
        print(f"\n{title}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
