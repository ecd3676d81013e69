"""Does a student of a better, slower model tell damage better in a town that neither has seen?

    python benchmarks/distil.py [--data ../shared/data] [--teacher efficientnet-lite2-turned] [--network-px 128]
                                [--windows 1500] [--towns NAME ...] [--seeds 2] [--json]

Each SkySat town in turn is left out. `train` makes EfficientNet-Lite0 and the teacher of the other SkySat towns, and
`distil` a student of the teacher, EfficientNet-Lite0 too, from windows of the left-out town's own mosaics of after the
earthquake, of which no answer is looked at. All are measured on the town's crops, at their own thresholds; a
student's is its teacher's. The site lies below `build/` and is made anew by every call; only features are kept.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
SITE = ROOT / "build" / "benchmark-distil"

SKYSAT = ("adiyaman", "kahramanmaras", "turkoglu", "gaziantep")
# Gaziantep has one damaged crop.
LEFT_OUT = SKYSAT[:3]
SHOWN = ("auc", "balanced_accuracy", "best_balanced_accuracy", "recall", "false_positive_rate", "threshold")


def measured(
    town: str, *, teacher_backbone: str, network_px: int | None, windows: int, seeds: int
) -> list[dict[str, Any]]:
    """A row for each model: Lite0 trained plainly, the teacher, and a student for each seed."""
    from benchmarks.accuracy_trials import figures, trained_without
    from damage.ingestion.models import Scene
    from damage.work.progress import progress_bar
    from training.distillation import DistillationConfig, distil

    others = [other for other in SKYSAT if other != town]
    plain, teacher = (
        trained_without(town, train_towns=others, backbone=backbone, network_px=network_px)
        for backbone in ("efficientnet-lite0", teacher_backbone)
    )
    rows = [
        _row("Lite0, plain", plain, figures(plain, town)),
        _row("teacher", teacher, figures(teacher, town)),
    ]
    scenes = list(Scene.objects.filter(name__startswith=f"{town}_", name__endswith="_post.tif"))
    for seed in range(seeds):
        config = DistillationConfig(windows=windows, seed=seed, network_px=network_px)
        with progress_bar(f"student for {town}, seed {seed}", "window") as progress:
            student = distil(teacher, scenes, config, progress=progress)
        row = _row(f"student, seed {seed}", student, figures(student, town))
        found, record = student.metrics["distillation"], student.parameters["distilled"]
        row |= {"r2": found["r2"], "rank_correlation": found["rank_correlation"]}
        row |= {"called_share": found["called_share"], "penalty": student.parameters["head"]["penalty"]}
        rows.append(row | {"seconds": record["seconds"]})
    return rows


def _row(model: str, run: Any, found: dict[str, Any]) -> dict[str, Any]:
    seconds = (run.finished_at - run.started_at).total_seconds()
    return {
        "town": found["town"],
        "model": model,
        **{name: found[name] for name in SHOWN},
        "seconds": seconds,
    }


def figures_table(rows: list[dict[str, Any]]) -> str:
    """A line for each town and model."""
    from damage.tables import markdown_table

    columns = (
        "town",
        "model",
        *SHOWN,
        "at_teachers_threshold",
        "r2",
        "rank_correlation",
        "called_share",
        "seconds",
    )
    return markdown_table(
        [name.replace("_", " ") for name in columns], [[row.get(name) for name in columns] for row in rows]
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--teacher", default="efficientnet-lite2-turned", metavar="BACKBONE",
                        help="default: %(default)s")  # fmt: skip
    parser.add_argument("--network-px", type=int, default=128, metavar="PX",
                        help="side at which all see a window; default: %(default)s")  # fmt: skip
    parser.add_argument("--windows", type=int, default=1500, help="default: %(default)s")
    parser.add_argument("--towns", nargs="+", choices=LEFT_OUT, default=LEFT_OUT, metavar="NAME",
                        help=f"leave out these alone; default: {', '.join(LEFT_OUT)}")  # fmt: skip
    parser.add_argument("--seeds", type=int, default=2, help="seeds 0 to SEEDS - 1; default: %(default)s")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    from benchmarks.machine import machine_facts
    from benchmarks.workplace import start_django

    start_django(SITE, empty=True, keep=["features"])
    from benchmarks.accuracy_trials import bring_in

    machine = machine_facts()
    bring_in(options.data.resolve())
    rows: list[dict[str, Any]] = []
    for town in options.towns:
        rows += measured(
            town,
            teacher_backbone=options.teacher,
            network_px=options.network_px,
            windows=options.windows,
            seeds=options.seeds,
        )
        print(figures_table(rows), file=sys.stderr, flush=True)
    print(
        json.dumps({"machine": machine, "rows": rows}, indent=2)
        if options.json
        else f"{figures_table(rows)}\n\n{machine['processor']}, load before {machine['load_before']}"
    )


if __name__ == "__main__":
    main()
