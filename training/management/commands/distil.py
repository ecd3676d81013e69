"""Make a small, quick model that says what a better one says of a town's ground."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.ingestion.lookup import find_scene
from damage.work.progress import progress_bar
from training.distillation import DEFAULT_WINDOWS, DistillationConfig, distil
from training.lookup import find_model_run
from training.management.commands.train import PARTS, SHOWN
from training.models import ModelRun
from training.networks.backbones.registry import BACKBONES, DEFAULT_BACKBONE


class Command(JsonCommand):
    help = (
        "Make a student of a finished model run: a head on a smaller backbone's features that says what the teacher "
        "says of windows of a town's scenes, drawn by chance. Nobody has to have tagged anything there. Name scenes of "
        "the town that the student is for. It is a candidate like any other; promote decides which one answers. "
        "Measured in two towns left out: a student of efficientnet-lite2-turned ranked 0.003 and 0.005 AUC better than "
        "the same backbone trained plainly, and was no better at its threshold."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("teacher", type=int, metavar="TEACHER_RUN", help="number of a finished model run")
        parser.add_argument("--scene", action="append", required=True, metavar="SCENE", dest="scenes",
                            help="a scene to draw from, by number or file name; may be given again")  # fmt: skip
        parser.add_argument("--backbone", default=DEFAULT_BACKBONE, choices=BACKBONES, metavar="NAME",
                            help=f"the student's, one of {', '.join(BACKBONES)}; default: %(default)s")  # fmt: skip
        parser.add_argument("--windows", type=int, default=DEFAULT_WINDOWS, metavar="N",
                            help="windows to draw; default: %(default)s")  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
        parser.add_argument("--network-px", type=int, metavar="PX",
                            help="side at which the student sees a window; default: what trainings on the same towns "
                            "measured, else 160 or the backbone's own if that is less")  # fmt: skip

    def run(self, **options: Any) -> dict[str, Any]:
        names = ("backbone", "windows", "seed", "network_px")
        teacher = find_model_run(options["teacher"])
        scenes = [find_scene(name) for name in options["scenes"]]
        config = DistillationConfig(**{name: options[name] for name in names})
        with progress_bar("distilling", "window") as progress:
            return summary(distil(teacher, scenes, config, progress=progress))

    def describe(self, result: dict[str, Any]) -> str:
        lines = [
            f"Model {result['model_run']}, {result['backbone']}, a student of model {result['teacher']}: threshold "
            f"{result['threshold']:.3f} ({result['seconds']:.0f} s)"
        ]
        for part in PARTS:
            if metrics := result["metrics"].get(part):
                shown = ", ".join(f"{name.replace('_', ' ')} {metrics[name]:.3f}" for name in SHOWN)
                lines.append(f"{part:>10} of its teacher ({metrics['crops']} crops): {shown}")
        return "\n".join([*lines, result["distillation"], result["threshold_reason"]])


def summary(run: ModelRun) -> dict[str, Any]:
    """What a person wants to know of a student."""
    record = run.parameters["distilled"]
    return {
        "model_run": run.pk,
        "question": run.question.slug,
        "backbone": run.backbone,
        "head": run.head,
        "seed": run.seed,
        "teacher": record["teacher"],
        "scenes": record["scenes"],
        "windows": record["windows"],
        "seconds": record["seconds"],
        "penalty": run.parameters["head"]["penalty"],
        "threshold": run.threshold,
        "threshold_reason": run.threshold_words,
        "distillation": run.distillation_words,
        "metrics": run.metrics,
        "code_version": run.code_version,
        "files": {row.kind: {"name": row.file.name, "sha256": row.sha256} for row in run.files.all()},
    }
