"""The errors that people are meant to read."""

from http import HTTPStatus

from damage.messages import Message, sentences
from damage.messages import Message as _

Text = str | Message


class DamageError(Exception):
    """Base of every error that Damage raises on purpose."""


class Refused(DamageError):
    """Input that is not accepted: says why, and what its sender can do about it."""

    status: int = HTTPStatus.BAD_REQUEST  # what an API answers

    def __init__(self, reason: Text, remedy: Text = "") -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    @property
    def message(self) -> Message:
        """Reason and remedy, to be kept with a row and worded for its reader."""
        return sentences(self.reason, self.remedy)

    def __str__(self) -> str:
        return str(self.message)


class Conflict(Refused):
    """What was asked for does not fit what is there now: somebody else was first, or something is missing."""

    status = HTTPStatus.CONFLICT


class TooMany(Refused):
    """Somebody asked for more than their share; the same may be asked again later."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, reason: Text, remedy: Text = "", *, retry_after_s: int) -> None:
        super().__init__(reason, remedy)
        self.retry_after_s = retry_after_s


class NotNow(Refused):
    """The site cannot do it at the moment, through no fault of the sender: a full disk, a busy database.

    Never an answer to input that is wrong: whoever sends the same again later may succeed.
    """

    status = HTTPStatus.SERVICE_UNAVAILABLE
    retry_after_s = 5


class FileUnreadable(Refused):
    """A file that the site stores, or that it was pointed to, cannot be read: damaged, replaced or gone.

    Whoever asked did nothing wrong, and asking again does not help until an admin has seen to it.
    """

    status = HTTPStatus.SERVICE_UNAVAILABLE


def reason_of(error: BaseException) -> Message:
    """What a run's row says of the error that ended it."""
    if isinstance(error, KeyboardInterrupt):
        return _("Interrupted.")
    if isinstance(error, Refused):
        return error.message
    return _("%(kind)s: %(words)s") % {"kind": type(error).__name__, "words": str(error)}
