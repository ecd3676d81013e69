"""How well damage is told in towns never trained on: each town left out in turn, by the product's own services.

    python benchmarks/accuracy.py [--data ../shared/data] [--towns NAME ...] [--no-map]
                                  [--variants NAME ...] [--map-variants] [--seeds 5] [--json]

Every town is left out once: a model is trained on all others as `manage.py train` does, measured on the town's crops
at its own threshold, and predicts the town's mosaics after and before the event. Nothing is chosen on the town that a
figure is of; what is says so. `--variants` measures other ways after that. The site lies below `build/`
and is made anew by every call; only features are kept, so that a second call takes less.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
SITE = ROOT / "build" / "benchmark-accuracy"

VARIANT_NAMES = ("network-px", "heads", "same-ground", "thesis", "adapt", "sensor", "few", "lite2")
TOWN_NAMES = ("kahramanmaras", "islahiye", "adiyaman", "turkoglu", "gaziantep")
# Balanced accuracy of the thesis by training crops in its own towns, and what we want; the AUC on another sensor.
THESIS = {20: 0.73, 50: 0.78, 100: 0.84, 200: 0.86}
GOALS = {20: 0.90, 50: 0.93, 100: 0.94, 200: 0.95}
GOAL_AUC = 0.90
# Windows side by side overlap by 0.18 of their union.
LOOSEST = 0.2
MAP = ("damage_squares", "damage_middle_in_a_box", "damage_touched_by_a_box", "no_damage_squares",
       "no_damage_middle_in_a_box", "boxes_per_km2_after", "boxes_per_km2_before")  # fmt: skip


def measure(
    data: Path, *, towns: list[str], with_map: bool, variants: list[str], map_variants: bool, seeds: int
) -> dict[str, Any]:
    """The default of every town, its maps, then the variants."""
    from benchmarks.accuracy_map import town_map
    from benchmarks.accuracy_trials import LARGE, bring_in, figures, of_variants, trained_without
    from benchmarks.machine import machine_facts

    result: dict[str, Any] = {
        "machine": machine_facts(),
        "towns": [],
        "maps": [],
        "variants": [],
        "refused": [],
        "few": [],
    }
    begun = perf_counter()
    bring_in(data)
    for town in towns:
        run = trained_without(town)
        result["towns"].append(figures(run, town))
        if with_map:
            result["maps"] += [{"variant": "the default"} | row for row in town_map(run, town)]
    result["seconds"] = round(perf_counter() - begun)
    large = [town for town in towns if town in LARGE]
    for title, town, run in of_variants([name for name in variants if name != "few"], large):
        if isinstance(run, str):
            result["refused"].append({"variant": title, "town": town, "reason": run})
            continue
        result["variants"].append({"variant": title} | figures(run, town))
        if map_variants:
            result["maps"] += [{"variant": title} | row for row in town_map(run, town)]
    if "few" in variants:
        result["few"] = few_rows(seeds, large)
    return result


def few_rows(seeds: int, towns: list[str]) -> list[dict[str, Any]]:
    """A row for each count: balanced accuracy of each town, mean and spread (standard deviation) over seeds."""
    from benchmarks.accuracy_trials import few_crops, figures

    drawn: dict[int, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    refused: dict[int, list[str]] = defaultdict(list)
    for count, town, _seed, run in few_crops(seeds, towns):
        if isinstance(run, str):
            refused[count].append(run)
        else:
            drawn[count][town].append(figures(run, town))
    return [
        {"crops": count, "thesis": THESIS[count], "goal": GOALS[count], "refused": refused[count]}
        | {
            town: {
                name: {"mean": float(np.mean(values)), "spread": float(np.std(values))}
                for name in ("balanced_accuracy", "auc", "best_balanced_accuracy")
                for values in [[row[name] for row in rows]]
            }
            for town, rows in of_count.items()
        }
        for count, of_count in drawn.items()
    ]


def default_table(rows: list[dict[str, Any]]) -> str:
    """A line for each town: its figures, and beside recall and false positive rate what the run promised."""
    from damage.tables import markdown_table

    columns = ("town", "damaged", "undamaged", "threshold", "auc", "balanced_accuracy", "best_balanced_accuracy",
               "precision", "recall", "promised", "held", "false_positive_rate", "promised", "held")  # fmt: skip
    lines = []
    for row in rows:
        promises = [value for name in ("recall", "false_positive_rate") for value in _promise(row, name)]
        lines.append(
            [*(row[name] for name in columns[:9]), *promises[:2], row["false_positive_rate"], *promises[2:]]
        )
    return markdown_table([name.replace("_", " ") for name in columns], lines)


def _promise(row: dict[str, Any], name: str) -> tuple[str | None, str | None]:
    """What was promised, mean and span, and whether it held."""
    if not (band := row["promised"].get(name)):
        return None, None
    held = row["held"].get(name)
    words = f"{band['mean']:.2f} ({band['least']:.2f}–{band['most']:.2f})"
    return words, None if held is None else "yes" if held else "**no**"


def map_table(rows: list[dict[str, Any]]) -> str:
    """A line for each town and suppression, at the run's threshold."""
    from damage.tables import markdown_table

    return markdown_table(
        ["variant", "town", "max iou", *(name.replace("_", " ").replace("km2", "km²") for name in MAP)],
        [[row["variant"], row["town"], str(row["max_iou"]), *_map_cells(row)] for row in rows],
    )


def equal_alarms_table(rows: list[dict[str, Any]]) -> str:
    """A line for each town, suppression and number of boxes before the event, which chooses the threshold."""
    from damage.tables import markdown_table

    return markdown_table(
        ["variant", "town", "allowed before", "max iou", "threshold",
         *(name.replace("_", " ").replace("km2", "km²") for name in MAP)],
        [
            [row["variant"], row["town"], at["allowed_per_km2"], str(row["max_iou"]), at["threshold"], *_map_cells(at)]
            for row in rows
            if row["max_iou"] <= LOOSEST
            for at in row["at_equal_alarms"]
        ],
    )  # fmt: skip


def _map_cells(row: dict[str, Any]) -> list[Any]:
    """Densities with one decimal, as a table gives everything else three."""
    return [f"{row[name]:.1f}" if "km2" in name and row[name] is not None else row[name] for name in MAP]


def variant_table(rows: list[dict[str, Any]]) -> str:
    """A line for each variant: of each town balanced accuracy at the run's threshold, and AUC; and the means."""
    from damage.tables import markdown_table

    by_variant: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        if row["balanced_accuracy"] is not None:
            by_variant[row["variant"]][row["town"]] = row
    towns = list(dict.fromkeys(row["town"] for row in rows if row["balanced_accuracy"] is not None))
    measures = ("balanced_accuracy", "auc", "recall", "false_positive_rate")
    lines = [
        [variant]
        + [
            f"{of[town]['balanced_accuracy']:.3f} ({of[town]['auc']:.3f})" if town in of else None
            for town in towns
        ]
        + [
            float(np.mean([row[name] for row in of.values()])) if len(of) == len(towns) else None
            for name in measures
        ]
        for variant, of in by_variant.items()
    ]
    means = [f"mean {name.replace('_', ' ')}" for name in measures]
    return markdown_table(["variant", *(f"{town} (AUC)" for town in towns), *means], lines)


def few_table(rows: list[dict[str, Any]]) -> str:
    """A line for each count of crops, beside the thesis and the goal."""
    from damage.tables import markdown_table

    towns = [name for name in rows[0] if name in TOWN_NAMES]
    lines = []
    for row in rows:
        found = [row[town]["balanced_accuracy"] for town in towns]
        mean = float(np.mean([one["mean"] for one in found]))
        best, auc = (
            float(np.mean([row[town][name]["mean"] for town in towns]))
            for name in ("best_balanced_accuracy", "auc")
        )
        cells = [f"{one['mean']:.3f} ± {one['spread']:.3f}" for one in found]
        lines.append([row["crops"], row["thesis"], row["goal"], *cells, mean, best, auc])
    return markdown_table(["crops", "thesis", "goal", *towns, "mean", "mean best", "mean AUC"], lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--towns", nargs="+", choices=TOWN_NAMES, default=TOWN_NAMES, metavar="NAME",
                        help=f"leave out these alone; default: {', '.join(TOWN_NAMES)}")  # fmt: skip
    parser.add_argument("--no-map", action="store_true", help="predict no mosaics")
    parser.add_argument("--variants", nargs="+", choices=(*VARIANT_NAMES, "all"), default=(), metavar="NAME",
                        help=f"all, or some of {', '.join(VARIANT_NAMES)}; default: none")  # fmt: skip
    parser.add_argument("--map-variants", action="store_true", help="predict mosaics by them too")
    parser.add_argument("--seeds", type=int, default=5, help="draws of few crops; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.workplace import start_django

    start_django(SITE, empty=True, keep=["features"])
    result = measure(
        options.data.resolve(),
        towns=list(options.towns),
        with_map=not options.no_map,
        variants=list(VARIANT_NAMES if "all" in options.variants else options.variants),
        map_variants=options.map_variants,
        seeds=options.seeds,
    )
    if options.json:
        print(json.dumps(result, indent=2))
        return
    print(
        f"{default_table(result['towns'])}\n\n{result['seconds']} s, load before {result['machine']['load_before']}"
    )
    for row in result["towns"]:
        if row["town"] == "islahiye":
            print(f"Islahiye's sensor is seen nowhere else: AUC {row['auc']:.3f}, wanted {GOAL_AUC:.2f}")
    if result["maps"]:
        print(f"\n{map_table(result['maps'])}\n\n{equal_alarms_table(result['maps'])}")
    if result["variants"]:
        default = [{"variant": "the default"} | row for row in result["towns"]]
        print(
            f"\n{variant_table([row for row in default if row['town'] in TOWN_NAMES[:3]] + result['variants'])}"
        )
    for row in result["refused"]:
        print(f"{row['variant']}, without {row['town']}: {row['reason']}")
    if result["few"]:
        print(f"\n{few_table(result['few'])}")


if __name__ == "__main__":
    main()
