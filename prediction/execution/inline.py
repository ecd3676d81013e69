"""Blocks done one after the other in this process."""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

from prediction.execution import Compute, J, Outcome, outcome_of


@dataclass(frozen=True)
class Inline:
    """No process but this one."""

    compute: Compute
    words = "one after the other, in this process"

    def outcomes(
        self, jobs: Iterator[J], models: Mapping[str, bytes]
    ) -> Generator[tuple[J, Outcome], None, None]:
        """Each job with its result, in order."""
        for job in jobs:
            yield job, outcome_of(self.compute, job, models[job.model_sha256])
