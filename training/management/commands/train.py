"""Train a model on what the crowd tagged."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.work.progress import progress_bar
from tagging.services import find_question
from training.config import DEFAULT_HEAD, HEAD_NAMES, TrainingConfig
from training.models import ModelRun
from training.networks.augmentation import DEFAULT_COPIES, FORMS
from training.networks.backbones.registry import DEFAULT_BACKBONE, feature_names
from training.services import train

PARTS = {"train": "learn from", "validation": "stop and choose the threshold on", "test": "measure on"}
SHOWN = ("auc", "balanced_accuracy", "precision", "recall", "f1")


class Command(JsonCommand):
    help = (
        "Train a model on the crops whose answer most taggers agree on, one town per part, and measure it. "
        "Towns that are not named are chosen: most tags first to train, then to validate, then to test. "
        "Each call makes its own run, a candidate; promote decides which one answers and predicts."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--question", required=True, help="the question's short name, such as damage")
        parser.add_argument("--backbone", default=DEFAULT_BACKBONE, choices=feature_names(), metavar="NAME",
                            help=f"one of {', '.join(feature_names())}; default: %(default)s")  # fmt: skip
        parser.add_argument("--head", default=DEFAULT_HEAD, choices=HEAD_NAMES,
                            help="what is trained on the backbone's features; default: %(default)s")  # fmt: skip
        for part, use in PARTS.items():
            parser.add_argument(f"--{part}-town", action="append", default=[], metavar="TOWN",
                                dest=f"{part}_towns",
                                help=f"a town to {use}, or EVENT/TOWN; may be given again")  # fmt: skip
        parser.add_argument("--per-class", type=int, metavar="N",
                            help="train on N crops of either answer, drawn with the seed; default: all")  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
        parser.add_argument("--max-fpr", type=float, metavar="RATE",
                            help="choose the threshold on the validation town alone, with this false positive rate, "
                            "0 to 1, at most; default: a threshold for towns that nobody tagged")  # fmt: skip
        parser.add_argument("--contrast", type=float, metavar="FACTOR",
                            help="stretch the pixels' contrast; default: the backbone's")  # fmt: skip
        parser.add_argument("--network-px", type=int, metavar="PX",
                            help="side at which the network sees a window: smaller is quicker, and tells hardly worse "
                            "where windows have few pixels; default: the smallest that does as well in "
                            "towns left out")  # fmt: skip
        parser.add_argument("--augment", default="none", choices=FORMS,
                            help="learn from copies of the training crops as well: the thesis's turns, or turned at "
                            "random and seen in another light; default: %(default)s")  # fmt: skip
        parser.add_argument("--copies", type=int, metavar="N",
                            help="images of each training crop, itself among them; default: "
                            f"{DEFAULT_COPIES['thesis']} (thesis), {DEFAULT_COPIES['sampled']} (sampled)")  # fmt: skip
        parser.add_argument("--fine-tune", type=int, default=0, metavar="BLOCKS", dest="fine_tune_blocks",
                            help="let so many of the backbone's last blocks learn as well; default: none")  # fmt: skip
        parser.add_argument("--adapt-to", default="", metavar="TOWN",
                            help="a town in which the model goes on learning by itself, from its crops and nobody's "
                            "answers, where these speak for it; it also decides the threshold then (head "
                            "logistic-regression)")  # fmt: skip
        parser.add_argument("--parent", type=int, metavar="RUN",
                            help="the model run that this one goes on from, kept with it")  # fmt: skip

    def run(self, **options: Any) -> dict[str, Any]:
        names = ("backbone", "head", "train_towns", "validation_towns", "test_towns", "per_class", "seed", "max_fpr",
                 "contrast", "network_px", "augment", "copies", "fine_tune_blocks", "adapt_to", "parent")  # fmt: skip
        question = find_question(options["question"])
        with progress_bar("training", "crop") as progress:
            run = train(
                question, TrainingConfig(**{name: options[name] for name in names}), progress=progress
            )
        return summary(run)

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"Model {result['model_run']}, {result['backbone']}: threshold {result['threshold']:.3f}"]
        for part in PARTS:
            towns = ", ".join(result["towns"][part])
            if metrics := result["metrics"].get(part):
                shown = ", ".join(f"{name.replace('_', ' ')} {metrics[name]:.3f}" for name in SHOWN)
                lines.append(f"{part:>10} ({towns}; {metrics['crops']} crops): {shown}")
        if tuning := result["metrics"].get("fine_tuning"):
            lines.append(tuning_words(result["metrics"]["best_epoch"], tuning["validation_loss_before"]))
        left_out = result["left_out"]
        lines.append(f"{left_out['unsure']} unsure and {left_out['tied']} tied crops were left out.")
        if left_out["unreviewed"]:
            lines.append(
                f"{left_out['unreviewed']} squares that nobody looked at (tag_undamaged) were left out of validation "
                "and test."
            )
        if left_out["pending"]:
            lines.append(
                f"{left_out['pending']} crops could not be cut from their scenes; manage.py cut_crops says why."
            )
        told = (result["adaptation"], result["threshold_reason"], result["expected"])
        return "\n".join(filter(None, [*lines, *told]))

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        number = result["model_run"]
        return (
            f"See /training/runs/{number}/ on the site.",
            f"To use it: manage.py promote {number} --by NAME, which a second person confirms.",
        )


def tuning_words(best_epoch: int, loss_before: float) -> str:
    """What fine-tuning did for the loss on the validation town."""
    if best_epoch == 0:
        return "Fine-tuning did not lower the loss on the validation crops: the network was left as it was."
    return f"Fine-tuning: epoch {best_epoch} was the best (validation loss before it: {loss_before:.3f})."


def summary(run: ModelRun) -> dict[str, Any]:
    """What a person wants to know of a finished run."""
    parameters = run.parameters
    return {
        "model_run": run.pk,
        "question": run.question.slug,
        "backbone": run.backbone,
        "head": run.head,
        "seed": run.seed,
        "towns": {part: parameters[f"{part}_towns"] for part in PARTS},
        "left_out": parameters["left_out"],
        "threshold": run.threshold,
        "adaptation": run.adaptation_words,
        "threshold_reason": run.threshold_words,
        "expected": run.expected_words,
        "metrics": run.metrics,
        "code_version": run.code_version,
        "files": {row.kind: {"name": row.file.name, "sha256": row.sha256} for row in run.files.all()},
    }
