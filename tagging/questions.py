"""Making and changing what the crowd is asked: the one door to a question's words and answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from damage.errors import Refused
from damage.messages import Message
from damage.messages import Message as _
from tagging.answers import (
    FEWEST_ANSWERS,
    LONGEST_KEY,
    MOST_ANSWERS,
    UNSURE,
    AnswerChoice,
    CountsAs,
    answers_as_json,
    keys_counting_as,
)
from tagging.models import Question, TagChange
from tagging.recompute_requests import request_recomputing

# The usual colours of a yes and a no; further answers get those that are left.
_USUAL_COLOURS = {CountsAs.POSITIVE: 0, CountsAs.NEGATIVE: 1}
PLAIN_FIELDS = ("text", "text_es", "hint", "hint_es", "crop_size_m", "crop_size_px", "is_open")


@dataclass(frozen=True)
class WantedAnswer:
    """An answer as an admin writes it. Without a key it is a new one, whose key is made from its English words."""

    text: str
    text_es: str
    counts_as: CountsAs
    key: str = ""


@dataclass(frozen=True)
class Written:
    """A question as it was stored, and what its admin should know about it."""

    question: Question
    warnings: tuple[Message, ...]


@transaction.atomic
def create_question(*, answers: Sequence[WantedAnswer], slug: str = "", **fields: Any) -> Written:
    """Make a question; its short name is made from its English words unless one is given. Raises `Refused`."""
    if slug and Question.objects.filter(slug=slug).exists():
        raise Refused(
            _("There is a question %(slug)s already.") % {"slug": slug}, _("Choose another short name.")
        )
    question = Question(slug=slug or _free_slug(fields["text"]), answers=[])
    _set(question, fields)
    question.answers = answers_as_json(_chosen(answers, present=()))
    question.save()
    return Written(question, tuple(_of_training(question)))


@transaction.atomic
def change_question(
    question: Question, *, answers: Sequence[WantedAnswer] | None = None, **fields: Any
) -> Written:
    """Change what is given of a question. Once people answered it, its answers stay what they are. Raises `Refused`.

    Then answers may be added and moved, and their words and what they count as may change, which is warned of.
    """
    question = Question.objects.select_for_update().get(pk=question.pk)
    before = question.choices
    _set(question, fields)
    warnings: list[Message] = []
    if answers is not None:
        chosen = _chosen(answers, present=before)
        _check_no_example_is_lost(question, chosen)
        if TagChange.objects.filter(question=question).exists():
            _check_none_is_lost(before, chosen)
            warnings = _of_changes(before, chosen)
        question.answers = answers_as_json(chosen)
    question.save()
    if warnings:  # what was answered may count as something else now
        request_recomputing(question)
    return Written(question, (*warnings, *_of_training(question)))


def _set(question: Question, fields: Mapping[str, Any]) -> None:
    for name in PLAIN_FIELDS:
        if name in fields:
            setattr(question, name, fields[name])


def _free_slug(text: str) -> str:
    stem = slugify(text)[:50].strip("-") or "question"
    taken = set(Question.objects.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(name for name in _numbered(stem) if name not in taken)


def _numbered(stem: str) -> Any:
    yield stem
    number = 2
    while True:
        yield f"{stem}-{number}"
        number += 1


def _chosen(wanted: Sequence[WantedAnswer], *, present: Sequence[AnswerChoice]) -> list[AnswerChoice]:
    """The answers with their keys and colours, which those that are there keep. Raises `Refused`."""
    if not FEWEST_ANSWERS <= len(wanted) <= MOST_ANSWERS:
        raise Refused(
            _("A question has %(fewest)d to %(most)d answers besides “can't tell”, not %(count)d.")
            % {"fewest": FEWEST_ANSWERS, "most": MOST_ANSWERS, "count": len(wanted)},
            _("Add an answer, or remove one."),
        )
    _check_words(wanted)
    there = {choice.key: choice for choice in present}
    kept = [answer.key for answer in wanted if answer.key]
    if wrong := [key for key in kept if key not in there or kept.count(key) > 1]:
        raise Refused(
            _("“%(key)s” is not one of the question's answers.") % {"key": wrong[0]},
            _("Reload the page and try again."),
        )
    keys, colours = {UNSURE, *there}, {there[key].colour for key in kept}
    chosen = []
    for answer in wanted:
        if answer.key:
            kept_one = there[answer.key]
            chosen.append(
                replace(kept_one, text=answer.text, text_es=answer.text_es, counts_as=answer.counts_as)
            )
            continue
        stem = slugify(answer.text)[: LONGEST_KEY - 3].strip("-") or "answer"
        key = next(name for name in _numbered(stem) if name not in keys)
        colour = _colour(answer.counts_as, colours)
        keys.add(key)
        colours.add(colour)
        chosen.append(AnswerChoice(key, answer.text, answer.text_es, answer.counts_as, colour))
    return chosen


def _check_words(wanted: Sequence[WantedAnswer]) -> None:
    for field in ("text", "text_es"):
        words = [getattr(answer, field).casefold() for answer in wanted if getattr(answer, field)]
        if twice := [word for word in words if words.count(word) > 1]:
            raise Refused(
                _("Two answers read “%(words)s”.") % {"words": twice[0]},
                _("Give each answer words of its own, in each language."),
            )


def _colour(counts_as: CountsAs, taken: set[int]) -> int:
    """The usual colour where it is free, else one that no yes or no usually has, else any."""
    usual = [_USUAL_COLOURS[counts_as]] if counts_as in _USUAL_COLOURS else []
    others = [colour for colour in range(MOST_ANSWERS) if colour not in _USUAL_COLOURS.values()]
    return next(colour for colour in [*usual, *others, 0, 1] if colour not in taken)


def _check_none_is_lost(before: Sequence[AnswerChoice], chosen: Sequence[AnswerChoice]) -> None:
    lost = {choice.key for choice in before} - {choice.key for choice in chosen}
    if lost:
        raise Refused(
            _("This question has been answered, so none of its answers can be removed: %(keys)s.")
            % {"keys": ", ".join(sorted(lost))},
            _("Change its words, or make another question and close this one."),
        )


def _check_no_example_is_lost(question: Question, chosen: Sequence[AnswerChoice]) -> None:
    kept = [UNSURE, *(choice.key for choice in chosen)]
    if question.examples.exclude(answer__in=kept).exists():
        raise Refused(
            _("An answer that is to be removed has example pictures."), _("Remove its pictures first.")
        )


def _of_changes(before: Sequence[AnswerChoice], chosen: Sequence[AnswerChoice]) -> list[Message]:
    now = {choice.key: choice for choice in chosen}
    warnings = []
    if any(now[choice.key].counts_as != choice.counts_as for choice in before):
        warnings.append(
            _(
                "What answers count as has changed: the next training learns so from the answers that are there."
            )
        )
    if any(
        (now[choice.key].text, now[choice.key].text_es) != (choice.text, choice.text_es) for choice in before
    ):
        warnings.append(
            _(
                "Words have changed: people answered to those before. Change them only where they mean the same."
            )
        )
    return warnings


def _of_training(question: Question) -> list[Message]:
    """What a model of this question could not be trained without."""
    warnings = []
    if not keys_counting_as(question.choices, CountsAs.POSITIVE):
        warnings.append(_("No answer counts as yes: no model can be trained for this question."))
    if not keys_counting_as(question.choices, CountsAs.NEGATIVE):
        warnings.append(_("No answer counts as no: no model can be trained for this question."))
    return warnings
