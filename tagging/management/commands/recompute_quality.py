"""Working out anew what people's answers come to."""

from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from damage.commands import JsonCommand
from tagging.models import Question
from tagging.recomputing import recompute_quality
from tagging.services import find_question


class Command(JsonCommand):
    help = (
        "Work out what all answers to a question, or to all, come to: which squares are settled, and how good each "
        "tagger is. The worker does it by itself as answers come in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question", nargs="?", help="the question's slug; else all questions")

    def run(self, *args: Any, **options: Any) -> dict[str, Any]:
        slug = options["question"]
        questions = [find_question(slug)] if slug else list(Question.objects.all())
        return {"questions": {one.slug: asdict(recompute_quality(one)) for one in questions}}

    def describe(self, result: dict[str, Any]) -> str:
        return "\n".join(
            f"{slug}: {found['answers']} answers by {found['taggers']} people about {found['crops']} squares; "
            f"{found['settled']} settled, {found['open']} open, {found['to_verify']} for verifiers; "
            f"{found['set_aside']} people set aside; written anew: {found['states_written']} squares, "
            f"{found['qualities_written']} people"
            for slug, found in result["questions"].items()
        )
