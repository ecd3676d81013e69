"""What the two ingest commands share."""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from damage.commands import JsonCommand
from damage.ingestion.capture import SceneRole
from damage.ingestion.mosaic_time import parsed_time
from damage.ingestion.photo_problems import NAMES, Problem
from damage.ingestion.reports import FileReport

NEXT_STEP = (
    "Tag them on the site's page /tag/, or predict: manage.py predict SCENE (list_scenes gives numbers)"
)
WORDS = {"added": "added", "already": "already there", "refused": "refused", "left_out": "left out"}


class IngestCommand(JsonCommand):
    """Files of one town, reported one by one."""

    taken_help = (
        "when it was taken, as 2023-02-08 or 2023-02-08T10:15+03:00; default: what its tags or its name say"
    )

    nothing = "No photo was found there."

    def add_place(self, parser: ArgumentParser, *, required: bool = True) -> None:
        parser.add_argument(
            "--event", required=required, help="name of the event, e.g. 'Oaxaca 2017'; made if new"
        )
        parser.add_argument("--town", required=required, help="name of the town; made if new")
        parser.add_argument("--before", action="store_true", help="the imagery is from before the event")
        parser.add_argument("--taken", metavar="TIME", help=self.taken_help)

    def told(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """What the options say of all files: their role, and when they were taken."""
        return {
            "role": SceneRole.BEFORE if options["before"] else SceneRole.AFTER,
            "taken": parsed_time(options["taken"]) if options["taken"] else None,
        }

    def result(self, reports: list[FileReport]) -> dict[str, Any]:
        counts = Counter(report.status for report in reports)
        return {
            "ok": bool(counts["added"] + counts["already"]) and not counts["refused"],
            **{status: counts[status] for status in WORDS},
            "problems": dict(Counter(problem for report in reports for problem in report.problems)),
            "files": [asdict(report) for report in reports],
        }

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"{WORDS[file['status']]:>13}  {file['file']}  {file['reason'] or file['note']}".rstrip()
            for file in result["files"]
        ]
        shown = {status: word for status, word in WORDS.items() if status != "left_out" or result[status]}
        totals = ", ".join(f"{result[status]} {word}" for status, word in shown.items())
        here = result["added"] + result["already"]
        problems = [
            f"{count} of {here}: {NAMES[Problem(code)]} (manage.py list_scenes --problem {code})"
            for code, count in result["problems"].items()
        ]
        return "\n".join([*(lines or [self.nothing]), totals, *problems])

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return (NEXT_STEP,) if result["added"] + result["already"] else ()
