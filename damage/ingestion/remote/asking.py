"""Asking a host for something, patiently: what may pass is tried again, what will not is refused."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import sleep
from typing import TypeVar

import httpx2

from damage.errors import Refused
from damage.ingestion.remote.addresses import host_of, parsed_address
from damage.messages import Message
from damage.messages import Message as _

MOST_REDIRECTS = 3
TRIES = 6  # in vain, one after the other
FIRST_PAUSE_S = 1.0  # then twice as long each time: half a minute in all
LONGEST_PAUSE_S = 300.0  # a host that asks for more is asked again by the next call
GOOD = frozenset({200, 206, 304, 416})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
LATER = _("Try again later; what is here already is kept, and it goes on from there.")
T = TypeVar("T")


class MayPass(Exception):
    """What went wrong, and may not the next time; `wait_s` is how long the host asks to be left alone."""

    def __init__(self, reason: Message, wait_s: float = 0) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.wait_s = wait_s


def persistently(attempt: Callable[[], T], progress: Callable[[], int] = int) -> T:
    """What `attempt` gives; it is made again after `MayPass` and broken connections, with growing pauses.

    Attempts count as made in vain as long as `progress` gives no greater number than it ever did. Raises `Refused`.
    """
    furthest, in_vain = progress(), 0
    while True:
        try:
            return attempt()
        except MayPass as failure:
            reason, wait_s = failure.reason, failure.wait_s
        except httpx2.TransportError as error:
            reason, wait_s = _worded(error), 0
        in_vain = 1 if progress() > furthest else in_vain + 1
        furthest = max(furthest, progress())
        if in_vain >= TRIES:
            raise Refused(reason, LATER)
        if wait_s > LONGEST_PAUSE_S:
            raise Refused(
                _("The host asks to wait %(minutes)s minutes.") % {"minutes": round(wait_s / 60)}, LATER
            )
        sleep(max(wait_s, FIRST_PAUSE_S * 2 ** (in_vain - 1)))


@contextmanager
def answer(
    client: httpx2.Client, address: str, headers: Mapping[str, str] | None = None
) -> Iterator[httpx2.Response]:
    """The answer to a GET, its body unread. Redirects within the host are followed, any other is refused.

    Raises `Refused`, `MayPass` and `httpx2.TransportError`.
    """
    url = parsed_address(address)
    for _again in range(MOST_REDIRECTS + 1):
        with client.stream("GET", url, headers=dict(headers or {})) as response:
            if response.status_code not in REDIRECTS:
                _check_status(response)
                yield response
                return
            url = _redirected(url, response)
    raise Refused(
        _("The host sends from one address to the next without end."), _("Tell those who run the host.")
    )


def _redirected(url: httpx2.URL, response: httpx2.Response) -> httpx2.URL:
    location = response.headers.get("location", "")
    try:
        target = url.join(location) if location else httpx2.URL("")
    except (httpx2.InvalidURL, ValueError):
        target = httpx2.URL("")
    if (target.scheme, host_of(target), target.port) != (url.scheme, host_of(url), url.port):
        raise Refused(
            _("The host sends on to another one (%(address)s), which is not followed.")
            % {"address": str(target)[:200] or "?"},
            _("If you trust that one, name its address instead."),
        )
    return target


def _check_status(response: httpx2.Response) -> None:
    status = response.status_code
    if status in GOOD:
        return
    if status in PASSING:
        words = _("The host is too busy, or asks to be left alone (%(status)s).")
        raise MayPass(words % {"status": status}, _wait_s(response.headers.get("retry-after", "")))
    if status in (404, 410):
        raise Refused(
            _("There is nothing at this address (%(status)s).") % {"status": status}, _("Check it.")
        )
    if status in (401, 403):
        raise Refused(
            _("The host does not give it to everybody (%(status)s).") % {"status": status},
            _("Check the address: buckets answer so for what is not there, too."),
        )
    raise Refused(_("The host answers %(status)s.") % {"status": status}, _("Check the address."))


def _wait_s(retry_after: str) -> float:
    """The pause that a host asks for, in seconds or until a moment (RFC 9110, 10.2.3); 0 for what is neither."""
    if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 10:
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError):
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _worded(error: httpx2.TransportError) -> Message:
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return _("The host cannot be reached (%(why)s).") % {"why": str(error)[:200] or type(error).__name__}
    if isinstance(error, httpx2.TimeoutException):
        return _("The host stopped sending.")
    return _("The connection broke off (%(why)s).") % {"why": str(error)[:200] or type(error).__name__}
