"""Draw places of a prediction for people to look at."""

from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from damage.commands import JsonCommand
from prediction.lookup import find_run
from prediction.town_sample.answers import SampledPlace, sample_csv
from prediction.town_sample.command_line import add_goal, goal_of
from prediction.town_sample.services import draw_sample


class Command(JsonCommand):
    help = (
        "Draw places of a finished prediction for people to look at, as CSV with a column for their answers: yes, no "
        "or unsure. Two rounds tell most: fill in 20 places, then draw 30 more with --answers, which lie around the "
        "threshold that the first ones point to. set_threshold takes the filled-in table."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prediction_run", type=int, help="number of a finished prediction run")
        parser.add_argument("--count", type=int, default=50, help="how many to draw; default: %(default)s")
        parser.add_argument("--seed", type=int, default=0, help="the same seed draws the same places")
        parser.add_argument(
            "--answers", type=Path, metavar="CSV", help="an earlier round, filled in: go on from there"
        )
        add_goal(parser, required=False)

    def run(self, **options: Any) -> dict[str, Any]:
        places = draw_sample(
            find_run(options["prediction_run"]),
            count=options["count"],
            seed=options["seed"],
            answers_path=options["answers"],
            goal=goal_of(options),
        )
        return {"prediction_run": options["prediction_run"], "places": [asdict(place) for place in places]}

    def describe(self, result: dict[str, Any]) -> str:
        return sample_csv([SampledPlace(**place) for place in result["places"]])
