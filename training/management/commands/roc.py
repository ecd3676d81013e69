"""Say how far to trust a model run and what its thresholds mean on the ground."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.tables import markdown_table
from training.evaluation.operating_points import operating_points
from training.lookup import find_model_run


class Command(JsonCommand):
    help = (
        "ROC and precision-recall with bands, calibration, and for each wanted false positive rate the threshold "
        "chosen on the validation town, what it does in the test town, and how many false alarms that means on "
        "a square kilometre of undamaged windows. Kept as an experiment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, help="number of a finished model run")

    def run(self, **options: Any) -> dict[str, Any]:
        experiment = operating_points(find_model_run(options["run"]))
        return {"experiment": experiment.pk, **experiment.results}

    def describe(self, result: dict[str, Any]) -> str:
        calibration = result["calibration"]
        error = calibration["expected_error"]
        return "\n".join(
            [
                f"Experiment {result['experiment']}, measured on {result['part']}",
                "",
                markdown_table(result["columns"], result["rows"]),
                "",
                f"Calibration: expected error {error['as_is']:.3f}; {error['scaled']:.3f} at temperature "
                f"{calibration['temperature']:.2f}, fitted on validation.",
                "False alarms count windows that each tell a square kilometre without damage; suppression makes fewer "
                "boxes of them. Where none was seen, the rule of three gives at most so many.",
            ]
        )
