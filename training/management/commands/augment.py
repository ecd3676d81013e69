"""Write augmented copies of tagged crops."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from damage.commands import JsonCommand
from damage.work.progress import progress_bar
from tagging.services import find_question
from training.data.augmented_crops import chosen_augmentation
from training.data.augmented_files import write_augmented
from training.networks.augmentation import DEFAULT_COPIES


class Command(JsonCommand):
    help = (
        "Write turned, mirrored and otherwise changed copies of towns' tagged crops as images, with a list that "
        "import_crops takes. Each is cut from a larger square, so that no corner is lost: from the crop's scene where "
        "it is here, else from the crop's own mirror image."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--question", required=True, help="the question's short name, such as damage")
        parser.add_argument("--town", action="append", required=True, dest="towns", metavar="TOWN",
                            help="whose crops; may be given again")  # fmt: skip
        parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new or empty folder")
        parser.add_argument("--form", default="thesis", choices=("thesis", "sampled"),
                            help="36 rotations x 2 x 2 reflections, or turned at random and seen in another light; "
                            "default: %(default)s")  # fmt: skip
        parser.add_argument("--copies", type=int, metavar="N",
                            help="images of each crop, itself among them; default: "
                            f"{DEFAULT_COPIES['thesis']} (thesis), {DEFAULT_COPIES['sampled']} (sampled)")  # fmt: skip
        parser.add_argument("--seed", type=int, default=0, help="of the sampled form; default: %(default)s")
        parser.add_argument("--limit", type=int, metavar="N", help="take N crops at most")

    def run(self, **options: Any) -> dict[str, Any]:
        augmentation = chosen_augmentation(options["form"], options["copies"], options["seed"])
        with progress_bar("copies", "image") as progress:
            done = write_augmented(
                find_question(options["question"]),
                options["towns"],
                options["out"],
                augmentation,
                limit=options["limit"],
                progress=progress,
            )
        return {"crops": done.crops, "images": done.images, "list": str(done.list_path)}
