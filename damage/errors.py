"""The errors that people are meant to read."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _

Text = str | Promise


class DamageError(Exception):
    """Base of every error that Damage raises on purpose."""


class Refused(DamageError):
    """Input that is not accepted: says why, and what its sender can do about it."""

    def __init__(self, reason: Text, remedy: Text = "") -> None:
        super().__init__(reason, remedy)
        self.reason = reason
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy}".strip()


def reason_of(error: BaseException) -> str:
    """What a run's row says of the error that ended it."""
    if isinstance(error, KeyboardInterrupt):
        return _("Interrupted.")
    return str(error) if isinstance(error, Refused) else f"{type(error).__name__}: {error}"
