"""Train many recipes on the same crops."""

from argparse import ArgumentParser
from typing import Any

from damage.work.progress import progress_bar
from training.config import HEAD_NAMES
from training.experiments.commands import ExperimentCommand
from training.experiments.cross_validation import TrainingConfigs, compare_recipes
from training.networks.backbones.registry import DEFAULT_BACKBONE, feature_names
from training.networks.classical import CLASSICAL


class Command(ExperimentCommand):
    help = (
        "Train every chosen backbone, or classical features, with every chosen head on the same crops, every way of "
        "giving three of the towns to training, validation and test, and report each recipe's mean metrics and their "
        "spread. Kept as an experiment; no model comes of it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_towns(parser)
        parser.add_argument("--backbones", nargs="+", default=[DEFAULT_BACKBONE, *CLASSICAL], choices=feature_names(),
                            metavar="NAME", help=f"of {', '.join(feature_names())}; "
                            f"default: {DEFAULT_BACKBONE} and the classical features")  # fmt: skip
        parser.add_argument("--heads", nargs="+", default=list(HEAD_NAMES), choices=HEAD_NAMES, metavar="NAME",
                            help=f"of {', '.join(HEAD_NAMES)}; default: all")  # fmt: skip
        parser.add_argument("--one-way", action="store_true",
                            help="only train on the first town, validate on the second, test on the third")  # fmt: skip
        parser.add_argument("--max-fpr", type=float, metavar="RATE",
                            help="that the threshold may have in validation; default: %(default)s")  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")

    def run(self, **options: Any) -> dict[str, Any]:
        names = ("towns", "backbones", "heads", "one_way", "max_fpr")
        compared = TrainingConfigs(**{name: options[name] for name in names}, seeds=[options["seed"]])
        with progress_bar("recipes compared", "step") as progress:
            return self.result(compare_recipes(self.question(options), compared, progress=progress))
