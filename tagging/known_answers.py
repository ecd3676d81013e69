"""Known answers, and people whose answers do not count: what admins tell the consensus."""

from django.db import transaction
from django.utils import timezone

from damage.accounts.models import Role, User
from damage.errors import Refused
from damage.messages import Message as _
from tagging.answers import CountsAs
from tagging.crop_states import restate
from tagging.crowd import forget_crowds
from tagging.models import Crop, GoldAnswer, Question, TaggerQuality
from tagging.recompute_requests import request_recomputing


def record_gold_answer(crop: Crop, question: Question, answer: str, *, by: User) -> GoldAnswer:
    """Say what is true of a crop; what was known before is replaced. Raises `Refused`."""
    _check_may(by, Role.VERIFIER, Role.ADMIN)
    classes = [choice.key for choice in question.choices if choice.counts_as != CountsAs.NEITHER]
    if answer not in classes:
        raise Refused(
            _("“%(answer)s” is no answer that can be known.") % {"answer": answer},
            _("Answer with one of: %(answers)s.") % {"answers": ", ".join(classes)},
        )
    with transaction.atomic():
        gold, _is_new = GoldAnswer.objects.update_or_create(
            crop=crop, question=question, defaults={"answer": answer, "by": by}
        )
        _know_anew(crop, question)
    return gold


def forget_gold_answer(gold: GoldAnswer, *, by: User) -> None:
    """Take back what was said to be true of a crop. Raises `Refused`."""
    _check_may(by, Role.VERIFIER, Role.ADMIN)
    with transaction.atomic():
        gold.delete()
        _know_anew(gold.crop, gold.question)


def _know_anew(crop: Crop, question: Question) -> None:
    """The crop's state follows at once, what people's answers are worth when the worker comes to it."""
    forget_crowds()
    restate(crop.pk, question.pk)
    request_recomputing(question)


def set_tagger_aside(person: User, question: Question, *, by: User, reason: str) -> None:
    """Let a person's answers to a question count no longer; nothing is deleted. Raises `Refused`."""
    if not reason.strip():
        raise Refused(_("Why should these answers no longer count?"), _("Say so in a word or two."))
    _set_aside(person, question, True, by=by, reason=reason)


def take_tagger_back(person: User, question: Question, *, by: User, reason: str = "") -> None:
    """Let a person's answers to a question count again. Raises `Refused`."""
    _set_aside(person, question, False, by=by, reason=reason)


def _set_aside(person: User, question: Question, is_set_aside: bool, *, by: User, reason: str) -> None:
    _check_may(by, Role.ADMIN)
    with transaction.atomic():
        TaggerQuality.objects.update_or_create(
            tagger=person,
            question=question,
            defaults={
                "is_set_aside": is_set_aside,
                "set_aside_by": by,
                "set_aside_at": timezone.now(),
                "set_aside_reason": reason.strip(),
            },
        )
        request_recomputing(question)
    forget_crowds()


def _check_may(person: User, *roles: Role) -> None:
    if not person.plays(*roles):
        raise Refused(_("Your role does not allow this."), _("Ask an admin."))
