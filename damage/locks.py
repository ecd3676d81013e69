"""Locks on folders, which end with the process that holds them, however it ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_FILE = "lock"


@contextmanager
def locked(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the folder's lock, which ends with this process however it ends; gives False where another has it.

    With `wait` it is waited for instead.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def is_free(folder: Path) -> bool | None:
    """Whether nobody works in the folder; None where there is none, as on another machine."""
    if not (folder / LOCK_FILE).exists():
        return None
    with locked(folder) as mine:
        return mine
