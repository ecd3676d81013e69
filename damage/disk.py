"""What the disk, or the database on it, refuses at the moment: said as such, with the remedy, in one place.

A full disk is nobody's wrong input: whoever sends the same again later may succeed.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from damage.database_trouble import behind, refusal_of
from damage.errors import NotNow
from damage.gdal import GDAL_WRITES
from damage.messages import Message
from damage.messages import Message as _

FULL = (errno.ENOSPC, errno.EDQUOT)
FORBIDDEN = (errno.EACCES, errno.EPERM)
BROKEN = (errno.EIO, errno.ESTALE, errno.ENODEV, errno.ENXIO)
MISSING = (errno.ENOENT, errno.ENOTDIR)
TOO_MANY_OPEN = (errno.EMFILE, errno.ENFILE)
KNOWN = (*FULL, *FORBIDDEN, errno.EROFS, *BROKEN, *TOO_MANY_OPEN)


@contextmanager
def trouble_explained() -> Iterator[None]:
    """Turn what the disk or the database refuses into `NotNow`, with words and a remedy; all else stays as it is."""
    try:
        yield
    except (OSError, Error) as error:
        if trouble := trouble_of(error):
            raise trouble from error
        raise


def trouble_of(error: BaseException) -> NotNow | None:
    """What of disk or database is behind an error, as words for whoever runs the site; None where it is neither."""
    for cause in _causes(error):
        if isinstance(cause, NotNow):
            return cause
        if isinstance(cause, Error):
            if trouble := _of_database(cause):
                return trouble
        elif code := _code(cause):
            return _worded(code, _place(getattr(cause, "filename", None)))
    return None


def for_visitors(trouble: NotNow) -> NotNow:
    """The same for people who can do nothing about it, without folders of the server."""
    return NotNow(
        trouble.reason, _("Try again in a moment. If it stays so, tell the people who run this site.")
    )


def free_words(folder: Path) -> str:
    """How much room is left on a folder's disk, for people."""
    free = shutil.disk_usage(_there(folder)).free
    return f"{free / 1e9:.1f} GB" if free >= 1e9 else f"{free / 1e6:.1f} MB"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came from."""
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__


def _code(error: BaseException) -> int | None:
    """The system's number of an error of the disk; GDAL and its wrappers only have the words."""
    if isinstance(error, OSError) and error.errno is not None:
        is_missing = error.errno in MISSING and not Path(settings.DATA_DIR).is_dir()
        return error.errno if error.errno in KNOWN or is_missing else None
    if isinstance(error, OSError) or type(error).__module__.startswith(("rasterio", "fiona", "pyogrio")):
        named = (code for code in KNOWN if os.strerror(code) in str(error))
        # A disk is hardly ever broken, and often full.
        return next(named, errno.ENOSPC if GDAL_WRITES.search(str(error)) else None)
    return None


def _of_database(error: Error) -> NotNow | None:
    code = behind(error)
    if not isinstance(code, int):
        return refusal_of(error)
    is_file = connection.vendor == "sqlite"
    return _worded(
        code, Path(connection.settings_dict["NAME"]).parent if is_file else Path(settings.DATA_DIR)
    )


def _worded(code: int, folder: Path) -> NotNow:
    there: dict[str, str | Message] = {"folder": str(folder)}
    if code in FULL:
        return NotNow(
            _("The disk is full."),
            _("Make room on the disk of %(folder)s: %(free)s of it are free. Then try again.")
            % (there | {"free": free_words(folder)}),
        )
    if code == errno.EROFS:
        return NotNow(
            _("The disk can only be read, not written."),
            _("Make %(folder)s writable, then try again.") % there,
        )
    if code in FORBIDDEN:
        return NotNow(
            _("The system does not allow the site to write its files."),
            _("Give the account that runs Damage the right to read and write %(folder)s.") % there,
        )
    if code in TOO_MANY_OPEN:
        return NotNow(
            _("Too many files are open."),
            _("Start Damage anew; if it comes again, raise the system's limit: ulimit -n 4096"),
        )
    if code in MISSING:
        return NotNow(
            _("The folder of the site's files is not there."),
            _("Connect the disk that holds %(folder)s.") % there,
        )
    return NotNow(
        _("The disk reports errors."),
        _("Check the disk of %(folder)s, and have a backup at hand.") % there,
    )


def _place(filename: object) -> Path:
    """The folder to look at: that of the file, or where the site keeps its files."""
    if isinstance(filename, str | bytes):
        path = Path(os.fsdecode(filename))
        return path if path.is_dir() else path.parent
    return Path(settings.DATA_DIR)


def _there(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())
