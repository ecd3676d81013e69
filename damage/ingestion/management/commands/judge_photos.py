from argparse import ArgumentParser
from collections import Counter
from typing import Any

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.lookup import places_of
from damage.ingestion.models import Scene, SceneKind, SceneProblem
from damage.ingestion.photo_problems import NAMES, Problem
from damage.ingestion.quality import judge_flights, measure
from damage.work.progress import progress_bar


class Command(JsonCommand):
    help = "Judge the quality of photos that are here anew; those from before there was any judging are measured first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--event", help="of this event alone")
        parser.add_argument("--town", help="of this town alone")

    def run(self, *, event: str | None, town: str | None, **options: Any) -> dict[str, Any]:
        photos = Scene.objects.in_use().filter(kind=SceneKind.PHOTO, **places_of(event, town, of="town"))
        unmeasured = list(photos.filter(sharpness=None))
        refused = {}
        with progress_bar("Measuring", "photo") as progress:
            for done, scene in enumerate(unmeasured, start=1):
                try:
                    measure(scene)
                except (Refused, OSError) as error:
                    refused[scene.pk] = f"{scene.name}: {error}"
                progress(done, len(unmeasured))
        changed = judge_flights(photos.iterator())
        codes = SceneProblem.objects.filter(scene__in=photos.with_problem()).values_list("code", flat=True)
        return {
            "ok": not refused,
            "photos": photos.count(),
            "measured": len(unmeasured) - len(refused),
            "changed": len(changed),
            "problems": dict(Counter(codes)),
            "refused": refused,
        }

    def describe(self, result: dict[str, Any]) -> str:
        lines = [f"scene {pk}, {reason}" for pk, reason in result["refused"].items()]
        lines.append(
            f"{result['photos']} photos judged, {result['measured']} measured, {result['changed']} judged otherwise "
            "than before"
        )
        problems = (
            f"{count} of {result['photos']}: {NAMES[Problem(code)]} (manage.py list_scenes --problem {code})"
            for code, count in result["problems"].items()
        )
        return "\n".join([*lines, *problems])
