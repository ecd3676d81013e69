"""Cutting the pixels of tagged squares."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.work.progress import progress_bar
from tagging.cutting import cut_pending_crops, keep_cutting

NICENESS = 15  # people who tag come first


class Command(JsonCommand):
    help = (
        "Cut the pixels of tagged squares out of their scenes. `serve` does it all the time; alone, this tries once, "
        "also what failed before, and says what could not be cut and why."
    )
    requires_system_checks = ()  # they import every view, and this runs beside the site for months

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--watch", action="store_true", help="go on until stopped, as squares are tagged")

    def run(self, *args: Any, **options: Any) -> dict[str, Any]:
        if options["watch"]:
            os.nice(NICENESS)
            try:
                keep_cutting()
            except KeyboardInterrupt:  # as it should end: what is half cut is cut again by the next
                sys.exit(0)
        with progress_bar("cutting", "crop") as progress:
            outcome = cut_pending_crops(progress=progress)
        return {
            "cut": outcome.cut,
            "failed": outcome.failed,
            "problems": {scene: str(problem) for scene, problem in outcome.problems.items()},
            "ok": not outcome.failed,
        }

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"{result['cut']} crops were cut, {result['failed']} could not be; their tags are kept."]
        return "\n".join(
            lines + [f"scene {scene}: {problem}" for scene, problem in result["problems"].items()]
        )
