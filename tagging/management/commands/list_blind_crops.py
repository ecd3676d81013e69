from argparse import ArgumentParser
from typing import Any

from damage.accounts.services import find_account
from damage.commands import JsonCommand
from damage.tables import text_table
from damage.work.progress import progress_bar
from tagging.blind_answers import find_blind_crops
from tagging.quarantine import quarantine_crop

REASON = "answered although it shows mostly no data"


class Command(JsonCommand):
    help = "List squares that were answered although they mostly show no data; --set-aside takes them out of use."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--set-aside",
            action="store_true",
            help="take them out of use with their tags (quarantine --crop N --release puts one back)",
        )
        parser.add_argument("--by", metavar="USERNAME", default="", help="the admin who sets them aside")

    def run(self, *, set_aside: bool, by: str, **options: Any) -> dict[str, Any]:
        person = find_account(by) if set_aside else None
        with progress_bar("Scenes", "scene") as progress:
            found = find_blind_crops(progress)
        if person:
            for blind in found.crops:
                quarantine_crop(blind.crop, by=person, reason=REASON)
        crops = [
            {
                "crop": blind.crop.pk,
                "scene": blind.crop.scene_id,
                "x_px": blind.crop.x_px,
                "y_px": blind.crop.y_px,
                "size_px": blind.crop.size_px,
                "ground": round(blind.ground, 2),
                "answers": blind.answers,
            }
            for blind in found.crops
        ]
        return {"crops": crops, "set_aside": len(crops) if person else 0, "unreadable": found.unreadable}

    def describe(self, result: dict[str, Any]) -> str:
        crops = result["crops"]
        lines = [f"{name}: {why}" for name, why in result["unreadable"].items()]
        if not crops:
            return "\n".join([*lines, "Every answered square shows ground."])
        lines.append(text_table(list(crops[0]), [list(crop.values()) for crop in crops]))
        lines.append(f"{len(crops)} squares, {result['set_aside']} set aside")
        return "\n".join(lines)
