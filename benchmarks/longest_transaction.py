"""How long a process keeps others from writing: from the first statement of a transaction to its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from unittest import mock

from django.db.transaction import Atomic


@dataclass
class Transactions:
    """The seconds of each outermost transaction."""

    seconds: list[float] = field(default_factory=list)

    @property
    def longest_ms(self) -> float:
        return 1000 * max(self.seconds, default=0.0)


@contextmanager
def measured_transactions() -> Iterator[Transactions]:
    """Measure the outermost transactions of this thread until the block is left, COMMIT included.

    Time that BEGIN waits for other writers does not count: nobody waits for it.
    """
    found, begun = Transactions(), []
    enter, leave = Atomic.__enter__, Atomic.__exit__

    def entered(self: Atomic) -> None:
        enter(self)
        begun.append(perf_counter())

    def left(self: Atomic, *error: Any) -> None:
        try:
            leave(self, *error)
        finally:
            started = begun.pop()
            if not begun:
                found.seconds.append(perf_counter() - started)

    with mock.patch.object(Atomic, "__enter__", entered), mock.patch.object(Atomic, "__exit__", left):
        yield found
