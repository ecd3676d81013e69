"""Take in a model that another site exported."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.commands import JsonCommand
from tagging.services import find_question
from training.registry.exchange import import_model


class Command(JsonCommand):
    help = (
        "Take in a file that export_model wrote, as a candidate for a question. A file that was changed, or that is "
        "anything else, is refused, and so is a model that gives other scores here than where it was exported. Nothing "
        "in the file is run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .damage-model file")
        parser.add_argument("--question", required=True, help="the question's short name, such as damage")
        parser.add_argument("--sha256", metavar="DIGEST", help="the digest that the file must have")

    def run(self, **options: Any) -> dict[str, Any]:
        question = find_question(options["question"])
        imported = import_model(options["file"], question, sha256=options["sha256"])
        origin = imported.run.parameters["imported"]
        return {
            "model_run": imported.run.pk,
            "is_new": imported.is_new,
            "stage": imported.run.stage,
            "sha256": origin["sha256"],
            "origin": {"site": origin["site"], "model_run": origin["model_run"]},
        }

    def describe(self, result: dict[str, Any]) -> str:
        if not result["is_new"]:
            return f"Already there: model run {result['model_run']}, {result['stage']}."
        origin = result["origin"]
        where = f" of {origin['site']}" if origin["site"] else ""
        return (
            f"Model run {result['model_run']} is a candidate now (run {origin['model_run']}{where}).\n"
            f"Propose it with: manage.py promote {result['model_run']} --by NAME"
        )

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return (f"See /training/runs/{result['model_run']}/ on the site.",)
