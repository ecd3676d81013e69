"""Run a model over an orthomosaic."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.progress import progress_bar
from prediction.models import PredictionRun
from prediction.scoring import MAX_IOU
from prediction.services import chosen_model, find_scene, predict


class Command(JsonCommand):
    help = (
        "Run a model over an orthomosaic and store where it sees damage: rows for the map, a GeoJSON, "
        "a zipped shapefile and the score of every window. Each call makes its own run; none is replaced."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scene", help="the orthomosaic's number or file name")
        parser.add_argument(
            "--model", type=int, help="number of a model run; default: the question's current"
        )
        parser.add_argument("--question", default="damage", help="whose current model runs; default: damage")
        parser.add_argument("--threshold", type=float, help="least score, 0 to 1; default: the model's own")
        parser.add_argument(
            "--max-iou",
            type=float,
            default=MAX_IOU,
            help="boxes may overlap by this share, 0 to 1; default: %(default)s, not at all",
        )

    def run(self, **options: Any) -> dict[str, Any]:
        scene = find_scene(options["scene"])
        model_run = chosen_model(options["model"], question=options["question"])
        with progress_bar(scene.name, "window") as progress:
            run = predict(
                scene,
                model_run,
                requested_by=None,
                threshold=options["threshold"],
                max_iou=options["max_iou"],
                progress=progress,
            )
        return summary(run)


def summary(run: PredictionRun) -> dict[str, Any]:
    """What a person wants to know of a finished run."""
    seconds = run.timings_s["scoring"]
    megapixels = run.scene.width_px * run.scene.height_px / 1e6
    return {
        "prediction_run": run.pk,
        "scene": run.scene.name,
        "model_run": run.model_run_id,
        "threshold": run.threshold,
        "windows": run.windows_total,
        "detections": run.found().count(),
        "megapixels_per_second": round(megapixels / seconds, 2),
        "timings_s": run.timings_s,
        "warnings": run.parameters["warnings"],
        "geojson": run.geojson_file.name,
        "shapefile": run.shapefile_zip.name,
        "scores": run.score_file.name,
    }
