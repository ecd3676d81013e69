"""Many crops and one account's answers for them: all of them or none, while people go on tagging."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from damage.accounts.models import User
from damage.batches import write_in_batches
from tagging.models import Crop, Question, Tag, TagChange

CROPS_AT_ONCE = 50  # some 25 ms of one processor


@dataclass
class _Labelled:
    """A crop, its tag if it had one, the answers it is given one after the other, and what was written for them."""

    crop: Crop
    is_new: bool
    tag: Tag | None
    answers: list[str] = field(default_factory=list)
    new_tag: Tag | None = None
    changes: list[TagChange] = field(default_factory=list)


def store_many(
    answers: Sequence[tuple[Crop, str]],
    *,
    question: Question,
    tagger: User,
    check: Callable[[], object] = lambda: None,
) -> list[str]:
    """Store crops that are new, and the answers: for each, whether it was `added`, `already` there or `changed`.

    It is written in short transactions; when one fails, or `check` raises once all is there, what was written is taken
    back. Only a killed process leaves the part that it wrote, each crop whole; asked for again, the rest follows.
    """
    rows, statuses = _planned(answers, question, tagger)
    done: list[_Labelled] = []

    def write(some: Sequence[_Labelled]) -> None:
        _write(some, question, tagger)
        done.extend(some)

    try:
        write_in_batches([row for row in rows if row.is_new or row.answers], write, size=CROPS_AT_ONCE)
        check()
    except BaseException:
        with suppress(OperationalError, InterfaceError):  # as if it had been killed
            write_in_batches(done, _take_back, size=CROPS_AT_ONCE)
        raise
    return statuses


def _planned(
    answers: Sequence[tuple[Crop, str]], question: Question, tagger: User
) -> tuple[list[_Labelled], list[str]]:
    tags = {tag.crop_id: tag for tag in Tag.objects.filter(question=question, tagger=tagger)}
    rows: dict[int, _Labelled] = {}
    statuses = []
    for crop, answer in answers:
        row = rows.setdefault(
            id(crop), _Labelled(crop, crop.pk is None, tags.get(crop.pk) if crop.pk else None)
        )
        present = row.answers[-1] if row.answers else row.tag and row.tag.answer
        statuses.append("added" if present is None else "already" if present == answer else "changed")
        if present != answer:
            row.answers.append(answer)
    return list(rows.values()), statuses


@transaction.atomic
def _write(rows: Sequence[_Labelled], question: Question, tagger: User) -> None:
    Crop.objects.bulk_create([row.crop for row in rows if row.is_new])
    for row in rows:
        if row.tag is None and row.answers:
            row.new_tag = Tag(crop=row.crop, question=question, tagger=tagger, answer=row.answers[-1])
        elif row.tag and row.answers:
            Tag.objects.filter(pk=row.tag.pk).update(answer=row.answers[-1], updated_at=timezone.now())
        row.changes = [
            TagChange(crop=row.crop, question=question, tagger=tagger, changed_by=tagger, answer=answer)
            for answer in row.answers
        ]
    Tag.objects.bulk_create([row.new_tag for row in rows if row.new_tag])
    TagChange.objects.bulk_create([change for row in rows for change in row.changes])


@transaction.atomic
def _take_back(rows: Sequence[_Labelled]) -> None:
    """Undo `_write`; a crop that somebody else tagged meanwhile stays."""
    TagChange.objects.filter(pk__in=[change.pk for row in rows for change in row.changes]).delete()
    Tag.objects.filter(pk__in=[row.new_tag.pk for row in rows if row.new_tag]).delete()
    for row in rows:
        if row.tag and row.answers:
            Tag.objects.filter(pk=row.tag.pk).update(answer=row.tag.answer, updated_at=row.tag.updated_at)
    new = [row.crop.pk for row in rows if row.is_new]
    Crop.objects.filter(pk__in=new, tags=None, tag_changes=None).delete()
