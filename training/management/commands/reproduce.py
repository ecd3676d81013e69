"""Train a model run again and tell whether the same came of it."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.work.progress import progress_bar
from training.lookup import find_model_run
from training.reproduction import reproduce


class Command(JsonCommand):
    help = (
        "Train again with a run's own crops, seed and parameters, as a run of its own whose parent it is, and report "
        "whether scores, metrics and weights are equal. The exit status is 1 where they are not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="number of a finished model run")

    def run(self, **options: Any) -> dict[str, Any]:
        run = find_model_run(options["run"])
        with progress_bar("features", "crop") as progress:
            found = reproduce(run, progress=progress)
        return {
            "ok": found.is_equal,
            "model_run": run.pk,
            "again": found.again.pk,
            "is_equal": found.is_equal,
            "same_metrics": found.same_metrics,
            "same_weights": found.same_weights,
            "largest_difference_of_a_score": found.largest_difference,
            "then": {"code": run.code_version, "libraries": run.library_versions, "hardware": run.hardware},
            "now": {
                "code": found.again.code_version,
                "libraries": found.again.library_versions,
                "hardware": found.again.hardware,
            },
        }

    def describe(self, result: dict[str, Any]) -> str:
        difference = result["largest_difference_of_a_score"]
        words = "Equal" if result["is_equal"] else "Not equal"
        lines = [
            f"{words}: model run {result['again']} did {result['model_run']} again; "
            f"the largest difference of a score is {difference:.3g}."
        ]
        if not result["is_equal"]:
            differing = [name for name in result["then"] if result["then"][name] != result["now"][name]]
            lines.append(f"What differs: {', '.join(differing) or 'nothing that was recorded'}.")
        return "\n".join(lines)
