"""The data folder: made where it is missing, and kept from the other accounts of the machine."""

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from damage.environment import BadSetting

DATABASE_FILE = "damage.sqlite3"
# By any of these a folder is known as a data folder, and not as one that others keep their things in too.
_KNOWN_BY = (DATABASE_FILE, "files")
_FULL = (errno.ENOSPC, errno.EDQUOT)


def prepare_data_folder(folder: Path, *, holds_database: bool) -> None:
    """Have a folder that only this account may enter, and nobody else read the database in it.

    Folders and files from before are tightened. Raises `BadSetting` where the folder cannot be made or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        if error.errno not in _FULL:  # a full disk can still be read, and is told where something is written
            raise BadSetting(
                f"DAMAGE_DATA is {str(folder)!r}, which cannot be made or written ({error.strerror}); name another "
                "folder, or let this account write there."
            ) from error
    if _is_our_own(folder) and _tighten(folder, 0o700):
        sys.stderr.write(f"Other accounts of this machine can no longer enter {folder}.\n")
    database = folder / DATABASE_FILE
    if holds_database:
        with suppress(
            OSError
        ):  # SQLite would make it for all to read; what it puts beside it has the same mode
            os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))
    for name in (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm"):
        _tighten(folder / name, 0o600)


def is_open_to_others(folder: Path) -> bool:
    """Whether other accounts of the machine can look into the folder."""
    return folder.is_dir() and bool(folder.stat().st_mode & 0o055)


def _is_our_own(folder: Path) -> bool:
    """Never /tmp, somebody's home, or a folder that other things lie in."""
    if folder.stat().st_mode & stat.S_ISVTX or folder == Path.home():
        return False
    names = {path.name for path in folder.iterdir()}
    return not names or any(name in names for name in _KNOWN_BY)


def _tighten(path: Path, mode: int) -> bool:
    """Take from a file or folder what `mode` does not allow; gives whether there was anything."""
    with suppress(OSError):  # it is not there, or another account's
        present = stat.S_IMODE(path.stat().st_mode)
        if present & ~mode & 0o777:
            path.chmod(present & mode)
            return True
    return False
