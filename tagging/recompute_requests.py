"""When what the answers come to is worked out anew: after so many answers, or an hour after the last time."""

from datetime import timedelta
from time import monotonic

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from tagging.models import CrowdQuality, Question, TagChange
from tagging.tasks import recompute

ANSWERS, HOUR = 200, timedelta(hours=1)
LOOKED_EVERY_S = 60.0
_looked: dict[int, float] = {}


def request_recomputing_when_due(question: Question) -> None:
    """To be called as answers come in: looks once a minute in each process, so that an answer costs nothing."""
    if monotonic() - _looked.get(question.pk, -LOOKED_EVERY_S) < LOOKED_EVERY_S:
        return
    _looked[question.pk] = monotonic()
    row, _is_new = CrowdQuality.objects.get_or_create(question=question)
    news = TagChange.objects.filter(question=question, pk__gt=row.last_change).order_by()
    is_late = row.computed_at < timezone.now() - HOUR
    if len(news.values_list("pk")[:ANSWERS]) >= (1 if is_late else ANSWERS):
        _request_once(question)


def request_recomputing(question: Question) -> None:
    """Let the worker do it next, as something else than an answer has changed."""
    recompute.enqueue(question.pk)


def _request_once(question: Question) -> None:
    """Enqueue it, unless another process has since the last time; one that was lost is made good in an hour."""
    now = timezone.now()
    is_waiting = Q(requested_at__gt=F("computed_at")) & Q(requested_at__gt=now - HOUR)
    with transaction.atomic():
        rows = CrowdQuality.objects.filter(question=question).exclude(is_waiting)
        if rows.update(requested_at=now):
            recompute.enqueue(question.pk)


def forget_looks() -> None:
    """Look anew at the next answer."""
    _looked.clear()
