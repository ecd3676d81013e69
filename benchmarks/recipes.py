"""Networks beside what was measured before them, on real imagery: backbones and classical features, with every head.

    python benchmarks/recipes.py [--data ../shared/data] [--backbones efficientnet-lite0 hog ...]
                                 [--heads softmax svm ...] [--seed 0] [--json]

It is `manage.py compare_recipes` on three towns, in a data folder of its own below `build/`, which is kept: a second
call takes up the features.
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from benchmarks.real import EVENT, TOWNS  # noqa: E402
from benchmarks.workplace import start_django  # noqa: E402

FOLDER = ROOT / "build" / "benchmark-recipes"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--backbones", nargs="+", help="default: those of the command")
    parser.add_argument("--heads", nargs="+", help="default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not (options.data / "crops.csv").is_file():
        parser.error(f"{options.data} holds no crops.csv; name the folder with --data")
    start_django(FOLDER, empty=False)
    from django.core.management import call_command

    from damage.tables import markdown_table
    from damage.work.progress import progress_bar
    from tagging.importing import import_crops
    from tagging.services import find_question
    from training.config import HEAD_NAMES
    from training.experiments.cross_validation import TrainingConfigs, compare_recipes
    from training.networks.backbones.registry import DEFAULT_BACKBONE
    from training.networks.classical import CLASSICAL

    call_command("migrate", verbosity=0)
    import_crops(options.data.resolve() / "crops.csv", event=EVENT)
    recipes = TrainingConfigs(
        towns=TOWNS,
        backbones=options.backbones or [DEFAULT_BACKBONE, *CLASSICAL],
        heads=options.heads or HEAD_NAMES,
        seeds=[options.seed],
    )
    with progress_bar("recipes", "step") as progress:
        experiment = compare_recipes(find_question("damage"), recipes, progress=progress)
    results = experiment.results
    seconds = (experiment.finished_at - experiment.started_at).total_seconds()
    if options.json:
        print(json.dumps(results | {"seconds": seconds}, indent=2))
        return
    print(markdown_table(results["columns"], results["rows"]))
    print(f"{seconds:.0f} seconds")


if __name__ == "__main__":
    main()
