"""What thirty taggers of known, different skill come to: labels, taggers' qualities, tags needed.

    python benchmarks/crowd.py [--data ../shared/data] [--seeds 8] [--part labels|streams|speed|rows] [--json]

Thirty simulated people, some of them random, inverted, or saying "no" to all, tag real crops; of hard crops everybody
sees less. `labels` compares ways to make labels of the same number of tags, and of taggers' qualities; a share of the
tags goes on gold crops, whose truth is told, and is taken from the rest. `streams` asks about each crop until the
retirement rule is content, beside a fixed number of tags. `speed` times 100,000 tags, `rows` the same with a
database. Labels are judged on crops that
are never gold. The model beside the crowd learnt from the other towns. Its features are kept below `build/`.
"""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.crowd_methods import METHODS, Found, Tags, ours  # noqa: E402
from benchmarks.crowd_simulation import (  # noqa: E402
    NO,
    YES,
    Crowd,
    Ground,
    answered,
    drawn_crowd,
    drawn_ground,
    drawn_tags,
    true_skill,
)
from benchmarks.crowd_stream import Stream, Streamed  # noqa: E402
from benchmarks.machine import machine_facts  # noqa: E402
from benchmarks.tables import table  # noqa: E402
from benchmarks.workplace import measured_in_child  # noqa: E402
from tagging.quality.consensus import CrowdPrior  # noqa: E402
from tagging.quality.retirement import DEFAULT_RULE, State  # noqa: E402

GOLD_OF_EITHER = 20
GOLD_SHARES = (0.0, 0.05, 0.1)
GROUNDS = ((0.1, True), (0.1, False), (0.2, True))
TAGS_PER_CROP = (3, 5, 7)
FIXED = (1, 3, 5, 7, 9, 12)
GRANTED = {"nothing granted": 1e-6, "1 typical answer": 1, "8 typical answers": 8}


@dataclass(frozen=True)
class Case:
    """What is drawn with one seed; gold crops are half damaged and half not."""

    crowd: Crowd
    ground: Ground
    gold: np.ndarray
    seed: int

    @property
    def judged(self) -> np.ndarray:
        return np.setdiff1d(np.arange(len(self.ground.truth)), self.gold)

    def tags(self, per_crop: float, gold_share: float) -> Tags:
        rng = np.random.default_rng([self.seed, 1])
        tagger, crop = drawn_tags(
            rng, self.crowd, self.ground, per_crop=per_crop, gold=self.gold, gold_share=gold_share
        )
        answer = answered(rng, self.crowd, self.ground, tagger, crop)
        return Tags(tagger, crop, answer, self.gold if gold_share else self.gold[:0], len(self.crowd.kinds))


def drawn_case(
    seed: int, truth: np.ndarray, logits: np.ndarray, prevalence: float, *, with_hard: bool
) -> Case:
    rng = np.random.default_rng(seed)
    model = 1 / (1 + np.exp(-logits - np.log(prevalence / (1 - prevalence))))
    ground = drawn_ground(rng, truth, model, prevalence=prevalence, with_hard=with_hard)
    gold = [rng.permutation(np.flatnonzero(ground.truth == one))[:GOLD_OF_EITHER] for one in (NO, YES)]
    return Case(drawn_crowd(rng), ground, np.concatenate(gold), seed)


def judged(case: Case, found: Found) -> dict[str, float]:
    """How right labels and qualities are; `sure_wrong` is the share of wrong labels among those above 95 %."""
    truth, label = case.ground.truth[case.judged], found.label[case.judged]
    accuracy, balanced = true_skill(case.crowd, case.ground)
    scores = {
        "accuracy": float((label == truth).mean()),
        "balanced": balanced_accuracy(truth, label),
        "tagger_error": float(np.nanmean(np.abs(found.accuracy - accuracy))),
        "tagger_balanced_error": float(np.nanmean(np.abs(found.balanced - balanced))),
    }
    if found.chance is not None:
        chance = found.chance[case.judged]
        is_sure = np.maximum(chance, 1 - chance) > DEFAULT_RULE.certain
        scores["sure_wrong"] = float((label != truth)[is_sure].mean())
    return scores


def balanced_accuracy(truth: np.ndarray, label: np.ndarray) -> float:
    return float(np.mean([(label[truth == one] == one).mean() for one in (NO, YES)]))


def labels(truth: np.ndarray, logits: np.ndarray, seeds: int) -> Iterator[dict[str, Any]]:
    """Each method on the same tags, over several seeds."""
    for prevalence, with_hard, per_crop, gold_share in settings():
        cases = [drawn_case(seed, truth, logits, prevalence, with_hard=with_hard) for seed in range(seeds)]
        drawn = [(case, case.tags(per_crop, gold_share)) for case in cases]
        methods = dict(METHODS)
        if gold_share:
            del methods["Dawid and Skene"]  # it knows no gold
        if per_crop == 5 and (prevalence, with_hard) == GROUNDS[0]:
            methods |= {
                f"ours, {name}": partial(ours, prior=CrowdPrior(typical_answers=count))
                for name, count in GRANTED.items()
            }
        for name, method in methods.items():
            setting = {"damage": prevalence, "hard": with_hard, "tags": per_crop, "gold": gold_share}
            scores = [judged(case, method(tags, case.ground)) for case, tags in drawn]
            yield setting | {"method": name} | spread(scores)


def settings() -> Iterator[tuple[float, bool, int, float]]:
    """Share of damage, whether some crops are hard, tags for each crop, share of the tags on gold."""
    for prevalence, with_hard in GROUNDS:
        for per_crop in TAGS_PER_CROP if (prevalence, with_hard) == GROUNDS[0] else (5,):
            for gold_share in GOLD_SHARES:
                yield prevalence, with_hard, per_crop, gold_share


def streams(truth: np.ndarray, logits: np.ndarray, seeds: int) -> Iterator[dict[str, Any]]:
    """The retirement rule beside fixed numbers of tags for each crop; gold tags count among them."""
    for prevalence, with_hard in GROUNDS:
        cases = [drawn_case(seed, truth, logits, prevalence, with_hard=with_hard) for seed in range(seeds)]
        setting = {"damage": prevalence, "hard": with_hard}
        for gold_share in GOLD_SHARES:
            runs = [of_stream(case, gold_share) for case in cases]
            yield setting | {"gold": gold_share, "way": "retired"} | spread(runs)
        for name, gold_share in (("majority", 0.0), ("ours", 0.0), ("ours", 0.1)):
            for per_crop in FIXED:
                found = [METHODS[name](case.tags(per_crop, gold_share), case.ground) for case in cases]
                scores = [judged(case, one) for case, one in zip(cases, found, strict=True)]
                way = {"gold": gold_share, "way": f"fixed, {name}", "tags": per_crop}
                yield setting | way | spread(scores)


def of_stream(case: Case, gold_share: float) -> dict[str, float]:
    """Tags for each crop, gold among them, and how right the labels are: as they are, and when verifiers were right."""
    rng = np.random.default_rng([case.seed, 2])
    found: Streamed = Stream(rng, case.crowd, case.ground, case.gold, gold_share).run(DEFAULT_RULE)
    truth = case.ground.truth[case.judged]
    is_settled = found.states == State.SETTLED
    verified = np.where(is_settled, found.label, truth)
    return {
        "tags": found.tags / len(truth),
        "most_tags": float(found.counts.max()),
        "accuracy": float((found.label == truth).mean()),
        "balanced": balanced_accuracy(truth, found.label),
        "settled": float(is_settled.mean()),
        "settled_accuracy": float((found.label == truth)[is_settled].mean()),
        "verified_accuracy": float((verified == truth).mean()),
        "verified_balanced": balanced_accuracy(truth, verified),
    }


def spread(runs: list[dict[str, float]]) -> dict[str, str]:
    """Mean and standard deviation over the seeds."""
    columns = defaultdict(list)
    for run in runs:
        for name, value in run.items():
            columns[name].append(value)
    return {name: f"{np.mean(values):.3f} ± {np.std(values):.3f}" for name, values in columns.items()}


def speed() -> Iterator[dict[str, Any]]:
    """100,000 tags, each way in a process of its own."""
    for classes in (2, 5):
        for way in ("ours", "cleanlab"):
            for taggers in (200, 1000):
                yield measured_in_child("crowd_speed", way=way, taggers=taggers, classes=classes)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--part", choices=["labels", "streams", "speed", "rows"], action="append")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    parts = options.part or ["labels", "streams", "speed", "rows"]
    result: dict[str, Any] = {"machine": machine_facts()}
    if set(parts) - {"speed", "rows"}:
        truth, logits = crops_with_model(options.data)
        result |= {"crops": len(truth), "damaged": int(truth.sum())}
    if "labels" in parts:
        result["labels"] = said(labels(truth, logits, options.seeds))
    if "streams" in parts:
        result["streams"] = said(streams(truth, logits, options.seeds))
    if "speed" in parts:
        result["speed"] = said(speed())
    if "rows" in parts:
        result["rows"] = said(measured_in_child("crowd_rows", taggers=taggers) for taggers in (200, 1000))
    if options.json:
        print(json.dumps(result, indent=2))
        return
    for part in parts:
        print(f"\n{part}\n")
        print(_tables(result[part]))


def said(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rows; each is told as soon as it is there."""
    found = []
    for row in rows:
        print(*row.values(), sep="; ", file=sys.stderr, flush=True)
        found.append(row)
    return found


def _tables(rows: list[dict[str, Any]]) -> str:
    """Rows that share their columns as one table each."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(row)].append(row)
    return "\n\n".join(table(group) for group in groups.values())


def crops_with_model(data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of real crops with an answer the truth (N,), and the logits (N,) of models that learnt from the other towns."""
    from benchmarks.town_sample import left_out_towns
    from training.networks.backbones.registry import find_backbone

    towns = left_out_towns(data, find_backbone("efficientnet-lite0"))
    truth = np.concatenate([is_damaged for _logits, is_damaged in towns.values()]).astype(int)
    return truth, np.concatenate([logits for logits, _is_damaged in towns.values()])


if __name__ == "__main__":
    main()
