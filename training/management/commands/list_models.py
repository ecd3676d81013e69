from argparse import ArgumentParser
from typing import Any

from django.db.models import QuerySet

from damage.listing import ListCommand
from tagging.services import find_question
from training.models import ModelRun


class Command(ListCommand[ModelRun]):
    help = "List trained models with their numbers, the newest first."
    nothing = "There is no such model. Train one with train, or bring one along with import_model."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--question", help="those that answer this question alone")

    def rows(self, **options: Any) -> QuerySet[ModelRun]:
        runs = ModelRun.objects.select_related("question").light().with_metrics()
        return runs.filter(question=find_question(options["question"])) if options["question"] else runs

    def line(self, run: ModelRun) -> dict[str, Any]:
        return {
            "number": run.pk,
            "question": run.question.slug,
            "backbone": run.backbone,
            "head": run.head,
            "state": run.status,
            "stage": run.stage,
            "threshold": run.threshold,
            "finished": run.finished_at,
        }

    def then(self, result: dict[str, Any]) -> tuple[str, ...]:
        return ("One of them: manage.py show model NUMBER",) if result["rows"] else ()
