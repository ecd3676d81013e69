"""Who carries a prediction out; see `training.claims`."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F

from prediction.models import PredictionRun
from training import claims
from training.claims import ClaimLost

__all__ = [
    "ClaimLost",
    "cancel",
    "claim",
    "folder_of",
    "kept_alive",
    "record_abandoned",
    "record_failure",
    "waiting_settled",
    "write",
]
cancel = claims.cancel
kept_alive = claims.kept_alive
record_failure = claims.record_failure
waiting_settled = claims.waiting_settled


def folder_of(run: PredictionRun) -> Path:
    """Where the run's blocks are kept until it is done."""
    return Path(settings.DATA_DIR) / "prediction-work" / str(run.pk)


def claim(run: PredictionRun) -> None:
    """Make a queued run this process's own; raises `Refused` where another has it or it is settled."""
    claims.claim(run, attempts=F("attempts") + 1)


def write(run: PredictionRun, **fields: Any) -> None:
    """Update the run's row while the claim is this process's; raises `ClaimLost`, with nothing written, where not."""
    claims.write(run, **fields)


def record_abandoned(run: PredictionRun) -> bool:
    """Mark a running run as failed where its process was killed; gives whether it was."""
    return claims.record_abandoned(run, folder_of(run))
