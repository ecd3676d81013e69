"""Locks on folders, which end with the process that holds them, however it ends."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time
from uuid import uuid4

LOCK_FILE = "lock"
# A folder without a lock is of an earlier version, or was being made when its process was killed.
OLD_S = 24 * 60 * 60


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
    try:
        with (folder / LOCK_FILE).open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True
    except FileNotFoundError:
        return None


@contextmanager
def own_folder(parent: Path, name: str) -> Iterator[Path]:
    """A new folder of this process, locked, and gone when its work is done; killed ones are known by `is_left_over`."""
    folder = parent / f"{name}-{uuid4().hex[:12]}"
    unborn = parent / f".{folder.name}"  # nobody sees it under its name before it is locked
    try:
        with locked(unborn):
            unborn.replace(folder)
            yield folder
    finally:
        for each in (unborn, folder):
            shutil.rmtree(each, ignore_errors=True)


def is_left_over(folder: Path) -> bool:
    """Whether the process whose folder it was is gone."""
    free = is_free(folder)
    if free is None or folder.name.startswith("."):
        return time() - folder.stat().st_mtime > OLD_S
    return free
