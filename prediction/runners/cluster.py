"""Blocks done by the workers of a Dask cluster, on as many machines as it has."""

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Generic
from uuid import uuid4

import dask
from distributed import Client, Future, KilledWorker, Security, get_worker

from damage.errors import Refused
from damage.messages import Message as _
from prediction.runners import Compute, J, Job, Outcome, outcome_of

# Jobs with each thread of the cluster: the one it does, and two that bridge the way to and fro.
JOBS_PER_THREAD = 3
# How often a job that fails is tried again. (What a lost worker had is done again in any case.)
RETRIES = 2
CONNECT_TIMEOUT_S = 10
SECONDS_BETWEEN_LOOKS = 1.0


class ClusterLost(Refused):
    """The cluster cannot be reached, or has nobody to do the work."""


@dataclass(frozen=True)
class DaskCluster:
    """A cluster by its scheduler's address, such as `tcp://192.168.7.1:8786`."""

    address: str
    compute: Compute
    # How long the cluster may be without any worker.
    patience_s: float = 30.0

    @property
    def words(self) -> str:
        """Where the work is done, for people."""
        return f"on the Dask cluster at {self.address}"

    def outcomes(
        self, jobs: Iterator[J], models: Mapping[str, bytes]
    ) -> Generator[tuple[J, Outcome], None, None]:
        """Each job with its result, as they come; what a lost worker left undone is done again by others."""
        with _connected(self.address) as client:
            flight: _Flight[J] = _Flight(client, self, models)
            yield from flight.outcomes(jobs)
            while flight.suspects:
                yield from flight.outcomes(iter([flight.suspects.pop()]), alone=True)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A client; when it closes, the scheduler drops whatever it still had to do for it."""
    if address.startswith("tls://") and not Security().get_connection_args("client").get("ssl_context"):
        raise ClusterLost(
            _("%(address)s is reached with TLS, and no certificate is configured.") % {"address": address},
            _("Let DASK_CONFIG name the file that does, as docs/cluster.md says."),
        )
    try:
        client = Client(address, timeout=CONNECT_TIMEOUT_S, set_as_default=False, name="damage")
    except (OSError, ValueError) as error:
        raise ClusterLost(
            _("No Dask scheduler answers at %(address)s: %(error)s.") % {"address": address, "error": error},
            _("Start one (docs/cluster.md), correct the address, or predict without --dask and DAMAGE_DASK."),
        ) from error
    with client:
        yield client


class _Flight(Generic[J]):
    """The jobs that are with the cluster: a few are sent ahead, and each is forgotten there once it is here."""

    def __init__(self, client: Client, cluster: DaskCluster, models: Mapping[str, bytes]) -> None:
        # Jobs that several workers died with, though perhaps another job was the cause: tried alone at the end.
        self.suspects: list[J] = []
        self._jobs: dict[Future, J] = {}
        self._client, self._cluster = client, cluster
        self._models = {sha256: _model(client, sha256, model) for sha256, model in models.items()}
        self._landed: SimpleQueue[Future] = SimpleQueue()
        self._names = map(f"damage_block-{uuid4().hex}-{{}}".format, count())
        self._threads = 0
        self._looked_at, self._worker_seen_at = 0.0, monotonic()

    def outcomes(self, jobs: Iterator[J], *, alone: bool = False) -> Iterator[tuple[J, Outcome]]:
        """Results as they come; a job that workers die with is a suspect, or refused if it was alone."""
        while True:
            for job in islice(jobs, self._room()):
                self._send(job)
            if not self._jobs:
                return
            for future, outcome in self._landings():
                job = self._jobs.pop(future)
                settled = self._refusal(future) if outcome is None else outcome
                if outcome is not None or alone:
                    yield job, settled
                else:
                    self.suspects.append(job)

    def _room(self) -> int:
        """How many more jobs may be sent; follows the workers that come and go."""
        if monotonic() - self._looked_at > SECONDS_BETWEEN_LOOKS:
            self._look_for_workers()
        return max(0, max(1, JOBS_PER_THREAD * self._threads) - len(self._jobs))

    def _send(self, job: J) -> None:
        """Hand the job over; whichever worker is free first does it."""
        model = self._models[job.model_sha256]
        future = self._client.submit(
            _outcome, self._cluster.compute, job, model, key=next(self._names), retries=RETRIES
        )
        self._jobs[future] = job
        future.add_done_callback(self._landed.put)

    def _landings(self) -> Iterator[tuple[Future, Outcome | None]]:
        """The results that have come; waits a moment for the first."""
        try:
            futures = [self._landed.get(timeout=SECONDS_BETWEEN_LOOKS)]
        except Empty:
            return
        while not self._landed.empty():
            futures.append(self._landed.get())
        if any(future.cancelled() for future in futures):
            raise self._lost("the connection broke")
        for number, outcome in self._gathered(futures).items():
            yield futures[number], outcome

    def _gathered(self, futures: list[Future]) -> dict[int, Outcome | None]:
        """Results by place, None for those that failed; nothing when they are lost again on their way here."""
        by_place = dict(enumerate(futures))
        gather = partial(self._client.gather, by_place, errors="skip", asynchronous=True)
        try:
            results: dict[int, Outcome | None] = self._client.sync(
                gather, callback_timeout=self._cluster.patience_s
            )
        except TimeoutError:
            for future in futures:
                self._landed.put(future)
            return {}
        except (OSError, CancelledError) as error:
            raise self._lost(str(error)) from error
        return results

    def _refusal(self, future: Future) -> Refused:
        """The refusal of a job that nobody survives; any other error is raised."""
        error = future.exception()
        if isinstance(error, KilledWorker):
            return Refused(str(error), _("Give each worker more memory, or run fewer on a machine."))
        if isinstance(error, CancelledError):
            raise self._lost(str(error)) from error
        raise error

    def _look_for_workers(self) -> None:
        try:
            if self._client.status != "running":
                raise self._lost("the connection broke")
            self._threads = sum(self._client.nthreads().values())
        except OSError as error:
            raise self._lost(str(error)) from error
        self._looked_at = monotonic()
        if self._threads:
            self._worker_seen_at = self._looked_at
        elif self._looked_at - self._worker_seen_at > self._cluster.patience_s:
            raise self._lost("it has no worker")

    def _lost(self, reason: str) -> ClusterLost:
        return ClusterLost(
            _("The Dask cluster at %(address)s is lost: %(reason)s.")
            % {"address": self._cluster.address, "reason": reason},
            _("Start its scheduler and workers (docs/cluster.md), then continue; what is done is kept."),
        )


def _model(client: Client, sha256: str, model: bytes) -> Future:
    """The model as a task, so that it reaches each worker once, also those that come later or after a loss."""
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": len(model) + 1_000_000}):
        return client.submit(bytes, model, key=f"damage_model-{sha256}")


def _outcome(compute: Compute, job: Job, model: bytes) -> Outcome:
    """On the worker: the job's result, or its refusal with the worker's address."""
    outcome = outcome_of(compute, job, model)
    if isinstance(outcome, Refused):
        return Refused(
            _("%(reason)s (On worker %(address)s.)")
            % {"reason": outcome.reason, "address": get_worker().address},
            outcome.remedy,
        )
    return outcome
