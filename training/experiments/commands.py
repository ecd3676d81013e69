"""What the commands of experiments share."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.tables import markdown_table
from tagging.models import Question
from tagging.services import find_question
from training.config import DEFAULT_HEAD, HEAD_NAMES
from training.models import Experiment
from training.networks.backbones.registry import DEFAULT_BACKBONE, feature_names


class ExperimentCommand(JsonCommand):
    """A command that carries out an experiment and prints its table."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        self.add_towns(parser)
        parser.add_argument("--backbone", default=DEFAULT_BACKBONE, choices=feature_names(), metavar="NAME",
                            help=f"one of {', '.join(feature_names())}; default: %(default)s")  # fmt: skip
        parser.add_argument("--head", default=DEFAULT_HEAD, choices=HEAD_NAMES, help="default: %(default)s")

    def add_towns(self, parser: ArgumentParser) -> None:
        """Declare the question and the towns."""
        parser.add_argument("--question", required=True, help="the question's short name, such as damage")
        parser.add_argument("--town", action="append", required=True, dest="towns", metavar="TOWN",
                            help="a town; three at least")  # fmt: skip

    def question(self, options: dict[str, Any]) -> Question:
        return find_question(options["question"])

    def chosen(self, options: dict[str, Any]) -> dict[str, Any]:
        return {name: options[name] for name in ("towns", "backbone", "head")}

    def result(self, experiment: Experiment) -> dict[str, Any]:
        return {"experiment": experiment.pk, "kind": experiment.kind, **experiment.worded_results}

    def describe(self, result: dict[str, Any]) -> str:
        refused = sorted({row["refused"] for row in result["trials"] if "refused" in row})
        table = markdown_table(result["columns"], result["rows"])
        return "\n".join(
            [f"Experiment {result['experiment']}", "", table, *(f"Left out: {why}" for why in refused)]
        )
