"""Carrying runs out: blocks are settled one by one, and a run whose blocks are all settled is stored whole."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from time import monotonic, perf_counter

import numpy as np
from django.db.models import F

from damage.clock import database_now
from damage.disk import trouble_explained
from damage.errors import Refused
from damage.ingestion.scene_sources import SourceChanged, source_of
from damage.messages import Message as _
from damage.work import claims
from damage.work.locks import locked
from damage.work.progress import Progress, no_progress
from prediction.blocks import BlockJob, Inline
from prediction.journal import Journal
from prediction.models import PredictionRun
from prediction.plan_of_run import model_for, planned
from prediction.runners import Outcome, Runner
from prediction.storing import store

SECONDS_BETWEEN_REPORTS = 1.0


def carry_out(
    runs: Sequence[PredictionRun],
    *,
    runner: Runner[BlockJob] | None = None,
    progress: Progress = no_progress,
) -> None:
    """Do the work of queued runs as one queue, here unless a runner is given: of each, all is stored, or nothing.

    Blocks that an earlier attempt settled are not done again. A run that is refused, whose row says why, does not stop
    the others; the first refusal is raised at the end.
    """
    try:
        _carry_out(runs, runner or Inline(), progress)
    finally:
        for run in runs:
            run.refresh_from_db()


def _carry_out(runs: Sequence[PredictionRun], runner: Runner[BlockJob], progress: Progress) -> None:
    with ExitStack() as stack:
        stack.enter_context(claims.waiting_settled(runs))
        stack.enter_context(claims.kept_alive(runs))
        attempts = {run.pk: Attempt(run, stack) for run in runs}
        try:
            for attempt in attempts.values():
                attempt.begin()
            _work(attempts, runner, progress)
        except BaseException as error:
            for attempt in attempts.values():
                attempt.fail(error)
            raise
    if refused := next((attempt.refusal for attempt in attempts.values() if attempt.refusal), None):
        raise refused


def _work(attempts: "dict[int, Attempt]", runner: Runner[BlockJob], progress: Progress) -> None:
    def report() -> None:
        for attempt in attempts.values():
            attempt.report()
        settled = [attempt.run for attempt in attempts.values()]
        progress(sum(run.units_done for run in settled), sum(run.units_total for run in settled))

    report()
    jobs = (job for attempt in attempts.values() for job in attempt.jobs())
    models = {attempt.model_sha256: attempt.model for attempt in attempts.values() if attempt.goes_on}
    if not models:
        return
    with closing(runner.outcomes(jobs, models)) as outcomes:
        for job, outcome in outcomes:
            attempts[job.run].settle(job, outcome)
            report()


class Attempt:
    """One attempt at one run, by this process."""

    def __init__(self, run: PredictionRun, stack: ExitStack) -> None:
        self.run = run
        self.goes_on = False
        self.refusal: Refused | None = None
        self._stack = stack
        self._reported_at = 0.0
        self._begun = perf_counter()

    def begin(self) -> None:
        """Claim the run, choose its way and take up what is settled already."""
        folder = claims.folder_of(self.run)
        try:
            with claims.waiting_settled([self.run]):
                if not self._stack.enter_context(locked(folder)):
                    raise Refused(
                        _("Another process carries out prediction run %(run)s.") % {"run": self.run.pk}
                    )
                # Once it is locked: a run that runs without a lock was killed.
                claims.claim(self.run, attempts=F("attempts") + 1)
        except Refused as refusal:  # somebody else has it: the row is not this attempt's to write
            self.refusal = refusal
            return
        self.goes_on = True
        with self._refusing():
            self._source = source_of(self.run.scene)
            self.plan = planned(self.run)
            self.layout = self.plan.layout
            self.model_sha256, self.model = model_for(self.run, self.plan)
            self._journal = Journal(
                folder,
                self.plan.sha256(scene_sha256=self.run.scene.sha256, model_sha256=self.model_sha256),
            )
            self._take_up()

    def _take_up(self) -> None:
        self._blocks = dict(enumerate(self.layout.blocks()))
        self._values = np.full(self.layout.shape, np.nan, np.float32)
        self._undone = set(self._blocks)
        for index, block in self._blocks.items():
            place = self.layout.place_of(block)
            kept = self._journal.kept(index, self._values[place].shape)
            if kept is not None:
                self._values[place] = kept
                self._undone.remove(index)
        settled = sum(self.layout.pixels(self._blocks[index]) for index in self._blocks.keys() - self._undone)
        total = self.run.scene.width_px * self.run.scene.height_px
        claims.write(self.run, units_done=settled, pixels_done_before=settled, units_total=total)
        self._finish_when_settled()

    def jobs(self) -> Iterator[BlockJob]:
        """What is left to do, made when it is asked for."""
        if not self.goes_on:
            return
        for index in sorted(self._undone):
            if not self.goes_on:
                return
            yield BlockJob(
                run=self.run.pk,
                index=index,
                source=self._source,
                layout=self.layout,
                block=self._blocks[index],
                engine=self.plan.engine,
                precision=self.plan.precision,
                model_sha256=self.model_sha256,
            )

    def settle(self, job: BlockJob, outcome: Outcome) -> None:
        """Keep a block's values; store the run when it was the last."""
        if not self.goes_on or job.index not in self._undone:
            return
        with self._refusing():
            if isinstance(outcome, Refused):
                raise outcome
            self._journal.keep(job.index, outcome)
            self._values[self.layout.place_of(job.block)] = outcome
            self._undone.remove(job.index)
            self.run.units_done += self.layout.pixels(job.block)
            self._finish_when_settled()

    def _finish_when_settled(self) -> None:
        if not self._undone:
            self._check_source()
            store(self.run, self.plan, self._values, seconds=perf_counter() - self._begun)
            self._journal.forget()
            self.goes_on = False

    def _check_source(self) -> None:
        """Refuse, and forget the blocks, where the source was replaced meanwhile: they may be of two images."""
        try:
            source_of(self.run.scene)
        except SourceChanged:
            self._journal.forget()
            raise

    def report(self) -> None:
        """Tell the row, about once a second, that the work goes on; here it shows when it was cancelled."""
        if self.goes_on and monotonic() - self._reported_at >= SECONDS_BETWEEN_REPORTS:
            self._reported_at = monotonic()
            with self._refusing():
                claims.write(self.run, units_done=self.run.units_done, heartbeat_at=database_now())

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """What is refused ends this run and not the others."""
        try:
            with trouble_explained():
                yield
        except Refused as refusal:
            self.fail(refusal)

    def fail(self, error: BaseException) -> None:
        """Record why the run ends here, unless it is done or somebody else's; what is settled stays."""
        if not self.goes_on:
            return
        self.goes_on = False
        self.refusal = error if isinstance(error, Refused) else None
        if isinstance(error, claims.ClaimLost):
            return
        try:
            claims.record_failure(self.run, error, units_done=self.run.units_done)
        except claims.ClaimLost as lost:
            self.refusal = lost
