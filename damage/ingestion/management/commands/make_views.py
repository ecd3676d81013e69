from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.lookup import find_scene
from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.services import make_view
from damage.work.progress import progress_bar


class Command(JsonCommand):
    help = (
        "Make the views of orthomosaics that came in before every scene had its own, or those of scenes anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "scenes",
            metavar="SCENE",
            nargs="*",
            help="number or file name of a scene whose view is made anew",
        )

    def run(self, *, scenes: list[str], **options: Any) -> dict[str, Any]:
        if scenes:
            return self._made([find_scene(name) for name in scenes])
        return self._made(list(Scene.objects.filter(kind=SceneKind.MOSAIC, view_file="")))

    def _made(self, scenes: list[Scene]) -> dict[str, Any]:
        refused = {}
        with progress_bar("Views", "view") as progress:
            for done, scene in enumerate(scenes, start=1):
                try:
                    make_view(scene)
                except (Refused, OSError) as error:
                    refused[scene.pk] = f"{scene.name}: {error}"
                progress(done, len(scenes))
        return {"ok": not refused, "made": len(scenes) - len(refused), "refused": refused}

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"scene {pk}, {reason}" for pk, reason in result["refused"].items()]
        return "\n".join([*lines, f"{result['made']} views made, {len(lines)} refused"])
