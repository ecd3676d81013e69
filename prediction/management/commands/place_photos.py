from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.ingestion.camera_grounds import place_by_cameras
from damage.ingestion.lookup import places_of
from damage.ingestion.models import GroundSource, Scene, SceneKind
from damage.work.progress import progress_bar
from prediction.placing import place_anew, placed_words


class Command(JsonCommand):
    help = (
        "Find the ground that photos show by what their cameras wrote, of photos that came in before this was done; "
        "their crops and predictions get their places anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--event", help="of this event alone; default: all photos")
        parser.add_argument("--town", help="of this town alone")

    def run(self, *, event: str | None, town: str | None, **options: Any) -> dict[str, Any]:
        photos = Scene.objects.in_use().filter(kind=SceneKind.PHOTO, **places_of(event, town, of="town"))
        with progress_bar("Photos", "photo") as progress:
            found = place_by_cameras(list(photos.filter(ground_source=GroundSource.NONE)), progress)
        anew = place_anew(list(photos.exclude(ground_source=GroundSource.NONE)))
        return {
            "ok": not found.refused and not anew.runs_left,
            "placed": len(found.placed),
            "unknown": found.unknown,
            "refused": [{"scene": scene, "reason": reason} for scene, reason in found.refused.items()],
            **anew.as_result(),
        }

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"scene {each['scene']}: {each['reason']}" for each in result["refused"]]
        totals = f"{result['placed']} placed, {result['unknown']} do not say enough, {len(lines)} refused"
        return "\n".join([*lines, f"Photos: {totals}", placed_words(result)])
