"""Small writes of several threads in one transaction, so that they share one flush to the disk.

SQLite flushes for every commit, one writer at a time: at 4 ms a flush, people who tag would queue. PostgreSQL groups
commits by itself.
"""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Any, TypeVar

from django.db import IntegrityError, connection, transaction


class _Write:
    """What one thread wants written, and what came of it once it is committed."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.is_committed = False


_waiting: deque[_Write] = deque()
_turn = Lock()


Result = TypeVar("Result")


def committed(work: Callable[[], Result]) -> Result:
    """Do `work` in a transaction, together with what other threads of this process wait to write; return its result.

    It is on the disk when this returns, unless the caller has a transaction open. Whoever's turn it is writes for all
    that wait. If one breaks a constraint each writes alone, so `work` may be done twice: it must not mind that it was
    taken back.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            return work()
    mine = _Write(work)
    _waiting.append(mine)
    with _turn:
        if not mine.is_committed:
            with suppress(IntegrityError):
                _commit_all_that_wait()
        if not mine.is_committed:
            with transaction.atomic():
                return work()
    result: Result = mine.result
    return result


def _commit_all_that_wait() -> None:
    writes = []
    while _waiting:
        writes.append(_waiting.popleft())
    with transaction.atomic():
        for write in writes:
            write.result = write.work()
    for write in writes:
        write.is_committed = True
