from argparse import ArgumentParser
from typing import Any

from django.db.models import QuerySet

from damage.ingestion.lookup import places_of
from damage.listing import ListCommand
from prediction.models import PredictionRun


class Command(ListCommand[PredictionRun]):
    help = "List prediction runs with their numbers, the newest first."
    nothing = "There is no such prediction run. Make one with predict."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--event", help="over scenes of this event alone")
        parser.add_argument("--town", help="over scenes of this town alone")
        parser.add_argument("--model", type=int, metavar="RUN", help="of this model run alone")

    def rows(self, **options: Any) -> QuerySet[PredictionRun]:
        runs = PredictionRun.objects.with_places().with_detection_counts()
        runs = runs.filter(**places_of(options["event"], options["town"], of="scene__town"))
        return runs if options["model"] is None else runs.filter(model_run=options["model"])

    def line(self, run: PredictionRun) -> dict[str, Any]:
        return {
            "number": run.pk,
            "scene": run.scene_id,
            "name": run.scene.name,
            "event": run.scene.town.event.name,
            "town": run.scene.town.name,
            "model": run.model_run_id,
            "state": run.status,
            "threshold": run.threshold,
            "places": run.detection_count,  # type: ignore[attr-defined]
            "finished": run.finished_at,
        }

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return ("One of them: manage.py show run NUMBER",) if result["rows"] else ()
