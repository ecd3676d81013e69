"""Train every way of giving towns to training, validation and test."""

from argparse import ArgumentParser
from typing import Any

from damage.work.progress import progress_bar
from training.experiments.commands import ExperimentCommand
from training.experiments.cross_validation import ExperimentConfig, cross_towns


class Command(ExperimentCommand):
    help = (
        "Train every way of giving three of the towns to training, validation and test, and report each way's metrics, "
        "their mean and their spread. Kept as an experiment; no model comes of it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--max-fpr", type=float, metavar="RATE",
                            help="that the threshold may have in validation; default: %(default)s")  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")

    def run(self, **options: Any) -> dict[str, Any]:
        config = ExperimentConfig(**self.chosen(options), seeds=[options["seed"]], max_fpr=options["max_fpr"])
        with progress_bar("towns crossed", "step") as progress:
            return self.result(cross_towns(self.question(options), config, progress=progress))
