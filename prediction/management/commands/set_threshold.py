"""Set a prediction's threshold by what people saw of a sample of its places, or by undamaged ground."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.messages import Message as _
from prediction.lookup import find_run, page_of
from prediction.town_sample.command_line import add_goal, goal_of
from prediction.town_sample.services import set_threshold
from prediction.undamaged_ground import DEFAULT_SHARE, set_threshold_by_undamaged


class Command(JsonCommand):
    help = (
        "Set the threshold of a finished prediction for a wanted precision or recall, or the best balanced accuracy, "
        "by the answers of review_sample's table; its detections and files change, the network is not asked. Precision "
        "and recall are of windows, with intervals that hold 19 times in 20. Without answers: by a prediction of the "
        "same model over imagery from before the event, where all that is called is a false alarm."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("prediction_run", type=int, help="number of the prediction run that was sampled")
        parser.add_argument(
            "answers", type=Path, nargs="?", help="the table, with its column of answers filled in"
        )
        add_goal(parser, required=False)
        parser.add_argument("--undamaged", type=int, metavar="RUN",
                            help="a prediction run over undamaged ground, in place of answers")  # fmt: skip
        parser.add_argument("--share", type=float, default=DEFAULT_SHARE, metavar="S",
                            help="share of its windows that may be called; default: %(default)s")  # fmt: skip

    def run(self, **options: Any) -> dict[str, Any]:
        run, answers, undamaged = (options[name] for name in ("prediction_run", "answers", "undamaged"))
        if (answers is None) == (undamaged is None):
            raise Refused(
                _("Answers, or a run over undamaged ground: one of the two sets a threshold."),
                _("Give the table that review_sample wrote, or --undamaged RUN."),
            )
        goals = (options["precision"], options["recall"], options["balanced"] or None)
        if answers and all(goal is None for goal in goals):
            raise Refused(
                _("What the threshold is to reach is not said."),
                _("Give --precision P, --recall R or --balanced."),
            )
        run = find_run(run)
        kept = (
            set_threshold(run, answers, goal=goal_of(options))
            if undamaged is None
            else set_threshold_by_undamaged(run, find_run(undamaged), share=options["share"])
        )
        return {"prediction_run": run.pk, "detections": run.found().count(), **kept, "page": page_of(run)}

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return (f"See {result['page']} on the site.",)

    def describe(self, result: dict[str, Any]) -> str:
        if result["goal"] == "undamaged":
            return super().describe(
                {
                    "threshold": f"{result['value']:.3f}",
                    "called before the event": f"{result['called']} of {result['windows']} windows",
                    "detections": result["detections"],
                }
            )
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
