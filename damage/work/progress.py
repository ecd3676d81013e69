"""Progress of long work, told to whoever wants to know: a bar, a row, or nobody."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Never

from tqdm import tqdm

# Called with (done, total) in whatever unit the work is counted.
Progress = Callable[[int, int], None]


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


@contextmanager
def progress_bar(label: str, unit: str) -> Iterator[Progress]:
    """Show a bar with the time left on standard error, where it does not mix with `--json`, once there is progress."""
    bars: list[tqdm[Never]] = []

    def show(done: int, total: int) -> None:
        if not bars:
            bars.append(tqdm(desc=label, unit=unit, unit_scale=True, dynamic_ncols=True, total=total))
        (bar,) = bars
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        for bar in bars:
            bar.close()
