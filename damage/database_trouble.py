"""What is wrong with the database, in words for whoever runs a command."""

from django.conf import settings
from django.db import Error

NOT_MIGRATED = "The database is not set up for this version of Damage. Run: manage.py migrate"

# What SQLite says, and what it means.
_SQLITE = {
    "no such table": NOT_MIGRATED,
    "no such column": NOT_MIGRATED,
    "database is locked": "The database is busy: another program writes to it at length. Try again.",
    "readonly database": "The database cannot be written: {file}. Let this account write the file and its folder.",
    "unable to open": "The database cannot be opened: {file}. Let this account read and write the file and its folder.",
    "not a database": "{file} is no SQLite database, or damaged. Put a copy from your backups in its place.",
    "malformed": "The database is damaged: {file}. Put a copy from your backups in its place.",
    "disk i/o error": "The disk refuses to read or write the database: {file}. Look after the disk.",
    "disk is full": "The disk is full: {file} cannot be written. Make room.",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_UNDEFINED = ("42P01", "42703")


def words_of(error: Error) -> str:
    """What to tell of an error and do about it; empty where it is no trouble with the database as such."""
    if settings.ENVIRONMENT.database_url:
        return _words_of_postgresql(error)
    said = str(error).casefold()
    words = next((words for part, words in _SQLITE.items() if part in said), "")
    return words.format(file=settings.DATABASES["default"]["NAME"])


def _words_of_postgresql(error: Error) -> str:
    state = getattr(error.__cause__, "sqlstate", None)
    if state in _UNDEFINED:
        return NOT_MIGRATED
    # Without a state it came from no server: none answers, or it went away. 08 and 57 are its own words for that;
    # 28 and 3D refuse the account or the database, 53 says that it is full.
    if state is None or state[:2] in ("08", "28", "3D", "53", "57"):
        first, *_ = str(error).strip().splitlines() or ["no reason given"]
        return f"The database that DATABASE_URL names cannot be used: {first}"
    return ""
