from argparse import ArgumentParser
from typing import Any

from django.db.models import QuerySet

from damage.ingestion.lookup import places_of
from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.photo_problems import Problem
from damage.listing import ListCommand


class Command(ListCommand[Scene]):
    help = "List scenes with their numbers, the newest first."
    nothing = "There is no such scene. Take some in with ingest_photos or ingest_mosaic."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--event", help="of this event alone")
        parser.add_argument("--town", help="of this town alone")
        parser.add_argument("--kind", choices=SceneKind.values, help="photos or mosaics alone")

        parser.add_argument(
            "--problem",
            choices=("any", *Problem),
            help="photos with this problem alone, that nobody found usable all the same",
        )

    def rows(self, **options: Any) -> QuerySet[Scene]:
        scenes = Scene.objects.select_related("town__event").defer("crs_wkt", "footprint_4326")
        scenes = scenes.prefetch_related("problems")
        if options["problem"]:
            scenes = scenes.with_problem("" if options["problem"] == "any" else options["problem"])
        scenes = scenes.filter(**places_of(options["event"], options["town"], of="town"))
        return scenes.filter(kind=options["kind"]) if options["kind"] else scenes

    def line(self, scene: Scene) -> dict[str, Any]:
        return {
            "number": scene.pk,
            "kind": scene.kind,
            "name": scene.name,
            "event": scene.town.event.name,
            "town": scene.town.name,
            "megapixels": round(scene.width_px * scene.height_px / 1e6, 1),
            "gsd_m": scene.gsd_m,
            "taken": scene.captured_at,
            "shows": scene.role,
            "problems": [problem.code for problem in scene.open_problems],
            "state": "out of use" if scene.is_quarantined else "in use",
        }

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return ("One of them: manage.py show scene NUMBER",) if result["rows"] else ()
