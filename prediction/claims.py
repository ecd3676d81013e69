"""Who carries a run out: a claim that every write depends on, so that two workers are never mixed up."""

from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from damage.errors import Refused
from prediction.journal import is_free
from prediction.models import PredictionRun


class ClaimLost(Refused):
    """The run was cancelled, or somebody else carries it out now."""


def folder_of(run: PredictionRun) -> Path:
    """Where the run's blocks are kept until it is done."""
    return Path(settings.DATA_DIR) / "prediction-work" / str(run.pk)


def claim(run: PredictionRun) -> None:
    """Make a queued run this process's own; raises `Refused` where another has it or it is settled."""
    now = timezone.now()
    waiting = PredictionRun.objects.filter(pk=run.pk, status=PredictionRun.Status.QUEUED)
    if not waiting.update(
        status=PredictionRun.Status.RUNNING,
        claim=uuid4().hex,
        attempts=F("attempts") + 1,
        started_at=now,
        heartbeat_at=now,
        finished_at=None,
    ):
        raise Refused(_("Prediction run %(run)s is not waiting to be carried out.") % {"run": run.pk})
    run.refresh_from_db()


def write(run: PredictionRun, **fields: Any) -> None:
    """Update the run's row while the claim is this process's; raises `ClaimLost`, with nothing written, where not."""
    mine = PredictionRun.objects.filter(
        pk=run.pk, claim=run.claim, status=PredictionRun.Status.RUNNING
    ).exclude(claim="")
    if mine.update(**fields):
        for name, value in fields.items():
            setattr(run, name, value)
        return
    present = PredictionRun.objects.filter(pk=run.pk).first()
    if present is None:
        raise ClaimLost(_("Prediction run %(run)s was deleted.") % {"run": run.pk})
    if present.status == PredictionRun.Status.CANCELLED:
        raise ClaimLost(present.error)
    raise ClaimLost(_("Prediction run %(run)s is carried out by somebody else now.") % {"run": run.pk})


def record_abandoned(run: PredictionRun) -> bool:
    """Mark a running run as failed where its process was killed; gives whether it was."""
    if run.status != PredictionRun.Status.RUNNING:
        return False
    free = is_free(folder_of(run))
    # Without its folder here, it runs on another machine: then only its silence tells.
    if free is False or (free is None and not run.is_stalled):
        return False
    abandoned = PredictionRun.objects.filter(
        pk=run.pk, claim=run.claim, status=PredictionRun.Status.RUNNING, heartbeat_at=run.heartbeat_at
    ).update(
        status=PredictionRun.Status.FAILED,
        claim="",
        error=_("The process that carried it out was killed, or lost its power."),
        finished_at=timezone.now(),
    )
    run.refresh_from_db()
    return bool(abandoned)
