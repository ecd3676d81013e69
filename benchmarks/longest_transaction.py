"""How long a process keeps others from writing: from the first statement of a transaction to its end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter, thread_time
from typing import Any
from unittest import mock

from django.db.transaction import Atomic


@dataclass
class Transactions:
    """The seconds of each outermost transaction, and those that the processor worked for it in this thread."""

    seconds: list[float] = field(default_factory=list)
    processor_s: list[float] = field(default_factory=list)

    @property
    def longest_ms(self) -> float:
        return 1000 * max(self.seconds, default=0.0)

    @property
    def most_processor_ms(self) -> float:
        """What no other work of the machine changes."""
        return 1000 * max(self.processor_s, default=0.0)


@contextmanager
def measured_transactions() -> Iterator[Transactions]:
    """Measure the outermost transactions of this thread until the block is left, COMMIT included.

    Time that BEGIN waits for other writers does not count: nobody waits for it.
    """
    found = Transactions()
    begun: list[tuple[float, float]] = []
    enter, leave = Atomic.__enter__, Atomic.__exit__

    def entered(self: Atomic) -> None:
        enter(self)
        begun.append((perf_counter(), thread_time()))

    def left(self: Atomic, *error: Any) -> None:
        try:
            leave(self, *error)
        finally:
            started, worked = begun.pop()
            if not begun:
                found.seconds.append(perf_counter() - started)
                found.processor_s.append(thread_time() - worked)

    with mock.patch.object(Atomic, "__enter__", entered), mock.patch.object(Atomic, "__exit__", left):
        yield found
