"""What the commands of a town's own sample share."""

from argparse import ArgumentParser
from typing import Any

from prediction.town_sample.recalibration import Goal


def add_goal(parser: ArgumentParser, *, required: bool) -> None:
    """Declare the ways to say what a threshold is to reach, one of which is chosen."""
    goals = parser.add_mutually_exclusive_group(required=required)
    goals.add_argument("--precision", type=float, help="of the windows called, so many show damage: 0 to 1")
    goals.add_argument("--recall", type=float, help="of the windows with damage, so many are called: 0 to 1")
    goals.add_argument(
        "--balanced", action="store_true", help="the best mean of recall and of undamaged windows not called"
    )


def goal_of(options: dict[str, Any]) -> Goal:
    """What was asked for; without a word the best balanced accuracy."""
    if options["precision"] is not None:
        return Goal("precision", options["precision"])
    return Goal("balanced") if options["recall"] is None else Goal("recall", options["recall"])
