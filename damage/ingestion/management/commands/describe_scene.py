from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.capture import SceneRole
from damage.ingestion.lookup import find_scene
from damage.ingestion.mosaic_time import parsed_time
from damage.ingestion.services import describe_scenes
from damage.messages import Message as _


class Command(JsonCommand):
    help = "Say of scenes that are there when they were taken, and whether before or after the event."

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

    def run(self, **options: Any) -> dict[str, Any]:
        if not (options["taken"] or options["undated"] or options["role"]):
            raise Refused(
                _("There is nothing to change."), _("Give --taken, --undated, --before or --after.")
            )
        scenes = [find_scene(name) for name in options["scene"]]
        taken = parsed_time(options["taken"]) if options["taken"] else None
        describe_scenes(scenes, role=options["role"], taken=taken, is_undated=options["undated"])
        return {
            "scenes": [
                {"scene": scene.pk, "name": scene.name, "role": scene.role, "taken": scene.captured_at}
                for scene in scenes
            ]
        }
