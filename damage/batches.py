"""Many rows without making anybody wait: SQLite lets one writer in at a time, and the others are taggers."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import TypeVar

ROWS_AT_ONCE = 250  # some 40 ms on two busy cores
PLAIN_ROWS_AT_ONCE = 1000  # by `damage.statements`: some 20 ms
T = TypeVar("T")


def write_in_batches(
    rows: Sequence[T], write: Callable[[Sequence[T]], object], *, size: int = ROWS_AT_ONCE
) -> None:
    """Write rows in transactions of `size` each; between them others get as much time as each of them took."""
    for start in range(0, len(rows), size):
        begun = perf_counter()
        with _garbage_kept():
            write(rows[start : start + size])
        if start + size < len(rows):
            sleep(perf_counter() - begun)


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Let no collection fall into a transaction: where TensorFlow is loaded, one takes up to 0.4 s."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
