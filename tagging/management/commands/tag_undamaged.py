from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.lookup import find_scene
from damage.ingestion.models import Scene
from damage.work.progress import Progress, progress_bar
from tagging.background_negatives import tag_undamaged
from tagging.models import Question
from tagging.same_ground import LeftOut, tag_same_ground
from tagging.services import find_question
from tagging.squares import Miss
from tagging.undamaged import untag_undamaged

OF_RANDOM_SQUARES = {"count": "--count", "size_m": "--size-m", "buffer_m": "--buffer", "seed": "--seed"}


class Command(JsonCommand):
    help = (
        'Tag squares of imagery that is known to be undamaged "no": random ones, ground that nobody would tag; or '
        "with --same-ground, of imagery from before the event, the ground of the crops that people tagged."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "scene", metavar="SCENE", nargs="+", help="an undamaged scene, by number or file name"
        )
        parser.add_argument("--question", default="damage", help="what is answered (default: damage)")
        parser.add_argument("--same-ground", action="store_true",
                            help="SCENE is from before the event: tag the ground of each crop that people tagged in "
                            "the event, as large and at the same place, instead of random squares")  # fmt: skip
        parser.add_argument("--count", type=int, help="random squares of each scene (default: 200)")
        parser.add_argument(
            "--size-m",
            type=float,
            help="side on the ground in metres (default: the median of the question's tagged crops)",
        )
        parser.add_argument("--buffer", "--keep-off", type=float, metavar="METRES", dest="buffer_m",
                            help='take scenes with a "yes" too, so far from each "yes" and "can\'t tell"')  # fmt: skip
        parser.add_argument("--seed", type=int, help="the same seed, the same squares (default: 0)")
        parser.add_argument(
            "--remove", action="store_true", help="take these tags of the scenes back instead, of either kind"
        )

    def run(self, *, scene: list[str], remove: bool, same_ground: bool, **options: Any) -> dict[str, Any]:
        scenes = [find_scene(name) for name in scene]
        question = find_question(options["question"])
        given = {name: options[name] for name in OF_RANDOM_SQUARES if options[name] is not None}
        with progress_bar("Squares", "square") as progress:
            if remove:
                return {
                    "scenes": [asdict(one) for one in untag_undamaged(scenes, question, progress=progress)]
                }
            if same_ground:
                return _on_same_ground(scenes, question, given, progress)
            tagged = tag_undamaged(scenes, question, **given, progress=progress)
        return {"scenes": [asdict(one) for one in tagged]}

    def describe(self, result: dict[str, Any]) -> str:
        lines = [_line(scene) for scene in result["scenes"]]
        return "\n".join([*lines, _of_crops(result)] if "crops" in result else lines)


def _on_same_ground(
    scenes: list[Scene], question: Question, given: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    if given:
        raise Refused(
            _("%(options)s is for random squares, not for --same-ground.")
            % {"options": ", ".join(OF_RANDOM_SQUARES[name] for name in given)},
            _("Leave it out: crops tell where squares lie, and how large they are."),
        )
    return asdict(tag_same_ground(scenes, question, progress=progress))


def _line(scene: dict[str, Any]) -> str:
    if "removed" in scene:
        return _("%(name)s: %(removed)d taken back") % scene
    parts = [_("%(added)d added") % scene, _("%(already)d already there") % scene]
    if "left_out" in scene:
        parts += [_left_out_words()[reason] % {"count": count} for reason, count in scene["left_out"].items()]
        return f"{scene['name']}: {', '.join(parts)}"
    if scene["without_room"]:
        parts.append(_("no room was found for %(without_room)d") % scene + _why_no_room(scene))
    side = f"{scene['size_px']} px" + (f" ({scene['size_m']:g} m)" if scene["size_m"] else "")
    note = f"; {scene['note']}" if scene["note"] else ""
    return f"{scene['name']}: {', '.join(parts)}; {side}{note}"


def _why_no_room(scene: dict[str, Any]) -> str:
    """What stood in the way at the places that were tried in the end, the most frequent first."""
    tries = sum(scene["tried_in_vain"].values())
    words = {
        Miss.DOUBTFUL: _("%(share)d %% on or too near what people did not say “no” to"),
        Miss.OCCUPIED: _("%(share)d %% over other squares"),
        Miss.NO_DATA: _("%(share)d %% without data"),
    }
    shares = [
        words[Miss(reason)] % {"share": round(100 * count / tries)}
        for reason, count in scene["tried_in_vain"].items()
    ]
    last = _("of the last %(tries)d places tried: %(shares)s") % {
        "tries": tries,
        "shares": ", ".join(shares),
    }
    return f" ({last})"


def _left_out_words() -> dict[str, str]:
    return {
        LeftOut.CUT_OFF: _("%(count)d crops cut off by the scene's edge"),
        LeftOut.NO_DATA: _("%(count)d on ground without data"),
        LeftOut.WRONG_SIZE: _("%(count)d too small or too large in pixels"),
        LeftOut.OUT_OF_USE: _("%(count)d taken out of use"),
    }


def _of_crops(result: dict[str, Any]) -> str:
    """How much of what people tagged these scenes show."""
    parts = [_("%(covered)d of %(crops)d tagged crops have their ground in these scenes") % result]
    if result["unplaced"]:
        parts.append(_("%(unplaced)d have no known position or ground size") % result)
    if result["kept_for_tests"]:
        parts.append(_("%(kept_for_tests)d are of towns kept for tests") % result)
    return "; ".join(parts)
