"""100,000 tags in a database made into states and qualities, in a process of its own: see `crowd.py`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from benchmarks.crowd_speed import CROPS, TAGS, drawn_triples  # noqa: E402
from benchmarks.workplace import answer, cpu_s, start_django  # noqa: E402


def measure(taggers: int) -> dict[str, Any]:
    """Processor seconds of working out all states anew: the first time, again, and with a tagger set aside."""
    with TemporaryDirectory() as folder:
        start_django(Path(folder), empty=True)
        return {"taggers": taggers, "crops": CROPS, "tags": TAGS, **_measured(taggers)}


def _measured(taggers: int) -> dict[str, Any]:
    from django.db import transaction

    from damage.accounts.models import User
    from damage.ingestion.models import Event, Town
    from tagging.crowd import CLASSES
    from tagging.models import Crop, Question, Tag, TaggerQuality
    from tagging.recomputing import recompute_quality

    question = Question.objects.get(slug="damage")
    town = Town.objects.create(
        event=Event.objects.create(name="Quake", slug="quake"), name="Town", slug="town"
    )
    triples, _truth = drawn_triples(taggers, list(CLASSES))
    with transaction.atomic():
        people = User.objects.bulk_create(User(username=f"person {number}") for number in range(taggers))
        crops = Crop.objects.bulk_create(
            [Crop(town=town, size_px=32, sha256=f"{number:064}") for number in range(CROPS)], batch_size=1000
        )
        Tag.objects.bulk_create(
            [
                Tag(crop=crops[crop], tagger=people[tagger], question=question, answer=said)
                for crop, tagger, said in triples
            ],
            batch_size=1000,
        )
    figures: dict[str, Any] = {}
    for name in ("first", "again", "without_one"):
        if name == "without_one":
            TaggerQuality.objects.filter(tagger=people[0]).update(is_set_aside=True)
        begun, wall = cpu_s(), perf_counter()
        found = recompute_quality(question)
        figures[f"{name}_cpu_s"] = round(cpu_s() - begun, 1)
        figures[f"{name}_wall_s"] = round(perf_counter() - wall, 1)
        figures[f"{name}_states_written"] = found.states_written
    return figures


if __name__ == "__main__":
    answer(measure)
