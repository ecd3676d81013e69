"""Who carries work out: a claim that every write depends on, so that two workers are never mixed up.

For whatever row has a status, a claim and a heartbeat: trainings, experiments, predictions.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Protocol, cast
from uuid import uuid4

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from damage.errors import Refused, reason_of
from damage.locks import is_free, locked
from damage.progress import Progress, no_progress
from training.models import Work
from training.versions import code_version, hardware, library_versions

SECONDS_BETWEEN_REPORTS = 1.0


class Claimable(Protocol):
    """A row of work."""

    pk: Any
    status: str
    claim: str
    heartbeat_at: Any

    @property
    def is_stalled(self) -> bool: ...

    @property
    def named(self) -> str:
        """The work as people speak of it, such as "Model run 3"."""

    def refresh_from_db(self) -> None: ...


class ClaimLost(Refused):
    """The work was cancelled, or somebody else carries it out now."""


def folder_of(work: Work) -> Path:
    """Where the process that works keeps its lock."""
    return Path(settings.DATA_DIR) / "training-work" / f"{work._meta.model_name}-{work.pk}"


def claim(work: Claimable, **fields: Any) -> None:
    """Make queued work this process's own; raises `Refused` where another has it or it is settled."""
    now = timezone.now()
    waiting = _row(work).filter(status=Work.Status.QUEUED)
    if not waiting.update(
        status=Work.Status.RUNNING,
        claim=uuid4().hex,
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
        **fields,
    ):
        raise Refused(_("%(work)s is not waiting to be carried out.") % {"work": work.named})
    work.refresh_from_db()


def write(work: Claimable, **fields: Any) -> None:
    """Update the row while the claim is this process's; raises `ClaimLost`, with nothing written, where not."""
    mine = _row(work).filter(claim=work.claim, status=Work.Status.RUNNING).exclude(claim="")
    if mine.update(**fields):
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
    """Settle work as done, with what code, libraries and machine did it; call it in one transaction with the result."""
    write(
        work,
        **fields,
        code_version=code_version(),
        library_versions=library_versions(),
        hardware=hardware(),
        status=Work.Status.DONE,
        claim="",
        finished_at=timezone.now(),
    )


def cancel(work: Claimable, *, by: Any) -> None:
    """Stop work that waits or goes on; its worker notices within seconds."""
    who = by.get_username() if by else _("the command line")
    stopped = (
        _row(work)
        .filter(status__in=Work.UNSETTLED)
        .update(
            status=Work.Status.CANCELLED,
            claim="",
            error=_("Cancelled by %(who)s.") % {"who": who},
            finished_at=timezone.now(),
        )
    )
    work.refresh_from_db()
    if not stopped:
        raise Refused(
            _("%(work)s is not waiting or running: it is %(status)s.")
            % {"work": work.named, "status": Work.Status(work.status).label}
        )


def record_abandoned(work: Claimable, folder: Path) -> bool:
    """Mark running work as failed where its process was killed; gives whether it was."""
    if work.status != Work.Status.RUNNING:
        return False
    free = is_free(folder)
    # Without its folder here, it runs on another machine: then only its silence tells.
    if free is False or (free is None and not work.is_stalled):
        return False
    abandoned = (
        _row(work)
        .filter(claim=work.claim, status=Work.Status.RUNNING, heartbeat_at=work.heartbeat_at)
        .update(
            status=Work.Status.FAILED,
            claim="",
            error=_("The process that carried it out was killed, or lost its power."),
            finished_at=timezone.now(),
        )
    )
    work.refresh_from_db()
    return bool(abandoned)


def record_killed(model: type[Work]) -> list[Work]:
    """Mark all work of a kind whose process was killed, and give it."""
    running = model._default_manager.filter(status=Work.Status.RUNNING)
    killed = [work for work in running if record_abandoned(work, folder_of(work))]
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
        now = timezone.now()
        write(self._work, step=name, step_started_at=now, heartbeat_at=now, units_done=0, units_total=0)
        told_at = 0.0

        def tell(done: int, total: int) -> None:
            nonlocal told_at
            self._progress(done, total)
            if done >= total or monotonic() - told_at >= SECONDS_BETWEEN_REPORTS:
                told_at = monotonic()
                write(self._work, units_done=done, units_total=total, heartbeat_at=timezone.now())

        return tell


@contextmanager
def carried_out(work: Work, progress: Progress = no_progress) -> Iterator[Report]:
    """Claim queued work and hold it; what ends it early is recorded as its reason and raised.

    Whoever works ends with `finish(work, ...)`, in one transaction with the result.
    """
    claim(work)
    folder = folder_of(work)
    with locked(folder) as mine:
        try:
            if not mine:
                raise Refused(_("Another process carries it out."))
            yield Report(work, progress)
        except ClaimLost:
            raise
        except BaseException as error:
            with suppress(ClaimLost):
                write(
                    work,
                    status=Work.Status.FAILED,
                    claim="",
                    error=reason_of(error),
                    finished_at=timezone.now(),
                )
            raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _row(work: Claimable) -> QuerySet[Any]:
    """The work's row, to be narrowed and written in one statement."""
    rows: QuerySet[Any] = cast(Any, type(work))._default_manager.filter(pk=work.pk)
    return rows
