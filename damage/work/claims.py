"""Who carries work out: a claim that every write depends on, so that two workers are never mixed up.

For whatever row has a status, a claim and a heartbeat: trainings, experiments, predictions.
"""

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, cast
from uuid import uuid4

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.db.models import QuerySet

from damage.clock import database_now
from damage.disk import trouble_explained
from damage.errors import Refused, reason_of
from damage.messages import Message as _
from damage.work.locks import is_free, locked
from damage.work.models import SILENCE_S, Work
from damage.work.progress import Progress, no_progress
from damage.work.provenance import code_version, hardware, library_versions

logger = logging.getLogger(__name__)
SECONDS_BETWEEN_REPORTS = 1.0
SECONDS_BETWEEN_HEARTBEATS = SILENCE_S / 6
# How often it is tried to write down why work failed, while the disk is full or the database away.
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)


class ClaimLost(Refused):
    """The work was cancelled, or somebody else carries it out now."""


def folder_of(work: Work) -> Path:
    """Where the process that works keeps its lock, and what it has done so far."""
    return Path(settings.DATA_DIR) / work.work_folder


def claim(work: Work, **fields: Any) -> None:
    """Make queued work this process's own; raises `Refused` where another has it or it is settled."""
    now = database_now()
    waiting = _row(work).filter(status=Work.Status.QUEUED)
    if not waiting.update(
        status=Work.Status.RUNNING,
        claim=uuid4().hex,
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
        code_version=code_version(),
        library_versions=library_versions(),
        hardware=hardware(),
        **fields,
    ):
        raise Refused(_("%(work)s is not waiting to be carried out.") % {"work": work.named})
    work.refresh_from_db()


def write(work: Work, **fields: Any) -> None:
    """Update the row while the claim is this process's; raises `ClaimLost`, with nothing written, where not."""
    if _mine(work).update(**fields):
        for name, value in fields.items():
            setattr(work, name, value)
        return
    present = _row(work).first()
    if present is None:
        raise ClaimLost(_("%(work)s was deleted.") % {"work": work.named})
    if present.status == Work.Status.CANCELLED:
        raise ClaimLost(present.error)
    raise ClaimLost(_("%(work)s is carried out by somebody else now.") % {"work": work.named})


def finish(work: Work, **fields: Any) -> None:
    """Settle work as done; call it in one transaction with the result."""
    write(
        work,
        **fields,
        status=Work.Status.DONE,
        claim="",
        finished_at=database_now(),
    )


def cancel(work: Work, *, by: Any) -> None:
    """Stop work that waits or goes on: whoever carries it out gets `ClaimLost` when it next tells of progress."""
    who = by.get_username() if by else _("the command line")
    stopped = (
        _row(work)
        .filter(status__in=Work.UNSETTLED)
        .update(
            status=Work.Status.CANCELLED,
            claim="",
            error=_("Cancelled by %(who)s.") % {"who": who},
            finished_at=database_now(),
        )
    )
    work.refresh_from_db()
    if not stopped:
        raise Refused(
            _("%(work)s is not waiting or running: it is %(status)s.")
            % {"work": work.named, "status": Work.Status(work.status).label}
        )


def is_abandoned(work: Work) -> bool:
    """Whether running work's process was killed; nothing is written."""
    if work.status != Work.Status.RUNNING:
        return False
    free = is_free(folder_of(work))
    # Without its folder here, it runs on another machine: then only its silence tells.
    return free is True or (free is None and work.is_stalled)


def record_abandoned(work: Work) -> bool:
    """Mark running work as failed where its process was killed; gives whether it was."""
    if not is_abandoned(work):
        return False
    abandoned = (
        _row(work)
        .filter(claim=work.claim, status=Work.Status.RUNNING, heartbeat_at=work.heartbeat_at)
        .update(
            status=Work.Status.FAILED,
            claim="",
            error=_("The process that carried it out was killed, or lost its power."),
            finished_at=database_now(),
        )
    )
    work.refresh_from_db()
    return bool(abandoned)


def record_killed(model: type[Work]) -> list[Work]:
    """Mark all work of a kind whose process was killed, and give it."""
    running = model._default_manager.filter(status=Work.Status.RUNNING)
    killed = [work for work in running if record_abandoned(work)]
    for work in killed:
        shutil.rmtree(folder_of(work), ignore_errors=True)
    return killed


class Report:
    """What the process that works tells the row about it, and a person's progress bar."""

    def __init__(self, work: Work, progress: Progress) -> None:
        self._work = work
        self._progress = progress

    def step(self, name: str) -> Progress:
        """Begin a step; tell the result how many of its units are done. Raises `ClaimLost` once it was cancelled."""
        now = database_now()
        write(self._work, step=name, step_started_at=now, heartbeat_at=now, units_done=0, units_total=0)
        told_at = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal told_at
            self._progress(done, total)
            if done >= total or monotonic() - told_at >= SECONDS_BETWEEN_REPORTS:
                told_at = monotonic()
                write(self._work, units_done=done, units_total=total, heartbeat_at=database_now())

        return tell


@contextmanager
def carried_out(work: Work, progress: Progress = no_progress) -> Iterator[Report]:
    """Claim queued work and hold it; what ends it early is recorded as its reason and raised.

    Whoever works ends with `finish(work, ...)`, in one transaction with the result.
    """
    folder = folder_of(work)
    with locked(folder) as mine, waiting_settled([work]):
        try:
            if not mine:
                raise Refused(_("Another process carries it out."))
            claim(work)  # once it is locked: work that runs without a lock was killed
            try:
                with kept_alive([work]), trouble_explained():
                    yield Report(work, progress)
            except ClaimLost:
                raise
            except BaseException as error:
                with suppress(ClaimLost):
                    record_failure(work, error)
                raise
        finally:
            if mine:
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def waiting_settled(works: Sequence[Work]) -> Iterator[None]:
    """Settle work that still waits when the block ends early, with the reason: nobody else would do it."""
    try:
        yield
    except BaseException as error:
        for work in works:
            with suppress(OperationalError, InterfaceError):  # then the next start settles it
                _row(work).filter(status=Work.Status.QUEUED).update(
                    status=Work.Status.FAILED, error=reason_of(error), finished_at=database_now()
                )
        raise


def record_failure(work: Work, error: BaseException, **fields: Any) -> None:
    """Settle work of this process as failed; raises `ClaimLost` where it is not its own any more.

    While the disk is full or the database away it is tried for a while; after that the next start settles it.
    """
    pauses = () if isinstance(error, KeyboardInterrupt) else PAUSES_S
    for pause_s in (*pauses, None):
        try:
            write(
                work,
                status=Work.Status.FAILED,
                claim="",
                error=reason_of(error),
                finished_at=database_now(),
                **fields,
            )
        except (OperationalError, InterfaceError):
            if pause_s is None:
                logger.exception("%s failed, which could not be written down.", work.named)
                return
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()
            sleep(pause_s)
        else:
            return


@contextmanager
def kept_alive(works: Sequence[Work]) -> Iterator[None]:
    """Give signs of life of this process's work while the block goes on, however long one of its steps is silent."""
    ended = Event()
    thread = Thread(target=_beat, args=(works, ended), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _beat(works: Sequence[Work], ended: Event) -> None:
    """Refresh the heartbeats, on a connection of this thread's own."""
    try:
        while not ended.wait(SECONDS_BETWEEN_HEARTBEATS):
            try:
                if connection.vendor == "sqlite":
                    with connection.cursor() as cursor:
                        cursor.execute(
                            "PRAGMA busy_timeout = 1000"
                        )  # whoever ends the work waits for this thread
                for work in works:
                    _mine(work).update(heartbeat_at=database_now())
            except (DatabaseError, InterfaceError):  # busy or lost: the next beat may succeed
                connection.close()
    finally:
        connection.close()


def _mine(work: Work) -> QuerySet[Any]:
    """The work's row while this process has the claim."""
    return _row(work).filter(claim=work.claim, status=Work.Status.RUNNING).exclude(claim="")


def _row(work: Work) -> QuerySet[Any]:
    """The work's row, to be narrowed and written in one statement."""
    rows: QuerySet[Any] = cast(Any, type(work))._default_manager.filter(pk=work.pk)
    return rows
