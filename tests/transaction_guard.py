"""Catches product code that works with files, images, networks or models while it holds a database transaction.

SQLite lets one writer in at a time: whoever reads an image or scores a model between BEGIN and COMMIT makes every
tagger wait. The transactions that pytest-django wraps around tests do not count.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import PIL.Image
import rasterio
from django.db import connection

from training.networks import engines

# https://docs.python.org/3/library/audit_events.html; C libraries open files unheard, so those are wrapped below.
EVENTS = frozenset(
    {
        "open", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "os.listdir", "os.scandir",
        "shutil.rmtree", "shutil.copyfile", "shutil.move", "tempfile.mkstemp", "tempfile.mkdtemp",
        "subprocess.Popen", "os.posix_spawn", "os.system", "socket.connect", "socket.getaddrinfo", "time.sleep",
    }
)  # fmt: skip
PATHS = EVENTS - {
    "subprocess.Popen",
    "os.posix_spawn",
    "os.system",
    "socket.connect",
    "socket.getaddrinfo",
    "time.sleep",
}
# Modules, templates and translations are loaded when they are first needed; the tables of time zones too.
PROGRAM = tuple(
    str(path)
    for path in (
        sys.prefix,
        sys.base_prefix,
        Path(__file__).resolve().parent.parent,
        "/usr",
        "/proc",
        "/etc",
        "/dev",
    )
)


class WorkInTransaction(AssertionError):
    """Product code did in a transaction what belongs before or after it."""


_state = threading.local()
_caught: list[str] = []
_watching = False


def holds_transaction() -> bool:
    """Whether this thread is between BEGIN and COMMIT by the product's doing."""
    return any(not getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Watch until the block is left; gives what was caught, which was raised at its place too."""
    global _watching
    _caught.clear()
    _watching = True
    try:
        yield _caught
    finally:
        _watching = False


def _check(what: str) -> None:
    if not _watching or getattr(_state, "is_checking", False):
        return
    _state.is_checking = True
    try:
        if not holds_transaction():
            return
    finally:
        _state.is_checking = False
    _caught.append(what)
    raise WorkInTransaction(f"{what} in a transaction: do it before, or after.")


def _hear(event: str, args: tuple[Any, ...]) -> None:
    if not _watching or event not in EVENTS:
        return
    if event in PATHS and _is_program(args[0] if args else None):
        return
    _check(f"{event} {args[:1]}")


def _is_program(path: object) -> bool:
    """Whether a path is of the program itself; numbers are of files that were opened before."""
    if not isinstance(path, str | bytes | os.PathLike):
        return True
    return str(Path.cwd() / os.fsdecode(path)).startswith(PROGRAM)


def _guarded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        _check(name)
        return function(*args, **kwargs)

    return checked


def install() -> None:
    """Listen from now on; once a process."""
    sys.addaudithook(_hear)
    PIL.Image.open = _guarded("PIL.Image.open", PIL.Image.open)
    rasterio.open = _guarded("rasterio.open", rasterio.open)
    for name in ("outputs", "scores", "logits"):
        for kind in vars(engines).values():
            if isinstance(kind, type) and kind.__module__ == engines.__name__ and name in vars(kind):
                setattr(kind, name, _guarded(f"{kind.__name__}.{name}", vars(kind)[name]))
