"""Limits on attempts to log in, the same in every web process and after a restart: counted from the table.

Who guesses must not get far; who is guessed at must not be locked out. Three limits, each growing with the failures:
- a name at an address (or, from a browser that logged in to that account before, a name on that device);
- a name from everywhere: stops many addresses guessing at one account;
- an address: stops one address guessing at many accounts. A shelter shares one, so it is far higher.
A browser that logged in to the account before is asked for the first alone, so no stranger can lock its owner out.
"""

import hmac
import logging
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from damage.accounts.addresses import address_of
from damage.accounts.models import Door, LoginAttempt, Outcome, User
from damage.errors import TooMany
from damage.messages import Message as _

log = logging.getLogger("damage.accounts")

KEPT = timedelta(days=90)
DEVICE_KNOWN = timedelta(days=180)


@dataclass(frozen=True)
class Limit:
    """So many failures are free; the next costs a wait, which doubles with each up to the longest."""

    free: int
    longest_wait_s: int
    counted_over: timedelta
    first_wait_s: int = 60

    def wait_s(self, failures: int) -> int:
        """How long to wait after the last of so many failures."""
        if failures < self.free:
            return 0
        doublings = min(failures - self.free, 32)
        return min(self.first_wait_s << doublings, self.longest_wait_s)


NAME_AT_PLACE = Limit(free=5, longest_wait_s=3600, counted_over=timedelta(days=1))
NAME = Limit(free=50, longest_wait_s=900, counted_over=timedelta(days=1))
ADDRESS = Limit(free=100, longest_wait_s=900, counted_over=timedelta(hours=1))
# Tokens cannot be guessed: past this many an address only leaves no more rows.
BAD_TOKENS = Limit(free=30, longest_wait_s=900, counted_over=timedelta(hours=1))
# Nor can invitations. The pages of one that is there are not counted.
BAD_INVITATIONS = BAD_TOKENS
BAD_PASSKEYS = BAD_TOKENS
# More people than a shelter has behind one address; an invitation has a number of uses of its own.
JOINED_AN_HOUR = 200


@dataclass(frozen=True)
class Visitor:
    """Who tries a password: the name as typed, and where from."""

    name: str
    address: str
    device: str

    @cached_property
    def name_digest(self) -> str:
        """The name as it is kept: whoever reads the table cannot try words on it without the site's key."""
        return hmac.new(settings.SECRET_KEY.encode(), f"name {self.name}".encode(), sha256).hexdigest()


def visitor_of(request: HttpRequest, name: str) -> Visitor:
    """Who tries the password of `name` in this request."""
    device = request.get_signed_cookie(_cookie_of(name), "", salt=name, max_age=DEVICE_KNOWN) or ""
    return Visitor(name=name, address=address_of(request), device=device)


def remember_device(request: HttpRequest, response: HttpResponse, person: User) -> None:
    """Let this browser prove later that it logged in to the account before."""
    device = visitor_of(request, person.username).device or secrets.token_hex(16)
    response.set_signed_cookie(
        _cookie_of(person.username),
        device,
        salt=person.username,
        max_age=DEVICE_KNOWN,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def begin_password_attempt(visitor: Visitor) -> LoginAttempt:
    """Note an attempt as failed, before the password is looked at; refused where there were too many.

    It is noted first so that many at the same moment, in several processes, all count.
    """
    now = timezone.now()
    with transaction.atomic():
        _forget_old(now)
        attempt = LoginAttempt.objects.create(
            at=now,
            door=Door.PASSWORD,
            person=User.objects.filter(username=visitor.name).first(),
            name_digest=visitor.name_digest,
            address=visitor.address,
            device=visitor.device,
        )
    others = LoginAttempt.objects.filter(door=Door.PASSWORD).exclude(pk=attempt.pk)
    if wait_s := _wait_s(visitor, others, now):
        attempt.delete()  # asking while one has to wait does not make the wait longer
        log.warning("log-in refused for %s s: %s", wait_s, _who(attempt))
        raise _too_many(wait_s)
    return attempt


def end_password_attempt(attempt: LoginAttempt, *, succeeded: bool) -> None:
    """Note how an attempt ended."""
    if succeeded:
        attempt.outcome = Outcome.SUCCEEDED
        attempt.save(update_fields=["outcome"])
        log.info("log-in: %s", _who(attempt))
    else:
        log.warning("log-in failed: %s", _who(attempt))


def record_bad_token(request: HttpRequest) -> None:
    """Note a token that is not valid; refused, and not noted, where an address has sent too many."""
    _record_bad(request, Door.TOKEN, BAD_TOKENS)


def record_bad_invitation(request: HttpRequest) -> None:
    """Note an invitation that nobody made; refused, and not noted, where an address has tried too many."""
    _record_bad(request, Door.INVITATION, BAD_INVITATIONS)


def _record_bad(request: HttpRequest, door: Door, limit: Limit) -> None:
    now = timezone.now()
    address = address_of(request)
    earlier = LoginAttempt.objects.filter(door=door, address=address)
    if wait_s := _wait_after(limit, earlier, now):
        raise _too_many(wait_s)
    with transaction.atomic():
        _forget_old(now)
        LoginAttempt.objects.create(at=now, door=door, address=address)
    log.warning("bad %s: address=%s", "API token" if door == Door.TOKEN else door.value, address or "-")


def check_passkey(request: HttpRequest) -> None:
    """Refuse to look at one more passkey from an address that sent too many that are none."""
    earlier = LoginAttempt.objects.filter(door=Door.PASSKEY, address=address_of(request))
    if wait_s := _wait_after(BAD_PASSKEYS, earlier, timezone.now()):
        raise _too_many(wait_s)


def record_passkey(request: HttpRequest, person: User | None) -> None:
    """Note that somebody came in by a passkey, or that it was none."""
    address = address_of(request)
    outcome = Outcome.SUCCEEDED if person else Outcome.FAILED
    LoginAttempt.objects.create(
        at=timezone.now(), door=Door.PASSKEY, outcome=outcome, person=person, address=address
    )
    log.info("passkey %s: account=%s address=%s", outcome, person.username if person else "-", address or "-")


def check_joining(request: HttpRequest) -> None:
    """Refuse one more account by invitation from an address that made very many within the hour."""
    now = timezone.now()
    lately = LoginAttempt.objects.filter(
        door=Door.INVITATION,
        outcome=Outcome.SUCCEEDED,
        address=address_of(request),
        at__gt=now - timedelta(hours=1),
    )
    oldest = lately.order_by("-at").values_list("at", flat=True)[JOINED_AN_HOUR - 1 : JOINED_AN_HOUR].first()
    if oldest is not None:
        raise _too_many_joined(math.ceil((oldest + timedelta(hours=1) - now).total_seconds()))


def record_joined(request: HttpRequest, person: User) -> None:
    """Note that somebody came in by an invitation."""
    address = address_of(request)
    LoginAttempt.objects.create(
        at=timezone.now(), door=Door.INVITATION, outcome=Outcome.SUCCEEDED, person=person, address=address
    )
    log.info("joined by invitation: account=%s address=%s", person.username, address or "-")


def _wait_s(visitor: Visitor, others: QuerySet[LoginAttempt], now: datetime) -> int:
    by_name = others.filter(name_digest=visitor.name_digest)
    if visitor.device:
        return _wait_after(NAME_AT_PLACE, _since_success(by_name.filter(device=visitor.device)), now)
    strangers = others.filter(device="")
    by_name = by_name.filter(device="")
    return max(
        _wait_after(NAME_AT_PLACE, _since_success(by_name.filter(address=visitor.address)), now),
        _wait_after(NAME, by_name, now),
        _wait_after(ADDRESS, strangers.filter(address=visitor.address), now),
    )


def _since_success(attempts: QuerySet[LoginAttempt]) -> QuerySet[LoginAttempt]:
    last = attempts.filter(outcome=Outcome.SUCCEEDED).order_by("-pk").first()
    return attempts.filter(pk__gt=last.pk) if last else attempts


def _wait_after(limit: Limit, attempts: QuerySet[LoginAttempt], now: datetime) -> int:
    """Seconds that remain to wait, rounded up."""
    found = attempts.filter(outcome=Outcome.FAILED, at__gt=now - limit.counted_over).aggregate(
        failures=Count("pk"), last_at=Max("at")
    )
    if not (wait_s := limit.wait_s(found["failures"])):
        return 0
    return max(0, math.ceil(wait_s - (now - found["last_at"]).total_seconds()))


def _forget_old(now: datetime) -> None:
    LoginAttempt.objects.filter(at__lt=now - KEPT).delete()


def _too_many(wait_s: int) -> TooMany:
    return TooMany(
        _("Too many failed attempts."),
        _("Wait %(minutes)s min, then try again.") % {"minutes": math.ceil(wait_s / 60)},
        retry_after_s=wait_s,
    )


def _too_many_joined(wait_s: int) -> TooMany:
    return TooMany(
        _("Very many people have joined from here within the hour."),
        _("Wait %(minutes)s min, then try again.") % {"minutes": math.ceil(wait_s / 60)},
        retry_after_s=max(1, wait_s),
    )


def _cookie_of(name: str) -> str:
    """A shared tablet keeps one for each of its people."""
    return f"device-{sha256(name.encode()).hexdigest()[:12]}"


def _who(attempt: LoginAttempt) -> str:
    name = attempt.person.username if attempt.person else "(no such account)"
    return f"account={name} address={attempt.address or '-'}"
