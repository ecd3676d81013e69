from argparse import ArgumentParser
from typing import Any

from damage.commands import JsonCommand
from damage.ingestion.camera_grounds import place_by_cameras
from damage.ingestion.lookup import places_of
from damage.ingestion.models import GroundSource, Scene, SceneKind
from damage.work.progress import progress_bar
from prediction.placing import place_anew


class Command(JsonCommand):
    help = (
        "Find the ground that photos show by what their cameras wrote, of photos that came in before this was done; "
        "their crops and predictions get their places anew."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--event", help="of this event alone; default: all photos")
        parser.add_argument("--town", help="of this town alone")

    def run(self, *, event: str | None, town: str | None, **options: Any) -> dict[str, Any]:
        photos = Scene.objects.in_use().filter(kind=SceneKind.PHOTO, ground_source=GroundSource.NONE)
        with progress_bar("Photos", "photo") as progress:
            found = place_by_cameras(list(photos.filter(**places_of(event, town, of="town"))), progress)
        anew = place_anew(found.placed)
        return {
            "ok": not found.refused,
            "placed": len(found.placed),
            "unknown": found.unknown,
            "refused": [{"scene": scene, "reason": reason} for scene, reason in found.refused.items()],
            "crops_placed": anew.crops,
            "predictions_placed": anew.runs,
        }

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"scene {each['scene']}: {each['reason']}" for each in result["refused"]]
        totals = (
            f"{result['placed']} photos placed, {result['unknown']} do not say enough, {len(lines)} refused; "
            f"{result['crops_placed']} crops and {result['predictions_placed']} predictions got their places anew"
        )
        return "\n".join([*lines, totals])
