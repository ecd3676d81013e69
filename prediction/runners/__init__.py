"""Where blocks are done: here, on this machine's processes, or on a cluster. The results are the same."""

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, Protocol, TypeVar

import numpy as np

from damage.errors import Refused

Outcome = np.ndarray | Refused
# The function over blocks; it travels by its name, so it must belong to a module.
Compute = Callable[[Any, bytes], np.ndarray]


class Job(Protocol):
    """What is to be done; it can be pickled, and needs the model with this sha256."""

    @property
    def model_sha256(self) -> str: ...


J = TypeVar("J", bound=Job)


class Runner(Protocol[J]):
    """One way of doing jobs."""

    @property
    def words(self) -> str:
        """Where the work is done, for people."""

    def outcomes(
        self, jobs: Iterator[J], models: Mapping[str, bytes]
    ) -> Generator[tuple[J, Outcome], None, None]:
        """Each job with its result, in any order; `models` by sha256.

        Only a bounded number of jobs is taken ahead. A job that is refused comes back with its refusal, and
        the others go on; any other error is raised. Closing the iterator stops the work quickly.
        """


def outcome_of(compute: Compute, job: Job, model: bytes) -> Outcome:
    """The job's result, or its refusal in words that can travel to another process."""
    try:
        return compute(job, model)
    except Refused as refusal:
        return Refused(str(refusal.reason), str(refusal.remedy))
