"""A town's own sample: how near a threshold set by 20, 50 or 100 answers comes to the best one.

    python benchmarks/town_sample.py [--data ../shared/data] [--backbone efficientnet-lite0] [--draws 50] [--json]

Each town in turn is left out: a logistic regression learns from the other towns' crops and scores the town's. So many
answers are revealed, of places that the product's own sampler draws, and its own recalibration cuts for balanced
accuracy. Features are kept below `build/`, so that a second call takes minutes less.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
CACHE = ROOT / "build" / "benchmark-accuracy"

COUNTS = (20, 50, 100)
# Of these the first round has so many, the second the rest.
FIRST_ROUND = {20: 10, 50: 20, 100: 40}
# A town of which fewer crops of either answer are left cannot be measured on them.
LEAST_LEFT = 10
GOAL = 0.01
# Towns drawn from the scores of real ones, in which damage is rare: windows, and the share of them that show damage.
DRAWN_WINDOWS, DRAWN_SHARES = 6000, (0.2, 0.02)
JITTER = 0.3  # logits, so that no two windows of a drawn town are the same

Town = tuple[np.ndarray, np.ndarray]  # logits (N,) and whether each is damaged (N,)


def left_out_towns(data: Path, backbone: Any) -> dict[str, Town]:
    """Each town's logits, by a head that learnt from the others, and answers; crops with an answer alone."""
    from damage.work.progress import progress_bar
    from training.data.features import CropImage, crop_features
    from training.networks.heads.labelled import Labelled
    from training.networks.heads.linear import logistic_head
    from training.networks.heads.parameters import LogisticParameters

    rows = [row for row in csv.DictReader((data / "crops.csv").open()) if row["label"] != "unsure"]
    files = [(data / row["file"]).read_bytes() for row in rows]
    images = [CropImage(sha256(content).hexdigest(), partial(bytes, content)) for content in files]
    with progress_bar(backbone.name, "crop") as progress:
        features = crop_features(images, backbone, CACHE, progress=progress)
    towns = np.array([row["town"] for row in rows])
    is_damaged = np.array([row["label"] == "damage" for row in rows])
    found = {}
    for town in sorted(set(towns)):
        there = towns == town
        head = logistic_head(Labelled(features[~there], is_damaged[~there]), LogisticParameters())
        found[town] = (head.logits(features[there]), is_damaged[there])
    return found


def reviewed(logits: np.ndarray, is_damaged: np.ndarray, count: int, seed: int, *, rounds: int) -> np.ndarray:
    """Rows of the places that the product would have people look at, in one round or two."""
    from prediction.town_sample.design import drawn_sample, near_edges, wide_edges
    from prediction.town_sample.recalibration import Goal, has_enough, nearest_cut, recalibrated

    edges = wide_edges(logits)
    if rounds == 1:
        return drawn_sample(logits, edges, count=count, seed=seed).rows
    rows = drawn_sample(logits, edges, count=FIRST_ROUND[count], seed=seed).rows
    if has_enough(is_damaged[rows]):
        fitted = recalibrated(logits[rows], is_damaged[rows])
        edges = near_edges(fitted, nearest_cut(fitted, logits, Goal("balanced")))
    return drawn_sample(logits, edges, count=count - len(rows), seed=seed, taken=rows.tolist()).rows


def by_chance(logits: np.ndarray, is_damaged: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Rows drawn without looking at scores."""
    return np.random.default_rng(seed).choice(len(logits), count, replace=False)


def recalibrated_cut(logits: np.ndarray, is_damaged: np.ndarray, rows: np.ndarray) -> float:
    """Where the product cuts after these answers."""
    from prediction.town_sample.recalibration import Goal, nearest_cut, recalibrated

    return nearest_cut(recalibrated(logits[rows], is_damaged[rows]), logits, Goal("balanced"))


def empirical_cut(logits: np.ndarray, is_damaged: np.ndarray, rows: np.ndarray) -> float:
    """The best cut of the answers themselves, as without a calibration."""
    return best_cut(logits[rows], is_damaged[rows])[0]


def best_cut(logits: np.ndarray, is_damaged: np.ndarray) -> tuple[float, float]:
    """The cut of the highest balanced accuracy, halfway to the next lower logit, and that accuracy."""
    from sklearn.metrics import roc_curve

    false_rates, true_rates, cuts = roc_curve(is_damaged, logits, drop_intermediate=False)
    accuracies = (true_rates + 1 - false_rates) / 2
    cut = cuts[accuracies.argmax()]
    lower = logits[logits < cut].max(initial=-np.inf)
    return float(cut if np.isinf(lower) else (cut + lower) / 2), float(accuracies.max())


def balanced_accuracy(is_damaged: np.ndarray, called: np.ndarray) -> float:
    return float((called[is_damaged].mean() + 1 - called[~is_damaged].mean()) / 2)


Sampler = Callable[[np.ndarray, np.ndarray, int, int], np.ndarray]
Rule = Callable[[np.ndarray, np.ndarray, np.ndarray], float]
WAYS: dict[str, tuple[Sampler, Rule]] = {
    "two rounds": (partial(reviewed, rounds=2), recalibrated_cut),
    "one round": (partial(reviewed, rounds=1), recalibrated_cut),
    "by chance": (by_chance, recalibrated_cut),
    "two rounds, answers' own best cut": (partial(reviewed, rounds=2), empirical_cut),
}


def short_of_best(town: Town, count: int, draws: int, way: tuple[Sampler, Rule]) -> dict[str, Any] | None:
    """How far the cut lies below the best one: on crops not revealed, and on all; None where too few are left.

    A draw with too few answers of either kind would be refused, and is counted.
    """
    logits, is_damaged = town
    sampler, rule = way
    unseen, everywhere, refused = [], [], 0
    for seed in range(draws):
        if len(logits) <= count:
            return None
        rows = sampler(logits, is_damaged, count, seed)
        rest = np.setdiff1d(np.arange(len(logits)), rows)
        left = is_damaged[rest]
        if not has_enough_answers(is_damaged[rows]):
            refused += 1
            continue
        if min(left.sum(), (~left).sum()) < LEAST_LEFT:
            return None
        cut = rule(logits, is_damaged, rows)
        unseen.append(best_cut(logits[rest], left)[1] - balanced_accuracy(left, logits[rest] >= cut))
        everywhere.append(best_cut(logits, is_damaged)[1] - balanced_accuracy(is_damaged, logits >= cut))
    if not unseen:
        return None
    return {"unseen": unseen, "everywhere": everywhere, "refused": refused}


def has_enough_answers(is_damaged: np.ndarray) -> bool:
    from prediction.town_sample.recalibration import has_enough

    return has_enough(is_damaged)


def tables(towns: dict[str, Town], draws: int) -> dict[str, list[dict[str, Any]]]:
    """For each count of answers a row for each way, with a column for each town."""
    found = {}
    for count in COUNTS:
        rows = []
        for name, way in WAYS.items():
            figures = {town: short_of_best(crops, count, draws, way) for town, crops in towns.items()}
            means = [np.mean(each["unseen"]) for each in figures.values() if each]
            overall = [np.mean(each["everywhere"]) for each in figures.values() if each]
            rows.append(
                {"way": name}
                | {town: _words(each) for town, each in figures.items()}
                | {"mean": _rounded(means), "mean over all crops": _rounded(overall)}
            )
        found[f"{count} answers"] = rows
    return found


def _words(figures: dict[str, Any] | None) -> str:
    if not figures:
        return "–"
    unseen = figures["unseen"]
    refused = f", {figures['refused']} refused" if figures["refused"] else ""
    return f"{np.mean(unseen):.3f} ± {np.std(unseen):.3f}{refused}"


def _rounded(values: Sequence[Any]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def whole_towns(towns: dict[str, Town]) -> list[dict[str, Any]]:
    """What each town's scores allow, and how far all its answers, recalibrated, stay below: no sample does better."""
    rows = []
    for town, (logits, is_damaged) in towns.items():
        best = best_cut(logits, is_damaged)[1]
        rule = None
        if has_enough_answers(is_damaged):
            cut = recalibrated_cut(logits, is_damaged, np.arange(len(logits)))
            rule = round(best - balanced_accuracy(is_damaged, logits >= cut), 3)
        rows.append(
            {
                "town": town,
                "damaged": int(is_damaged.sum()),
                "not": int((~is_damaged).sum()),
                "at 0.5": round(balanced_accuracy(is_damaged, logits >= 0), 3),
                "best cut": round(best, 3),
                "all answers, recalibrated, short of it": "–" if rule is None else rule,
            }
        )
    return rows


def rare_damage(towns: dict[str, Town], draws: int) -> list[dict[str, Any]]:
    """In drawn towns of many windows: are precision and recall as wanted, and do their intervals hold the truth?"""
    from prediction.town_sample.recalibration import Goal, operating_point, recalibrated

    rows = []
    for share in DRAWN_SHARES:
        for town, crops in towns.items():
            if not has_enough_answers(crops[1]):
                continue
            held: dict[str, list[bool]] = {"precision": [], "recall": []}
            reached: dict[str, list[float]] = {"precision": [], "recall": []}
            refused = 0
            for seed in range(draws):
                logits, is_damaged = _drawn_town(crops, share, seed)
                sampled = reviewed(logits, is_damaged, 50, seed, rounds=2)
                if not has_enough_answers(is_damaged[sampled]):
                    refused += 1
                    continue
                fitted = recalibrated(logits[sampled], is_damaged[sampled])
                point = operating_point(fitted, logits, Goal("recall", 0.8))
                cut = np.log(point.threshold.value / (1 - point.threshold.value))
                called = logits >= cut
                truth = {"precision": is_damaged[called].mean(), "recall": called[is_damaged].mean()}
                for name in held:
                    estimate = getattr(point, name)
                    held[name].append(estimate.low <= truth[name] <= estimate.high)
                    reached[name].append(float(truth[name] - estimate.value))
            rows.append(
                {"town drawn from": town, "damaged": share, "refused": refused}
                | {
                    f"{name}, true less expected": f"{np.mean(reached[name]):+.3f} ± {np.std(reached[name]):.3f}"
                    for name in held
                    if reached[name]
                }
                | {
                    f"{name} interval holds": round(float(np.mean(held[name])), 2)
                    for name in held
                    if held[name]
                }
            )
    return rows


def _drawn_town(crops: Town, share: float, seed: int) -> Town:
    """Windows whose scores are those of a town's crops, of which so large a share shows damage."""
    random = np.random.default_rng(seed)
    logits, is_damaged = crops
    damaged = round(DRAWN_WINDOWS * share)
    drawn = np.concatenate(
        [
            random.choice(logits[is_damaged], damaged),
            random.choice(logits[~is_damaged], DRAWN_WINDOWS - damaged),
        ]
    )
    return drawn + random.normal(0, JITTER, DRAWN_WINDOWS), np.arange(DRAWN_WINDOWS) < damaged


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--draws", type=int, default=50, help="seeds 0 to DRAWS - 1; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.tables import table
    from training.networks.backbones.registry import find_backbone

    towns = left_out_towns(options.data, find_backbone(options.backbone))
    result = {
        "towns": whole_towns(towns),
        **tables(towns, options.draws),
        "rare damage, 50 answers, recall 0.8 wanted": rare_damage(towns, options.draws),
    }
    if options.json:
        print(json.dumps({"backbone": options.backbone, "goal": GOAL, **result}, indent=2))
        return
    for title, rows in result.items():
        print(f"\n{title}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
