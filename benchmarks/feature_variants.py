"""Do other looks at windows, several passes, or copies as other sensors see them tell unseen towns better?

    python benchmarks/feature_variants.py [--data ../shared/data] [--network-px 128] [--seeds 3] [--json]

Each town is left out of everything; EfficientNet-Lite0 and a logistic regression learn from all others, from those of
the same sensor, or from another sensor's, and take the threshold that `train` does. Windows of 80 scene pixels are
read from the scenes in their surroundings, as `train` reads them; Islahiye is here as crops alone. Figures are
differences from windows as they are, with the standard error of the paired difference of AUC (DeLong et al. 1988,
doi:10.2307/2531595). Features are kept below `build/`.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
CACHE = ROOT / "build" / "benchmark-feature-variants"

SKYSAT = ("adiyaman", "kahramanmaras", "turkoglu", "gaziantep")
JUDGED = ("kahramanmaras", "adiyaman", "turkoglu", "islahiye")
WINDOW_PX = 80  # 40 m
COPIES = 2  # of each crop, beside the crop


@dataclass(frozen=True)
class Pass:
    """One network pass: a look, at which side (0: as asked for)."""

    look: str = "as_is"
    network_px: int = 0


@dataclass(frozen=True)
class Variant:
    """Passes whose logits are averaged, each with a head of its own; with twins, or copies, that are learnt from."""

    name: str
    passes: tuple[Pass, ...] = (Pass(),)
    has_twins: bool = False
    copies: str = ""
    seed: int = 0


DEFAULT = Variant("as is")
MEASURED_SIDE = Variant("side as train measures it", ())
LOOKED = [
    Variant("divided by the window's brightness", (Pass("by_window"),)),
    Variant("by the local brightness", (Pass("by_field"),)),
    Variant("by each band's local brightness", (Pass("by_colour_field"),)),
    Variant("as is + local + gamma 0.7", (Pass(), Pass("by_field"), Pass("brighter"))),
    Variant("96 px", (Pass("as_is", 96),)),
    Variant("160 px", (Pass("as_is", 160),)),
    Variant("96 + 160 px", (Pass("as_is", 96), Pass("as_is", 160))),
    Variant("96 + 128 + 160 px", (Pass("as_is", 96), Pass(), Pass("as_is", 160))),
    Variant("control: as is + flipped + turned", (Pass(), Pass("flipped"), Pass("turned"))),
]
TWINS = [
    replace(variant, name=f"{variant.name}, twins", has_twins=True)
    for variant in (DEFAULT, LOOKED[0], LOOKED[1])
]


def variants(seeds: int) -> Iterator[Variant]:
    """All of them; copies as another sensor sees them with each seed."""
    yield from (DEFAULT, MEASURED_SIDE, *LOOKED, *TWINS)
    for seed in range(seeds):
        yield Variant("copies as another sensor", copies="other_sensor", seed=seed)
    for seed in range(seeds):
        yield Variant("copies as another sensor, twins", has_twins=True, copies="other_sensor", seed=seed)


@dataclass(frozen=True)
class Crops:
    """Answered crops and their windows, as `train` has them; and their twins of before the earthquake."""

    windows: list[Any]
    towns: np.ndarray
    is_damaged: np.ndarray
    twins: list[Any]
    twin_towns: np.ndarray


def read_crops(data: Path) -> Crops:
    """The crops in their scenes, where these are here."""
    from training.data.crop_files import CropImage

    with (data / "crops.csv").open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["label"] != "unsure"]
    scenes: dict[str, dict[str, Any]] = {}
    windows, twins = [], []
    for row in rows:
        content = (data / row["file"]).read_bytes()
        image = CropImage(sha256(content).hexdigest(), partial(bytes, content))
        windows.append(_window(data, scenes, row, row["scene"], image) if row["scene"] else image)
        if row["scene"]:
            before = row["scene"].replace("_post", "_pre")
            twins.append((row["town"], _window(data, scenes, row, before, image)))
    return Crops(
        windows,
        np.array([row["town"] for row in rows]),
        np.array([row["label"] == "damage" for row in rows]),
        [twin for _town, twin in twins],
        np.array([town for town, _twin in twins]),
    )


def _window(data: Path, scenes: dict[str, dict[str, Any]], row: dict[str, str], name: str, image: Any) -> Any:
    import rasterio

    from damage.ingestion.reading import Source
    from training.data.scene_windows import SceneWindow

    if name not in scenes:
        path = data / "mosaics" / name
        with rasterio.open(path) as mosaic:
            scenes[name] = {
                "source": Source(str(path)),
                "scene_sha256": sha256(path.read_bytes()).hexdigest(),
                "scene_width_px": mosaic.width,
                "scene_height_px": mosaic.height,
            }
    x, y = (int(row[axis]) + int(row["size_px"]) // 2 - WINDOW_PX // 2 for axis in ("x", "y"))
    return SceneWindow(crop=image, scale=1, x=x, y=y, side_px=WINDOW_PX, in_surroundings=True, **scenes[name])


class Features:
    """Features of crops and twins by look, side and copy; computed once."""

    def __init__(self, crops: Crops, network_px: int) -> None:
        self._crops, self._network_px = crops, network_px
        self._known: dict[tuple[Any, ...], np.ndarray] = {}

    def of_crops(self, each: Pass, seed: int = 0) -> np.ndarray:
        return self._of("crops", self._crops.windows, each, seed)

    def of_twins(self, each: Pass) -> np.ndarray:
        return self._of("twins", self._crops.twins, each, 0)

    def _of(self, which: str, windows: Sequence[Any], each: Pass, seed: int) -> np.ndarray:
        from benchmarks.feature_looks import seen
        from damage.work.progress import progress_bar
        from training.data.features import crop_features
        from training.networks.backbones.registry import find_backbone

        side = each.network_px or self._network_px
        key = (which, each.look, side, seed)
        if key not in self._known:
            backbone = replace(find_backbone("efficientnet-lite0"), size_px=side)
            shown = [seen(window, each.look, side, seed) for window in windows]
            with progress_bar(f"{which} {each.look} {side} px, seed {seed}", "window") as progress:
                self._known[key] = crop_features(shown, backbone, CACHE, progress=progress)
        return self._known[key]


def cases() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """A town left out, from what is learnt in words, and those towns."""
    for town in JUDGED:
        same = tuple(other for other in SKYSAT if other != town)
        yield town, "all others", same if town == "islahiye" else (*same, "islahiye")
    for town in JUDGED[:-1]:
        yield town, "same sensor", tuple(other for other in SKYSAT if other != town)
        yield town, "Islahiye", ("islahiye",)


class Learner:
    """Logistic regressions on some towns' crops, by one pass of a variant; the same is fitted once."""

    def __init__(self, features: Features, crops: Crops) -> None:
        self._features, self._crops = features, crops
        self._logits: dict[tuple[Any, ...], np.ndarray] = {}

    def logits(self, variant: Variant, each: Pass, learnt: Sequence[str]) -> np.ndarray:
        """The logits (N,) of all crops."""
        from training.networks.heads.linear import logistic_head
        from training.networks.heads.parameters import LogisticParameters

        key = (each, variant.has_twins, variant.copies, variant.seed, frozenset(learnt))
        if key not in self._logits:
            head = logistic_head(self._train(variant, each, learnt), LogisticParameters())
            self._logits[key] = head.logits(self._features.of_crops(each))
        return self._logits[key]

    def _train(self, variant: Variant, each: Pass, learnt: Sequence[str]) -> Any:
        from training.networks.heads.labelled import Labelled

        rows = np.isin(self._crops.towns, learnt)
        images = [self._features.of_crops(each)[rows]]
        if variant.copies:
            of_copy = replace(each, look=variant.copies)
            numbers = range(variant.seed * COPIES, (variant.seed + 1) * COPIES)
            images += [self._features.of_crops(of_copy, number)[rows] for number in numbers]
        shown = np.stack(images, axis=1).reshape(-1, images[0].shape[1])
        is_damaged = np.repeat(self._crops.is_damaged[rows], len(images))
        if variant.has_twins:
            beside = self._features.of_twins(each)[np.isin(self._crops.twin_towns, learnt)]
            beside = np.repeat(beside, len(images), axis=0)  # no copies are made of them: they weigh the same
            shown = np.concatenate([shown, beside])
            is_damaged = np.concatenate([is_damaged, np.zeros(len(beside), bool)])
        return Labelled(shown, is_damaged, len(images))

    def judged(self, variant: Variant, town: str, learnt: Sequence[str]) -> tuple[np.ndarray, float]:
        """Logits of the town's crops, and the threshold's, which `train` takes for a town that it has not seen."""
        from training.data.adaptation import logit
        from training.evaluation.unseen_towns import unseen_town_threshold

        if variant == MEASURED_SIDE:
            variant = self._measured_side(learnt)
        unseen = self._unseen(variant, learnt)
        has_judges = any(each.has_a_say for each in unseen)
        cut = float(logit(np.array(unseen_town_threshold(unseen)))) if has_judges else 0.0
        return self._mean_logits(variant, town, learnt), cut

    def _measured_side(self, learnt: Sequence[str]) -> Variant:
        """The default at the side that `train` chooses by the towns learnt from."""
        from training.evaluation import input_side

        of_side = {side: Variant(f"{side} px", (Pass("as_is", side),)) for side in input_side.SIDES_PX}
        unseen = {side: self._unseen(variant, learnt) for side, variant in of_side.items()}
        if not any(input_side.can_be_measured(towns) for towns in unseen.values()):
            return of_side[input_side.UNMEASURED_PX]
        return of_side[
            input_side.smallest_as_good({side: input_side.mean_auc(towns) for side, towns in unseen.items()})
        ]

    def _unseen(self, variant: Variant, learnt: Sequence[str]) -> list[Any]:
        """Each town that is learnt from, scored by what the others teach."""
        from training.evaluation.unseen_towns import UnseenTown
        from training.fit import LEAST_TO_LEARN_FROM
        from training.networks.dense import probability

        unseen = []
        for town in learnt:
            others = [other for other in learnt if other != town]
            answers = self._crops.is_damaged[np.isin(self._crops.towns, others)]
            if min(answers.sum(), (~answers).sum()) >= LEAST_TO_LEARN_FROM:
                truth = self._crops.is_damaged[self._crops.towns == town]
                unseen.append(UnseenTown(town, truth, probability(self._mean_logits(variant, town, others))))
        return unseen

    def _mean_logits(self, variant: Variant, town: str, learnt: Sequence[str]) -> np.ndarray:
        every = [self.logits(variant, each, learnt) for each in variant.passes]
        return np.mean(every, axis=0)[self._crops.towns == town]


def placements(truth: np.ndarray, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each damaged crop, over which share of the others it stands; for each other, under which share of these."""
    above = (logits[truth][:, None] > logits[~truth]) + 0.5 * (logits[truth][:, None] == logits[~truth])
    return above.mean(axis=1), above.mean(axis=0)


def compared(crops: Crops, town: str, own: Any, default: Any) -> dict[str, float]:
    """AUC and balanced accuracy, and what they gain over the default; the standard error of AUC's gain."""
    truth = crops.is_damaged[crops.towns == town]
    ours, theirs = (placements(truth, logits) for logits, _cut in (own, default))
    error = sum(np.var(a - b, ddof=1) / len(a) for a, b in zip(ours, theirs, strict=True)) ** 0.5
    accuracies = [
        ((logits >= cut)[truth].mean() + 1 - (logits >= cut)[~truth].mean()) / 2
        for logits, cut in (own, default)
    ]
    auc = float(ours[0].mean())
    return {
        "auc": auc,
        "auc_gain": auc - float(theirs[0].mean()),
        "auc_gain_error": float(error),
        "balanced_accuracy": float(accuracies[0]),
        "balanced_accuracy_gain": float(accuracies[0] - accuracies[1]),
    }


def measured(crops: Crops, network_px: int, seeds: int) -> list[dict[str, Any]]:
    """A row for each variant, seed, and case."""
    learner = Learner(Features(crops, network_px), crops)
    defaults = {case: learner.judged(DEFAULT, case[0], case[2]) for case in cases()}
    rows = []
    for variant in variants(seeds):
        for town, learnt, towns in cases():
            own = learner.judged(variant, town, towns)
            rows.append(
                {"variant": variant.name, "seed": variant.seed, "town": town, "learnt": learnt}
                | compared(crops, town, own, defaults[town, learnt, towns])
            )
        print(f"{variant.name}, seed {variant.seed}: done", file=sys.stderr, flush=True)
    return rows


def tabled(rows: Sequence[dict[str, Any]], learnt: str) -> list[dict[str, str]]:
    """A line for each variant: gains in AUC / balanced accuracy by town (of the default: both), and in the mean."""
    lines = []
    for name in dict.fromkeys(row["variant"] for row in rows):
        some = [row for row in rows if (row["variant"], row["learnt"]) == (name, learnt)]
        line = {learnt: name}
        suffix = "" if name == DEFAULT.name else "_gain"
        for town in dict.fromkeys(row["town"] for row in some):
            there = [row for row in some if row["town"] == town]
            line[town] = _cell(there, suffix)
            if suffix:
                line[town] = line[town].replace(
                    " / ", f" ± {np.mean([row['auc_gain_error'] for row in there]):.4f} / "
                )
        line["mean"] = _cell(some, suffix)
        line["mean without Türkoğlu"] = _cell([row for row in some if row["town"] != "turkoglu"], suffix)
        by_seed = [
            np.mean([row[f"auc{suffix}"] for row in some if row["seed"] == seed])
            for seed in dict.fromkeys(row["seed"] for row in some)
        ]
        line["AUC by seed"] = f"{min(by_seed):+.4f} to {max(by_seed):+.4f}" if len(by_seed) > 1 else ""
        lines.append(line)
    return lines


def _cell(rows: Sequence[dict[str, Any]], suffix: str) -> str:
    sign = "+" if suffix else ""
    auc, accuracy = (np.mean([row[name + suffix] for row in rows]) for name in ("auc", "balanced_accuracy"))
    return f"{auc:{sign}.4f} / {accuracy:{sign}.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--network-px", type=int, default=128, help="side of the network's input; default: %(default)s"
    )
    parser.add_argument("--seeds", type=int, default=3, help="of the copies; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.tables import table

    rows = measured(read_crops(options.data), options.network_px, options.seeds)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    print("\n\n".join(table(tabled(rows, learnt)) for learnt in ("all others", "same sensor", "Islahiye")))


if __name__ == "__main__":
    main()
