"""Run a model over orthomosaics and photos."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.lookup import find_scene, scenes_of
from damage.ingestion.models import Scene
from damage.messages import Message as _
from damage.messages import worded
from damage.work.progress import progress_bar
from prediction.lookup import find_run, page_of
from prediction.models import PredictionRun
from prediction.options import MAX_IOU, PredictionOptions, RunnerConfig
from prediction.services import cancel, explanation, predict_all, resume, rethreshold
from training.lookup import chosen_model


class Command(JsonCommand):
    help = (
        "Run a model over orthomosaics or photos and store where it sees damage: rows for the map, a GeoJSON, a "
        "zipped shapefile, the score of every window and a heat map. A photo has no georeference: its places are "
        "boxes in its pixels and the camera's position. Each call makes runs of its own; none is replaced. "
        "A run that was stopped, even by a power cut, goes on with --resume."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scene", nargs="*", help="the scenes' numbers or file names")
        parser.add_argument("--event", default="", help="instead of names: all mosaics of this event")
        parser.add_argument("--town", default="", help="with --event: of this town alone")
        parser.add_argument(
            "--photos", action="store_true", help="with --event: the photos too, each a run of its own"
        )
        parser.add_argument("--resume", type=int, metavar="RUN", help="go on with a run that was stopped")
        parser.add_argument("--cancel", type=int, metavar="RUN", help="stop a run, wherever it works")
        parser.add_argument(
            "--again",
            type=int,
            metavar="RUN",
            help="take a finished run's places from its scores anew, with --threshold or --max-iou",
        )
        parser.add_argument("--explain", action="store_true", help="say which way it would take, and why")
        parser.add_argument("--model", type=int, help="number of a model run; default: the promoted one")
        parser.add_argument("--question", default="damage", help="whose promoted model runs; default: damage")
        parser.add_argument("--threshold", type=float, help="least score, 0 to 1; default: the model's own")
        parser.add_argument(
            "--max-iou",
            type=float,
            help="boxes may overlap by this share, 0 to 1, before the worse one gives way; default: "
            f"{MAX_IOU}, which keeps every window that reaches the threshold; 0: no overlap",
        )
        parser.add_argument("--engine", choices=("openvino", "keras"), default=PredictionOptions.engine)
        parser.add_argument("--precision", choices=("f32", "bf16"), help="default: the quickest there is")
        parser.add_argument("--workers", type=int, default=1, help="so many processes; default: this one")
        parser.add_argument(
            "--dask", default="", metavar="tcp://…", help="on this cluster; default: DAMAGE_DASK"
        )

    def run(self, **options: Any) -> dict[str, Any]:
        runner_config = RunnerConfig(workers=options["workers"], dask=options["dask"])
        if options["cancel"] is not None:
            run = find_run(options["cancel"])
            cancel(run, by=None)
            return {"prediction_run": run.pk, "status": run.status}
        if options["resume"] is not None:
            run = find_run(options["resume"])
            with progress_bar(run.scene.name, "px") as progress:
                return summary(resume(run, runner_config=runner_config, progress=progress))
        if options["again"] is not None:
            run = find_run(options["again"])
            rethreshold(run, threshold=options["threshold"], max_iou=options["max_iou"])
            return summary(run)
        scenes = _scenes(options)
        model_run = chosen_model(options["model"], question=options["question"])
        chosen = {name: options[name] for name in ("threshold", "max_iou", "engine", "precision")}
        chosen_options = PredictionOptions(
            **{name: value for name, value in chosen.items() if value is not None}
        )
        if options["explain"]:
            return _one_or_all(
                [
                    explanation(scene, model_run, options=chosen_options, runner_config=runner_config)
                    for scene in scenes
                ]
            )
        label = scenes[0].name if len(scenes) == 1 else f"{len(scenes)} scenes"
        with progress_bar(label, "px") as progress:
            runs = predict_all(
                scenes,
                model_run,
                requested_by=None,
                options=chosen_options,
                runner_config=runner_config,
                progress=progress,
                begun=self.announce,
            )
        return _one_or_all([summary(run) for run in runs])

    def describe(self, result: dict[str, Any]) -> str:
        return "\n\n".join(super(Command, self).describe(each) for each in result.get("runs", [result]))

    def then(self, result: dict[str, Any]) -> list[str]:
        runs = result.get("runs", [result])
        return [f"See {each['page']} on the site." for each in runs if "page" in each]

    def announce(self, runs: list[PredictionRun]) -> None:
        """Say which runs these are, for whoever has to resume them after a power cut."""
        for run in runs:
            self.stderr.write(
                f"Prediction run {run.pk}: {run.scene.name}. "
                f"Should it be stopped, go on with: predict --resume {run.pk}"
            )


def _scenes(options: dict[str, Any]) -> list[Scene]:
    if bool(options["scene"]) == bool(options["event"]):
        raise Refused(
            _("Say which scenes."), _("Give their numbers or names, or --event and perhaps --town.")
        )
    if options["event"]:
        return scenes_of(options["event"], options["town"], with_photos=options["photos"])
    return [find_scene(name) for name in options["scene"]]


def _one_or_all(results: list[dict[str, Any]]) -> dict[str, Any]:
    return results[0] if len(results) == 1 else {"runs": results}


def summary(run: PredictionRun) -> dict[str, Any]:
    """What a person wants to know of a finished run."""
    megapixels = (run.units_total - run.pixels_done_before) / 1e6
    return {
        "prediction_run": run.pk,
        "scene": run.scene.name,
        "model_run": run.model_run_id,
        "threshold": run.threshold,
        "windows": run.windows_total,
        "detections": run.found().count(),
        "megapixels_per_second": round(megapixels / run.timings_s["scoring"], 2),
        "timings_s": run.timings_s,
        "warnings": worded(run.parameters["warnings"]),
        "result_sha256": run.result_sha256,
        "geojson": run.geojson_file.name,
        "shapefile": run.shapefile_zip.name,
        "scores": run.score_file.name,
        "heat": run.heat_file.name,
        "page": page_of(run),
    }
