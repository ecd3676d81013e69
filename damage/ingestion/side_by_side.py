"""Several files at once: children decode while their parent, alone, stores one after the other in the files' order.

What becomes of a file is a generator that gives way where it waits for a child: `Steps`.
"""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

from damage.ingestion.decoder import Decoder
from damage.ingestion.decoding import shared_decoder
from damage.work.progress import Progress, no_progress

T = TypeVar("T")
Steps = Generator[None, None, T]

# Beyond so many the parent is what they wait for, and each needs memory.
MOST_CHILDREN = 9
NICENESS = 5  # whoever waits for a page goes before further children
# Starting a child takes as long as so many photos.
PHOTOS_A_CHILD = 4


def finished(steps: Steps[T]) -> T:
    """What the steps come to, without anything beside them."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def at_once(work: Callable[[], T]) -> Steps[T]:
    """Steps of what waits for no child beside others."""
    yield from ()
    return work()


def side_by_side(works: Sequence[Callable[[Decoder], Steps[T]]], progress: Progress = no_progress) -> list[T]:
    """What all come to, in their order; each is begun with a child of its own, which it may not use once it ended.

    Whatever is raised, Ctrl-C too, ends the children and then closes the steps that were begun.
    """
    results: list[T] = []
    begun: deque[_Begun[T]] = deque()

    def finish_first() -> None:
        results.append(begun[0].finish())
        begun.popleft()
        progress(len(results), len(works))

    with _decoders(len(works)) as decoders:
        try:
            for number, work in enumerate(works):
                if len(begun) == len(decoders):
                    finish_first()
                begun.append(_Begun(work(decoders[number % len(decoders)])))
            while begun:
                finish_first()
        except BaseException:
            for decoder in decoders:  # first, so that nobody writes any more where the steps clean up
                decoder.close()
            raise
        finally:
            for each in begun:
                each.close()
    return results


class _Begun(Generic[T]):
    """Steps that were gone up to where they give way, or to their end."""

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self._results: list[T] = []
        try:
            next(steps)
        except StopIteration as end:
            self._results.append(end.value)

    def finish(self) -> T:
        return self._results[0] if self._results else finished(self._steps)

    def close(self) -> None:
        self._steps.close()


@contextmanager
def _decoders(works: int) -> Iterator[list[Decoder]]:
    """One more than there are processors, so that none is idle while files are stored; fewer for few files."""
    most = min(len(os.sched_getaffinity(0)) + 1, MOST_CHILDREN)
    others = [Decoder(niceness=NICENESS) for _number in range(min(most - 1, works // PHOTOS_A_CHILD))]
    try:
        yield [shared_decoder, *others]
    finally:
        for decoder in others:
            decoder.close()
