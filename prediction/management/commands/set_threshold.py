"""Set a prediction's threshold by what people saw of a sample of its places."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.commands import JsonCommand
from prediction.lookup import find_run
from prediction.town_sample.command_line import add_goal, goal_of
from prediction.town_sample.services import set_threshold


class Command(JsonCommand):
    help = (
        "Set the threshold of a finished prediction for a wanted precision or recall, or the best balanced accuracy, "
        "by the answers of review_sample's table; its detections and files change, the network is not asked. Precision "
        "and recall are of windows, with intervals that hold 19 times in 20."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prediction_run", type=int, help="number of the prediction run that was sampled")
        parser.add_argument("answers", type=Path, help="the table, with its column of answers filled in")
        add_goal(parser, required=True)

    def run(self, **options: Any) -> dict[str, Any]:
        run = find_run(options["prediction_run"])
        kept = set_threshold(run, options["answers"], goal=goal_of(options))
        return {"prediction_run": run.pk, "detections": run.found().count(), **kept}

    def describe(self, result: dict[str, Any]) -> str:
        words = {
            "threshold": _interval(result["threshold"]),
            "expected precision": _interval(result["precision"]),
            "expected recall": _interval(result["recall"]),
            "precision by the sample alone": _rate(result["sampled_precision"]),
            "recall by the sample alone": _rate(result["sampled_recall"]),
            "calibrated logit": f"{result['bias']:.2f} + {result['slope']:.2f} x logit",
            "answers": ", ".join(f"{count} {name}" for name, count in result["answers"].items()),
            "detections": result["detections"],
        }
        return super().describe(words)


def _interval(estimate: dict[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def _rate(rate: float | None) -> str:
    return "unknown" if rate is None else f"{rate:.3f}"
