"""What all answers to a question come to, worked out anew: states of crops, qualities of taggers, and the crowd's."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from damage.batches import PLAIN_ROWS_AT_ONCE, write_in_batches
from damage.statements import update_where_unchanged
from tagging.answers import UNSURE
from tagging.crop_states import DIGITS, FIGURES, fill
from tagging.crowd import CLASSES, forget_crowds, read_crowd
from tagging.models import Crop, CropState, CrowdQuality, Question, Tag, TagChange, TaggerQuality, in_use_by
from tagging.quality.answers import Answers, coded_answers
from tagging.quality.consensus import Consensus, consensus
from tagging.quality.retirement import State, retirement_states
from tagging.quality.tagger_skill import TaggerSkill, tagger_skills

# A chance that moved by no more stays as it is written.
SAME_CHANCE = 0.001
SAME_FIGURE = 1e-4


@dataclass(frozen=True)
class Recomputed:
    """How many answers by how many people about how many crops there are; and how many rows were written for them."""

    answers: int
    taggers: int
    crops: int
    set_aside: int
    open: int
    settled: int
    to_verify: int
    states_written: int
    qualities_written: int


def recompute_quality(question: Question) -> Recomputed:
    """Work out the consensus of a question's answers, and write what of it has changed, in short transactions.

    Left out are answers of automatic accounts, of people who are set aside, and of crops out of use, whose states stay
    as they are. A crop that somebody answers meanwhile keeps the state that this answer gave it.
    """
    last_change = TagChange.objects.filter(question=question).aggregate(last=Max("pk"))["last"] or 0
    crowd = read_crowd(question.pk)
    # Before the tags: an answer that comes in between changes its row, which is then left alone.
    rows = CropState.objects.filter(in_use_by("crop__"), question=question).order_by()
    before = {row.crop_id: row for row in rows}
    tags = Tag.objects.in_use().by_people().filter(question=question).exclude(tagger__in=crowd.set_aside)
    named = (
        (crop, tagger, crowd.class_of.get(answer, UNSURE))
        for crop, tagger, answer in tags.order_by().values_list("crop_id", "tagger_id", "answer").iterator()
    )
    answers = coded_answers(named, CLASSES, unsure=(UNSURE,))
    found = consensus(answers, crowd.gold)
    states = _states(found)
    states_written = _write_states(question, found, states, before)
    qualities_written = _write_qualities(question, found)
    CrowdQuality.objects.update_or_create(
        question=question,
        defaults={
            "class_shares": found.class_shares.tolist(),
            "typical": found.typical.tolist(),
            "last_change": last_change,
            "computed_at": timezone.now(),
        },
    )
    forget_crowds()
    counts = Counter(states)
    return Recomputed(
        answers=int(answers.counts.sum()),
        taggers=len(answers.tagger_ids),
        crops=len(answers.crop_ids),
        set_aside=len(crowd.set_aside),
        open=counts[State.OPEN],
        settled=counts[State.SETTLED],
        to_verify=counts[State.TO_VERIFY],
        states_written=states_written,
        qualities_written=qualities_written,
    )


def _states(found: Consensus) -> list[State]:
    """Of each crop; what is known needs nobody."""
    answers = found.answers
    by_rule = retirement_states(found.posterior, answers.votes.sum(axis=1), answers.unsure)
    return [
        State.SETTLED if is_gold else state for is_gold, state in zip(found.is_gold, by_rule, strict=True)
    ]


def _write_states(
    question: Question, found: Consensus, states: Sequence[State], before: Mapping[int, CropState]
) -> int:
    """Store what is new or has changed, and remove what nobody's answer stands behind any more; how many rows."""
    now, answered = timezone.now(), set(found.answers.crop_ids.tolist())
    new: list[CropState] = []
    changed: list[tuple[CropState, datetime]] = []
    for place, crop in enumerate(found.answers.crop_ids.tolist()):
        row = CropState(crop_id=crop, question=question, updated_at=now)
        fill(row, _counts(found.answers, place), found.posterior[place], states[place])
        old = before.get(crop)
        if old is None:
            new.append(row)
        elif not _is_same(old, row):
            row.pk = old.pk
            changed.append((row, old.updated_at))
    gone = [row for crop, row in before.items() if crop not in answered]
    write_in_batches(new, _insert_states, size=PLAIN_ROWS_AT_ONCE)
    write_in_batches(changed, _update_states, size=PLAIN_ROWS_AT_ONCE)
    write_in_batches(gone, _delete_states)
    return len(new) + len(changed) + len(gone)


def _counts(answers: Answers, place: int) -> Counter[str]:
    counts = dict(zip(answers.classes, answers.votes[place].tolist(), strict=True))
    return Counter({**counts, UNSURE: int(answers.unsure[place])})


def _is_same(old: CropState, new: CropState) -> bool:
    moved = max(abs(new.posterior[name] - old.posterior.get(name, 0.0)) for name in new.posterior)
    is_alike = (old.state, old.counts, old.leading) == (new.state, new.counts, new.leading)
    return is_alike and moved <= SAME_CHANCE


def _insert_states(rows: Sequence[CropState]) -> None:
    """Store new rows; one that somebody's answer has made meanwhile is newer. A crop may have been deleted."""
    with transaction.atomic():
        there = set(Crop.objects.filter(pk__in=[row.crop_id for row in rows]).values_list("pk", flat=True))
        CropState.objects.bulk_create([row for row in rows if row.crop_id in there], ignore_conflicts=True)


def _update_states(rows: Sequence[tuple[CropState, datetime]]) -> None:
    update_where_unchanged([row for row, _seen in rows], FIGURES, "updated_at", [seen for _row, seen in rows])


def _delete_states(rows: Sequence[CropState]) -> None:
    with transaction.atomic():
        for row in rows:
            CropState.objects.filter(pk=row.pk, updated_at=row.updated_at).delete()


def _write_qualities(question: Question, found: Consensus) -> int:
    """Store what has changed of the people whose answers count; how many rows."""
    before = {row.tagger_id: row for row in TaggerQuality.objects.filter(question=question)}
    written = 0
    for skill in tagger_skills(found):
        row = before.get(skill.tagger_id) or TaggerQuality(tagger_id=skill.tagger_id, question=question)
        if _take_over(row, skill, found.confusion_of(skill.tagger_id)):
            row.updated_at = timezone.now()
            row.save(update_fields=None if row.pk is None else [*_SKILL, "confusion", "updated_at"])
            written += 1
    return written


_SKILL = ["level", "balanced_accuracy", "lowest", "highest", "answers", "known", "gold"]


def _take_over(row: TaggerQuality, skill: TaggerSkill, confusion: np.ndarray) -> bool:
    """Give a row the figures, and say whether any has changed."""
    figures = {
        name: round(value, DIGITS) if isinstance(value, float) else value
        for name, value in asdict(skill).items()
    }
    is_same = (
        row.confusion is not None
        and all(_is_close(getattr(row, name), figures[name]) for name in _SKILL)
        and np.allclose(row.confusion, confusion, rtol=0, atol=SAME_FIGURE)
    )
    for name in _SKILL:
        setattr(row, name, figures[name])
    row.level = skill.level.value
    row.confusion = confusion.tolist()
    return not is_same


def _is_close(old: object, new: object) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= SAME_FIGURE
    return old == new
