from typing import Any

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.services import write_view_again
from damage.work.progress import progress_bar


class Command(JsonCommand):
    help = "Make the views of orthomosaics that came in before every scene had its own."

    def run(self, **options: Any) -> dict[str, Any]:
        scenes = list(Scene.objects.filter(kind=SceneKind.MOSAIC, view_file=""))
        refused = {}
        with progress_bar("Views", "view") as progress:
            for done, scene in enumerate(scenes, start=1):
                try:
                    write_view_again(scene)
                except (Refused, OSError) as error:
                    refused[scene.pk] = f"{scene.name}: {error}"
                progress(done, len(scenes))
        return {"ok": not refused, "made": len(scenes) - len(refused), "refused": refused}

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"scene {pk}, {reason}" for pk, reason in result["refused"].items()]
        return "\n".join([*lines, f"{result['made']} views made, {len(lines)} refused"])
