from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from damage.commands import JsonCommand
from damage.work.progress import progress_bar
from tagging.importing import import_crops


class Command(JsonCommand):
    help = "Bring labelled crops along from earlier events: all that a CSV lists, or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "csv",
            metavar="CSV",
            type=Path,
            help="columns file (relative to the CSV), town, label (damage, no_damage, unsure, or the key of one of the "
            "question's answers); "
            "and where known scene, x, y, size_px, gsd_m, lon, lat",
        )
        parser.add_argument("--event", required=True, help="name of the event; made if new")
        parser.add_argument("--question", default="damage", help="what the labels answer (default: damage)")

    def run(self, *, csv: Path, event: str, question: str, **options: Any) -> dict[str, Any]:
        with progress_bar("Crops", "crop") as progress:
            imported = import_crops(csv, event=event, question=question, progress=progress)
        return asdict(imported)

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{town:<24}" + "".join(f"{count:>7} {label}" for label, count in labels.items())
            for town, labels in result["towns"].items()
        ]
        totals = (
            f"{result['added']} added, {result['already']} already there, {result['changed']} corrected, "
        )
        if code := result["guessed_code"]:
            lines.append(
                f"The list is not in UTF-8 and was read as {code}: if names above look wrong, save it as UTF-8."
            )
        return "\n".join([*lines, totals + f"{result['in_scenes']} in scenes that are here"])

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return ("See /tags/ on the site. Next: manage.py train --question QUESTION",)
