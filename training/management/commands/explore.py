"""Lay scenes or crops out so that like lies near like."""

from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.tables import markdown_table
from damage.work.progress import progress_bar
from tagging.services import find_question
from training.experiments.exploration import CHANNELS, CROPS, MOST_IMAGES, SCENES, Exploration, explore
from training.networks.backbones.registry import BACKBONES


class Command(JsonCommand):
    help = (
        "Place scenes (or tagged crops) of an event on a plane with t-SNE so that like lies near like, and say how "
        "far its towns lie apart. A mosaic stands there as the tiles of one level of its pyramid, 64 at most. "
        "Kept as an experiment, with a page to look around in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--event", required=True, help="the event, by name or slug")
        parser.add_argument("--town", action="append", default=[], dest="towns", metavar="TOWN",
                            help="a town of it; may be given again; default: all")  # fmt: skip
        parser.add_argument("--of", choices=(SCENES, CROPS), default=SCENES, help="default: %(default)s")
        parser.add_argument("--features", default=CHANNELS, choices=(CHANNELS, *BACKBONES), metavar="NAME",
                            help="channels (mean and deviation of each, as in the thesis) or a backbone: "
                            f"{', '.join(BACKBONES)}; default: %(default)s")  # fmt: skip
        parser.add_argument("--question", default="damage",
                            help="whose answers mark crops; default: %(default)s")  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
        parser.add_argument("--limit", type=int, default=Exploration.limit, metavar="N",
                            help=f"images at most (up to {MOST_IMAGES}), drawn with the seed; "
                            "default: %(default)s")  # fmt: skip

    def run(self, **options: Any) -> dict[str, Any]:
        names = ("event", "towns", "of", "features", "seed", "limit")
        question = find_question(options["question"]) if options["of"] == CROPS else None
        with progress_bar("exploration", "image") as progress:
            wanted = Exploration(**{name: options[name] for name in names})
            experiment = explore(wanted, question=question, progress=progress)
        return {"experiment": experiment.pk, "kind": experiment.kind, **experiment.results}

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"Experiment {result['experiment']}", "", markdown_table(result["columns"], result["rows"])]
        if answers := result.get("answers"):
            lines += ["", markdown_table(answers["columns"], answers["rows"])]
        if result["left_out"]:
            lines.append(f"{result['left_out']} were left out: less than half of their ground was flown.")
        return "\n".join([*lines, f"See /training/experiments/{result['experiment']}/ on the site."])
