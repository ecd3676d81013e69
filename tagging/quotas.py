"""What one person may do in a minute and in a day, counted in the database: right however many processes serve."""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from damage.accounts.models import User
from damage.errors import Text, TooMany
from damage.ingestion.models import Scene
from damage.messages import Message
from damage.messages import Message as _
from damage.statements import nth_latest
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import LARGE_SQUARES_A_DAY, TAGS_A_DAY, TAGS_A_MINUTE
from tagging.models import Question, TagChange

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def check_quota(person: User, question: Question, scene: Scene | None = None, size_px: int = 0) -> None:
    """Refuse a further tag of somebody who made their share, of a square of that scene if it is new. Raises `TooMany`.

    Every step of a tag's history counts, so taking a tag back gives nothing back. Only requests of people are
    counted: commands do not ask here. Several requests of one person at the same moment may all still pass.
    """
    now = timezone.now()
    # By a statement that is made once, as it is asked for every answer.
    oldest = nth_latest(TagChange, "created_at", TAGS_A_MINUTE, after=now - MINUTE, changed_by=person.pk)
    _check_oldest(oldest, MINUTE, now, _("You are answering faster than anybody can look."))
    _check_day(person, now)
    if scene is not None and size_px > question.side_px(scene):
        large = TagChange.objects.filter(_is_large(question), changed_by=person, question=question)
        check_count(large, "created_at", LARGE_SQUARES_A_DAY, DAY, now, _("These are many large squares."))


def _is_large(question: Question) -> Q:
    """The condition that a change's crop is larger than the question asks for, by a pixel that rounding may add."""
    by_pixels = Q(crop__size_px__gt=question.crop_size_px)
    if not question.crop_size_m:
        return by_pixels
    asked_px = Greatest(question.crop_size_m / F("crop__gsd_m"), float(LEAST_SIZE_PX))
    return Q(crop__gsd_m=None) & by_pixels | Q(crop__size_px__gt=asked_px + 1)


def check_count(
    rows: QuerySet[Any], time: str, most: int, within: timedelta, now: datetime, reason: Text
) -> None:
    """Refuse one more where `most` rows have their `time` within the period before now; says when there is room."""
    recent = rows.filter(**{f"{time}__gt": now - within}).order_by(f"-{time}")
    _check_oldest(recent.values_list(time, flat=True)[most - 1 : most].first(), within, now, reason)


def _check_oldest(oldest: datetime | None, within: timedelta, now: datetime, reason: Text) -> None:
    """Refuse while the row is there that has to grow too old before there is room for another."""
    if oldest is not None:
        wait_s = max(1, ceil((oldest + within - now).total_seconds()))
        raise TooMany(reason, _("Go on in %(time)s.") % {"time": _in_words(wait_s)}, retry_after_s=wait_s)


def _check_day(person: User, now: datetime) -> None:
    """The day's limit, which nobody can reach before some minutes at the minute's limit: until then it is not counted.

    The cache may be each process's own: it only says until when counting would be in vain.
    """
    key = f"tagging.quota.{person.pk}"
    if cache.get(key):
        return
    steps = TagChange.objects.filter(changed_by=person)
    check_count(
        steps, "created_at", TAGS_A_DAY, DAY, now, _("You have tagged a great deal today: thank you.")
    )
    left = TAGS_A_DAY - steps.filter(created_at__gt=now - DAY).count()
    cache.set(key, True, timeout=max(0, (left // TAGS_A_MINUTE - 1) * MINUTE.total_seconds()))


def _in_words(seconds: int) -> Message:
    if seconds < 120:
        return _("%(count)s seconds") % {"count": seconds}
    if seconds < 7200:
        return _("%(count)s minutes") % {"count": ceil(seconds / 60)}
    return _("%(count)s hours") % {"count": ceil(seconds / 3600)}
