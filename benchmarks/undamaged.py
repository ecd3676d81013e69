"""What squares that nobody looked at teach: the same ground before the event, random ones, overlapping ones, none.

    python benchmarks/undamaged.py [--data ../shared/data] [--backbone NAME] [--network-px PX] [--draws 8] [--json]

Each way adds "no" squares to the training towns' crops, placed by what `manage.py tag_undamaged` calls; a logistic
regression learns from both and is measured on the crops of a town of which nothing was learnt. Windows are read from
the mosaics as `train` reads them. Features are kept below `build/`, so that a second call takes seconds.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
WORKPLACE = ROOT / "build" / "benchmark-undamaged"

EVENT = "Kahramanmaras 2023"
TOWNS = ("adiyaman", "kahramanmaras", "turkoglu", "gaziantep")
# Hardly hit: random squares of their imagery from after the event, away from what people doubt, are "no".
SPARED = ("gaziantep_2_post.tif", "turkoglu_1_post.tif")
SPARED_EACH, SPARED_M, BUFFER_M = 200, 40, 30
WAYS = (
    (("adiyaman",), "kahramanmaras"),
    (("kahramanmaras",), "adiyaman"),
    (("adiyaman", "turkoglu", "gaziantep"), "kahramanmaras"),
    (("kahramanmaras", "turkoglu", "gaziantep"), "adiyaman"),
)
FEW = 50
FALSE_ALARMS = 0.01


@dataclass(frozen=True)
class Windows:
    """Features (N, F) of windows, the town of each, and whether it shows damage."""

    features: np.ndarray
    towns: np.ndarray
    is_damaged: np.ndarray

    def of(self, towns: Sequence[str]) -> "Windows":
        """The towns' windows."""
        return self.rows(np.flatnonzero(np.isin(self.towns, towns)))

    def rows(self, rows: np.ndarray) -> "Windows":
        """Some of the windows."""
        return Windows(self.features[rows], self.towns[rows], self.is_damaged[rows])

    def with_(self, others: "Windows") -> "Windows":
        """These windows and others."""
        return Windows(
            np.concatenate([self.features, others.features]),
            np.concatenate([self.towns, others.towns]),
            np.concatenate([self.is_damaged, others.is_damaged]),
        )

    def drawn(self, count: int, seed: int) -> "Windows":
        """`count` of them, half of either answer, as far as there are so many."""
        order = np.random.default_rng(seed).permutation(len(self.is_damaged))
        answers = self.is_damaged[order]
        return self.rows(
            np.concatenate([order[answers][: count // 2], order[~answers][: count - count // 2]])
        )


def placed_squares() -> dict[str, list[Any]]:
    """The squares of each way, as crops that need not be stored; nothing stays tagged."""
    from damage.ingestion.models import Scene
    from tagging.background_negatives import tag_undamaged
    from tagging.models import Crop
    from tagging.same_ground import tag_same_ground
    from tagging.services import find_question
    from tagging.undamaged import UNDAMAGED, untag_undamaged

    question = find_question("damage")
    before = list(Scene.objects.filter(name__endswith="_pre.tif"))
    spared = list(Scene.objects.filter(name__in=SPARED))

    def taken_back(scenes: list[Any]) -> list[Any]:
        crops = Crop.objects.filter(tags__tagger__username=UNDAMAGED).select_related("scene", "town")
        squares = list(crops.order_by("pk"))
        untag_undamaged(scenes, question)
        return squares

    tag_same_ground(before, question)
    same_ground = taken_back(before)
    tag_undamaged(before, question)
    random_before = taken_back(before)
    tag_undamaged(spared, question, count=SPARED_EACH, size_m=SPARED_M, buffer_m=BUFFER_M)
    return {
        "before, same ground": same_ground,
        "before, random": random_before,
        "spared, random": taken_back(spared),
        "spared, random, overlapping": _overlapping(spared),
    }


def _overlapping(scenes: Sequence[Any]) -> list[Any]:
    """As many random squares as are asked for, which keep off what people doubt, but not off each other."""
    from tagging.models import Crop
    from tagging.services import new_crop
    from tagging.squares import Square, Squares

    random = np.random.default_rng(0)
    squares = []
    for scene in scenes:
        doubted = Crop.objects.filter(scene=scene, tags__answer__in=["positive", "unsure"])
        kept_off = Squares([Square(crop.x_px, crop.y_px, crop.size_px) for crop in doubted])
        size_px, count = round(SPARED_M / scene.gsd_m), 0
        while count < SPARED_EACH:
            place = [int(random.integers(0, side - size_px)) for side in (scene.width_px, scene.height_px)]
            if not kept_off.reached_by(Square(*place, size_px), BUFFER_M / scene.gsd_m):
                squares.append(new_crop(scene, *place, size_px))
                count += 1
    return squares


def read_windows(
    data: Path, backbone_name: str, network_px: int | None
) -> tuple[Windows, dict[str, Windows]]:
    """The windows of all crops with an answer, and those of each way's squares."""
    from damage.ingestion.services import ingest_mosaic
    from damage.work.progress import progress_bar
    from tagging.importing import import_crops
    from tagging.models import Crop
    from tagging.services import find_question
    from training.data.crop_images import crop_windows, features_of
    from training.data.dataset import agreement, median_size_m, median_size_px
    from training.networks.backbones.registry import find_backbone, find_features
    from training.networks.model_input import ModelInput

    for town in TOWNS:
        for path in sorted((data / "mosaics").glob(f"{town}_*_p*.tif")):
            ingest_mosaic(path, event=EVENT, town=town, in_place=True)
    import_crops(data / "crops.csv", event=EVENT)
    agreed = [crop for crop in agreement(find_question("damage")).crops if crop.scene_id]
    backbone = find_features(backbone_name, find_backbone(backbone_name).contrast, network_px)
    model_input = ModelInput(backbone.size_px, median_size_px(agreed), median_size_m(agreed))

    def windows(crops: list[Any], is_damaged: np.ndarray) -> Windows:
        cut = crop_windows(crops, model_input, in_surroundings=backbone.is_dense)
        with progress_bar(backbone.name, "window") as progress:
            features = features_of(cut, backbone, progress)
        return Windows(features, np.array([crop.town.slug for crop in crops]), is_damaged)

    rows = Crop.objects.select_related("scene", "town").in_bulk([crop.pk for crop in agreed])
    tagged = windows([rows[crop.pk] for crop in agreed], np.array([crop.is_positive for crop in agreed]))
    ways = {way: windows(squares, np.zeros(len(squares), bool)) for way, squares in placed_squares().items()}
    return tagged, ways | {"before, both": ways["before, same ground"].with_(ways["before, random"])}


def measured(train: Windows, squares: Windows | None, test: Windows) -> tuple[float, float]:
    """AUC in the test town, and the recall at 1 % false alarms."""
    from sklearn.metrics import roc_auc_score, roc_curve

    from training.networks.heads.labelled import Labelled
    from training.networks.heads.linear import logistic_head
    from training.networks.heads.parameters import LogisticParameters

    learnt = train.with_(squares) if squares else train
    learnt_from = Labelled(learnt.features, learnt.is_damaged)
    weights, bias = logistic_head(learnt_from, LogisticParameters()).folded()
    scores = test.features @ weights + bias
    false_rates, true_rates, _cuts = roc_curve(test.is_damaged, scores)
    return float(roc_auc_score(test.is_damaged, scores)), float(true_rates[false_rates <= FALSE_ALARMS].max())


def table_of_ways(tagged: Windows, squares: dict[str, Windows], draws: int) -> list[dict[str, Any]]:
    """A row for each way of adding squares: means over the ways round, from few crops (all draws) and from all."""
    rows = []
    for way, added in {"none": None, **squares}.items():
        figures: dict[str, list[tuple[float, float]]] = {f"{FEW} crops": [], "all crops": []}
        counts = []
        for towns, test in WAYS:
            train = tagged.of(towns)
            # Imagery of spared towns may teach beside any; imagery from before, where the training crops lie.
            beside = added if added is None or way.startswith("spared") else added.of(towns)
            counts.append(len(beside.towns) if beside else 0)
            figures["all crops"].append(measured(train, beside, tagged.of([test])))
            figures[f"{FEW} crops"] += [
                measured(train.drawn(FEW, seed), beside, tagged.of([test])) for seed in range(draws)
            ]
        row: dict[str, Any] = {"squares": way, "count, mean": round(float(np.mean(counts)))}
        for crops, found in figures.items():
            auc, recall = np.mean(found, axis=0)
            row |= {
                f"AUC, {crops}": round(float(auc), 4),
                f"recall at 1 %, {crops}": round(float(recall), 3),
            }
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--backbone", default="efficientnet-lite0")
    parser.add_argument("--network-px", type=int, help="side at which the network sees a window")
    parser.add_argument("--draws", type=int, default=8, help="seeds 0 to DRAWS - 1; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.tables import table
    from benchmarks.workplace import start_django

    start_django(WORKPLACE, empty=not (WORKPLACE / "features").exists())
    tagged, squares = read_windows(options.data.resolve(), options.backbone, options.network_px)
    rows = table_of_ways(tagged, squares, options.draws)
    print(json.dumps({"backbone": options.backbone, "ways": rows}, indent=2) if options.json else table(rows))


if __name__ == "__main__":
    main()
