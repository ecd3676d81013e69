"""Does adapting to a town decide rightly whether it helps, however rare damage is there?

    python benchmarks/adapting.py [--data ../shared/data] [--network-px 128] [--draws 2] [--json]

Each town in turn is left out. EfficientNet-Lite0 and a logistic regression learn from other towns, and choose the
threshold as `train` does, by leaving each of those out; then the product's own rule decides whether the model goes on
learning in the town. It looks at a mixture of which so large a share is damaged crops and the rest crops and, where
there is imagery of before the earthquake, windows that are not. Balanced accuracy on the town's answered crops, less
that of the model as it was. "always" adapts whenever self-training parts the mixture, as before there was a rule.
Features are kept below `build/`.
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
CACHE = ROOT / "build" / "benchmark-adapting"

SKYSAT = ("adiyaman", "kahramanmaras", "turkoglu", "gaziantep")
WINDOW_PX = 80  # 40 m
SHARES = (0, 0.001, 0.01, 0.1, 0.5)
# Windows of before the earthquake of each town, at most; and crops and windows of a mixture.
MOST_BEFORE, MOST_MIXED, LEAST_MIXED = 1000, 1500, 50


@dataclass(frozen=True)
class Crops:
    """Features (N, F) of all crops, their towns and labels; and by town those of windows of before the earthquake."""

    features: np.ndarray
    towns: np.ndarray
    labels: np.ndarray
    before: dict[str, np.ndarray]

    @property
    def is_damaged(self) -> np.ndarray:
        return self.labels == "damage"

    @property
    def is_answered(self) -> np.ndarray:
        return self.labels != "unsure"


def cases() -> Iterator[tuple[str, tuple[str, ...]]]:
    """A town left out, and those that are learnt from."""
    for town in ("adiyaman", "kahramanmaras", "turkoglu", "islahiye"):
        others = tuple(other for other in SKYSAT if other != town)
        yield town, others
        if town != "islahiye":
            yield town, (*others, "islahiye")
            yield town, ("islahiye",)
    yield from ((town, (other,)) for town, other in (SKYSAT[:2], SKYSAT[1::-1]))
    yield from (("islahiye", (other,)) for other in SKYSAT[:2])


def read_crops(data: Path, network_px: int) -> Crops:
    """Compute or take up the features of all crops, in their scenes where these are here, and of windows of before."""
    from damage.work.progress import progress_bar
    from training.data.features import crop_features
    from training.networks.backbones.registry import find_backbone

    backbone = replace(find_backbone("efficientnet-lite0"), size_px=network_px)
    rows = list(csv.DictReader((data / "crops.csv").open()))
    scenes = _Scenes(data / "mosaics")
    crops = [_crop(data, scenes, row) for row in rows]
    before = {town: scenes.windows_before(town) for town in SKYSAT}
    with progress_bar(backbone.name, "window") as progress:
        every = crops + [window for windows in before.values() for window in windows]
        features = crop_features(every, backbone, CACHE, progress=progress)
    ends = np.cumsum([len(crops), *(len(windows) for windows in before.values())])
    of_crops, *of_before = np.split(features, ends[:-1])
    towns, labels = (np.array([row[name] for row in rows]) for name in ("town", "label"))
    return Crops(of_crops, towns, labels, dict(zip(before, of_before, strict=True)))


def _crop(data: Path, scenes: "_Scenes", row: dict[str, str]) -> Any:
    from training.data.crop_files import CropImage

    content = (data / row["file"]).read_bytes()
    image = CropImage(sha256(content).hexdigest(), partial(bytes, content))
    if not row["scene"]:
        return image
    x, y = (int(row[name]) + int(row["size_px"]) // 2 - WINDOW_PX // 2 for name in ("x", "y"))
    return scenes.window(row["scene"], x, y, image)


class _Scenes:
    """The mosaics of a folder, and windows of them as a prediction sees them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sides: dict[str, tuple[str, int, int]] = {}

    def window(self, name: str, x: int, y: int, image: Any = None) -> Any:
        from damage.ingestion.reading import Source
        from training.data.scene_windows import SceneWindow

        digest, width_px, height_px = self._described(name)
        return SceneWindow(
            crop=image,
            source=Source(str(self._folder / name)),
            scene_sha256=digest,
            scene_width_px=width_px,
            scene_height_px=height_px,
            scale=1,
            x=x,
            y=y,
            side_px=WINDOW_PX,
            in_surroundings=True,
        )

    def windows_before(self, town: str) -> list[Any]:
        """Some of a grid's windows of the town's mosaics of before the earthquake, drawn by chance."""
        places = [
            (path.name, x, y)
            for path in sorted(self._folder.glob(f"{town}_*_pre.tif"))
            for y in range(0, self._described(path.name)[2] - WINDOW_PX, WINDOW_PX)
            for x in range(0, self._described(path.name)[1] - WINDOW_PX, WINDOW_PX)
        ]
        drawn = np.random.default_rng(0).permutation(len(places))[:MOST_BEFORE]
        return [self.window(*places[number]) for number in sorted(drawn)]

    def _described(self, name: str) -> tuple[str, int, int]:
        import rasterio

        if name not in self._sides:
            path = self._folder / name
            with rasterio.open(path) as mosaic:
                self._sides[name] = (sha256(path.read_bytes()).hexdigest(), mosaic.width, mosaic.height)
        return self._sides[name]


def mixtures(crops: Crops, town: str, seed: int) -> Iterator[tuple[float, np.ndarray]]:
    """Shares of damage, and the features (N, F) of so many damaged crops and others, where the crops allow it."""
    random = np.random.default_rng(seed)
    there = (crops.towns == town) & crops.is_answered
    damaged = crops.features[there & crops.is_damaged]
    others = [crops.features[there & ~crops.is_damaged], crops.before.get(town, crops.features[:0])]
    undamaged = np.concatenate(others)
    undamaged = undamaged[random.permutation(len(undamaged))][:MOST_MIXED]
    for share in SHARES:
        count = min(round(len(undamaged) * share / (1 - share)), len(damaged))
        rest = min(len(undamaged), round(count * (1 - share) / share)) if count else len(undamaged)
        if (share and not count) or count + rest < LEAST_MIXED:
            continue
        mixed = np.concatenate([damaged[random.permutation(len(damaged))[:count]], undamaged[:rest]])
        yield share, mixed[random.permutation(len(mixed))]


def measured(crops: Crops, town: str, learnt: Sequence[str], draws: int) -> list[dict[str, Any]]:
    """What adapting did to the town's balanced accuracy, for each mixture: by the rule, and always."""
    from damage.errors import Refused
    from training.data.adaptation import logit
    from training.evaluation.unseen_towns import UnseenTown, unseen_town_threshold
    from training.fit import left_out_scores
    from training.networks.heads.adapting import adapted_if_it_helps
    from training.networks.heads.labelled import Labelled
    from training.networks.heads.linear import logistic_head
    from training.networks.heads.parameters import LogisticParameters
    from training.networks.heads.self_training import self_trained

    parameters = LogisticParameters()
    rows = np.isin(crops.towns, learnt) & crops.is_answered
    train, towns = Labelled(crops.features[rows], crops.is_damaged[rows]), crops.towns[rows]
    left_out = left_out_scores(train, list(towns), parameters, 0)
    judging = [
        UnseenTown(name, train.is_positive[towns == name], left_out[towns == name])
        for name in learnt
        if np.isfinite(left_out[towns == name]).all()
    ]
    has_judges = any(each.has_a_say for each in judging)
    threshold = unseen_town_threshold(judging) if has_judges else 0.5
    test = (crops.towns == town) & crops.is_answered
    truth = crops.is_damaged[test]

    def accuracy(head: Any, threshold: float) -> float:
        return _balanced(truth, head.logits(crops.features[test]) >= logit(np.array(threshold)))

    unadapted = accuracy(logistic_head(train, parameters), threshold)
    found = []
    for seed in range(draws):
        for share, mixed in mixtures(crops, town, seed):
            decided = adapted_if_it_helps(train, mixed, parameters).adapted
            try:
                always = self_trained(train, mixed, parameters)
            except Refused:
                always = None
            gains = [
                accuracy(model.head, model.threshold) - unadapted if model else 0.0
                for model in (decided, always)
            ]
            found.append(
                {"share": share, "adapted": decided is not None, "gains": gains, "always": bool(always)}
            )
    return [{"town": town, "learnt": learnt, "unadapted": unadapted} | each for each in found]


def _balanced(truth: np.ndarray, called: np.ndarray) -> float:
    return float((called[truth].mean() + 1 - called[~truth].mean()) / 2)


def by_share(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each share of damage: how often it adapted, and how the balanced accuracy changed where it did."""
    return [
        {
            "damage": f"{share:.1%}",
            "mixtures": len(some),
            "adapted": sum(each["adapted"] for each in some),
            "worst / mean / best": _span([each["gains"][0] for each in some if each["adapted"]]),
            "always: adapted": sum(each["always"] for each in some),
            "always: worst / mean / best": _span([each["gains"][1] for each in some if each["always"]]),
        }
        for share in SHARES
        if (some := [each for each in figures if each["share"] == share])
    ]


def by_case(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each town left out and the towns learnt from."""
    rows = []
    for town, learnt in cases():
        some = [each for each in figures if (each["town"], each["learnt"]) == (town, learnt)]
        adapted = [each["gains"][0] for each in some if each["adapted"]]
        rows.append(
            {
                "left out": town,
                "learnt from": ", ".join(learnt),
                "unadapted": f"{some[0]['unadapted']:.3f}",
                "adapted": f"{len(adapted)} of {len(some)}",
                "worst / mean / best": _span(adapted),
                "always: worst / mean / best": _span([each["gains"][1] for each in some if each["always"]]),
            }
        )
    return rows


def _span(gains: Sequence[float]) -> str:
    return f"{min(gains):+.3f} / {np.mean(gains):+.3f} / {max(gains):+.3f}" if gains else "–"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--network-px", type=int, default=128, help="side of the network's input; default: %(default)s"
    )
    parser.add_argument("--draws", type=int, default=2, help="seeds 0 to DRAWS - 1; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.tables import table

    crops = read_crops(options.data, options.network_px)
    figures = []
    for town, learnt in cases():
        figures += measured(crops, town, learnt, options.draws)
        print(f"{town} left out, learnt from {', '.join(learnt)}: done", file=sys.stderr, flush=True)
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    print(f"{table(by_share(figures))}\n\n{table(by_case(figures))}")


if __name__ == "__main__":
    main()
