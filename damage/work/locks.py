"""Locks on folders, which end with the process that holds them, however it ends."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from math import inf
from pathlib import Path
from time import monotonic, sleep, time
from typing import TextIO
from uuid import uuid4

LOCK_FILE = "lock"
# Who only looks whether a lock is free holds it for a moment.
PATIENCE_S = 0.5
LOOK_S = 0.01
# A folder without a lock is of an earlier version, or was being made when its process was killed.
OLD_S = 24 * 60 * 60


@contextmanager
def locked(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """Hold the folder's lock, which ends with this process however it ends; gives False where another has it.

    With `wait` it is waited for instead.
    """
    file = _taken(folder, inf if wait else PATIENCE_S)
    if file is None:
        yield False
        return
    with file:
        yield True


def _taken(folder: Path, patience_s: float) -> TextIO | None:
    """The folder's lock file, locked; None where another holds it for longer than it takes to look (`is_free`)."""
    deadline = monotonic() + patience_s
    path = folder / LOCK_FILE
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError), ExitStack() as stack:
            file = stack.enter_context(path.open("w"))
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # A folder that was swept between the two calls is made anew.
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    stack.pop_all()
                    return file
        if monotonic() >= deadline:
            return None
        sleep(LOOK_S)


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
        try:
            return time() - folder.stat().st_mtime > OLD_S
        except FileNotFoundError:  # its process ended in order since it was listed
            return False
    return free
