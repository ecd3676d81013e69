"""Train with few crops and with more."""

from argparse import ArgumentParser
from typing import Any

from damage.work.progress import progress_bar
from training.experiments.commands import ExperimentCommand
from training.experiments.cross_validation import THESIS, ExperimentConfig, learning_curve


class Command(ExperimentCommand):
    help = (
        "Train with 20, 50, 100, 150 and 200 crops of one town, every way round and with several seeds, and report "
        "mean metrics in the test town beside the thesis's. Kept as an experiment; no model comes of it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--crops", type=int, nargs="+", default=list(THESIS), metavar="N",
                            help="how many training crops, half of either answer; default: the thesis's")  # fmt: skip
        parser.add_argument(
            "--seeds", type=int, default=5, metavar="N", help="how many draws; default: %(default)s"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        config = ExperimentConfig(
            **self.chosen(options), counts=options["crops"], seeds=list(range(max(1, options["seeds"])))
        )
        with progress_bar("learning curve", "step") as progress:
            return self.result(learning_curve(self.question(options), config, progress=progress))
