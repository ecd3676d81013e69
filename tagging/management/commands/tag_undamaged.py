from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from damage.commands import JsonCommand
from damage.ingestion.lookup import find_scene
from damage.work.progress import progress_bar
from tagging.background_negatives import tag_undamaged, untag_undamaged
from tagging.services import find_question


class Command(JsonCommand):
    help = 'Tag random squares of imagery that is known to be undamaged "no": ground that nobody would tag.'

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "scene", metavar="SCENE", nargs="+", help="an undamaged scene, by number or file name"
        )
        parser.add_argument("--question", default="damage", help="what is answered (default: damage)")
        parser.add_argument("--count", type=int, default=200, help="squares of each scene (default: 200)")
        parser.add_argument(
            "--size-m",
            type=float,
            help="side on the ground in metres (default: the median of the question's tagged crops)",
        )
        parser.add_argument("--buffer", "--keep-off", type=float, metavar="METRES", dest="buffer_m",
                            help='take scenes with a "yes" too, so far from each "yes" and "can\'t tell"')  # fmt: skip
        parser.add_argument(
            "--seed", type=int, default=0, help="the same seed, the same squares (default: 0)"
        )
        parser.add_argument(
            "--remove", action="store_true", help="take these tags of the scenes back instead"
        )

    def run(self, *, scene: list[str], remove: bool, **options: Any) -> dict[str, Any]:
        scenes = [find_scene(name) for name in scene]
        question = find_question(options["question"])
        with progress_bar("Squares", "square") as progress:
            if remove:
                cleared = untag_undamaged(scenes, question, progress=progress)
                return {"scenes": [asdict(one) for one in cleared]}
            tagged = tag_undamaged(
                scenes,
                question,
                count=options["count"],
                size_m=options["size_m"],
                buffer_m=options["buffer_m"],
                seed=options["seed"],
                progress=progress,
            )
        return {"scenes": [asdict(one) for one in tagged]}

    def describe(self, result: dict[str, Any]) -> str:
        return "\n".join(_line(scene) for scene in result["scenes"])


def _line(scene: dict[str, Any]) -> str:
    if "removed" in scene:
        return _("%(name)s: %(removed)d taken back") % scene
    parts = [_("%(added)d added") % scene, _("%(already)d already there") % scene]
    if scene["without_room"]:
        parts.append(_("no room was found for %(without_room)d") % scene)
    side = f"{scene['size_px']} px" + (f" ({scene['size_m']:g} m)" if scene["size_m"] else "")
    note = f"; {scene['note']}" if scene["note"] else ""
    return f"{scene['name']}: {', '.join(parts)}; {side}{note}"
