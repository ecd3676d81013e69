"""What the database refuses: what SQLite says and PostgreSQL's codes, and what is behind them.

Asked through `damage.disk`, which knows in what errors such trouble hides, and words what is the disk's.
"""

import errno
from enum import Enum, auto

from django.db import Error, InterfaceError, OperationalError, connection

from damage.errors import NotNow
from damage.messages import Message as _

NOT_MIGRATED = _("The database is not set up for this version of Damage.")
MIGRATE = _("Run: manage.py migrate")


class Trouble(Enum):
    """What may be behind an error of the database, beside what is the disk's."""

    BUSY = auto()
    NOT_MIGRATED = auto()
    DAMAGED = auto()


# Numbers are the system's, of the disk. In lower case, as the words come in either.
SQLITE_WORDS: dict[str, int | Trouble] = {
    "database or disk is full": errno.ENOSPC,
    "readonly database": errno.EROFS,
    "unable to open database file": errno.EACCES,
    "disk i/o error": errno.EIO,
    "database is locked": Trouble.BUSY,
    "database table is locked": Trouble.BUSY,
    "no such table": Trouble.NOT_MIGRATED,
    "no such column": Trouble.NOT_MIGRATED,
    "not a database": Trouble.DAMAGED,
    "malformed": Trouble.DAMAGED,
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
POSTGRESQL_CODES: dict[str, int | Trouble] = {
    "53100": errno.ENOSPC,
    "25006": errno.EROFS,
    "58030": errno.EIO,
    "55P03": Trouble.BUSY,
    "40P01": Trouble.BUSY,
    "40001": Trouble.BUSY,
    "42P01": Trouble.NOT_MIGRATED,
    "42703": Trouble.NOT_MIGRATED,
    "XX001": Trouble.DAMAGED,
    "XX002": Trouble.DAMAGED,
}


def behind(error: Error) -> int | Trouble | None:
    """The system's number of what the disk refused, or what else is known to be behind an error; else None."""
    code = getattr(error.__cause__, "sqlstate", None)
    if code is not None:
        return POSTGRESQL_CODES.get(code)
    said = str(error).casefold()
    return next((trouble for words, trouble in SQLITE_WORDS.items() if words in said), None)


def refusal_of(error: Error) -> NotNow | None:
    """An error of the database that is not the disk's, in words; None where it is no trouble of the database as such.

    What the database said itself is in the remedy: it may name a server, which strangers need not know.
    """
    match behind(error):
        case Trouble.BUSY:
            return NotNow(
                _("The database is busy."),
                _(
                    "Try again in a moment. If it stays so, look for a command that writes for long, and end it."
                ),
            )
        case Trouble.NOT_MIGRATED:
            return NotNow(NOT_MIGRATED, MIGRATE)
        case Trouble.DAMAGED:
            return NotNow(
                _("The database is damaged."),
                _("Put a copy from your backups in its place: %(name)s")
                % {"name": str(connection.settings_dict["NAME"])},
            )
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    first, *_others = str(error).strip().splitlines() or [type(error).__name__]
    return NotNow(
        _("The database cannot be used at the moment."),
        _("It says: %(why)s. See whether it runs, whether DATABASE_URL names it rightly, and what it logs.")
        % {"why": first.rstrip(".")},
    )
