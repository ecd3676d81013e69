from argparse import ArgumentParser
from typing import Any

from damage.accounts.services import find_account
from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.capture import SceneRole
from damage.ingestion.lookup import find_scene
from damage.ingestion.mosaic_time import parsed_time
from damage.ingestion.quality import set_usable
from damage.ingestion.services import describe_scenes
from damage.messages import Message as _


class Command(JsonCommand):
    help = (
        "Say of scenes that are there when they were taken, whether before or after the event, and of photos with "
        "problems that they are usable all the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scene", metavar="SCENE", nargs="+", help="a scene, by number or file name")
        when = parser.add_mutually_exclusive_group()
        when.add_argument("--taken", metavar="TIME", help="as 2023-02-08 or 2023-02-08T10:15+03:00")
        when.add_argument("--undated", action="store_true", help="nobody knows when")
        role = parser.add_mutually_exclusive_group()
        role.add_argument("--before", dest="role", action="store_const", const=SceneRole.BEFORE,
                          help="before the event")  # fmt: skip
        role.add_argument("--after", dest="role", action="store_const", const=SceneRole.AFTER,
                          help="after the event")  # fmt: skip
        usable = parser.add_mutually_exclusive_group()
        usable.add_argument(
            "--usable", action="store_true", default=None, help="usable whatever its problems are"
        )
        usable.add_argument(
            "--not-usable", dest="usable", action="store_false", help="its problems count again"
        )
        parser.add_argument("--by", metavar="USERNAME", help="the admin who finds them usable, or no longer")

    def run(self, **options: Any) -> dict[str, Any]:
        is_described = options["taken"] or options["undated"] or options["role"]
        if not is_described and options["usable"] is None:
            raise Refused(
                _("There is nothing to change."),
                _("Give --taken, --undated, --before, --after, --usable or --not-usable."),
            )
        if options["usable"] is not None and not options["by"]:
            raise Refused(_("It is not said who decides."), _("Give --by USERNAME, an admin's."))
        scenes = [find_scene(name) for name in options["scene"]]
        taken = parsed_time(options["taken"]) if options["taken"] else None
        person = find_account(options["by"]) if options["usable"] is not None else None
        if is_described:
            describe_scenes(scenes, role=options["role"], taken=taken, is_undated=options["undated"])
        if person:
            set_usable(scenes, options["usable"], by=person)
        return {
            "scenes": [
                {
                    "scene": scene.pk,
                    "name": scene.name,
                    "role": scene.role,
                    "taken": scene.captured_at,
                    "usable": bool(scene.usable_at),
                }
                for scene in scenes
            ]
        }
