"""What the site does when it starts: work that nobody does any more is settled or goes on, left-overs are swept."""

import shutil
from pathlib import Path

from django.conf import settings

from damage.messages import Message
from damage.messages import Message as _
from damage.stored_files import sweep_left_overs
from damage.work.claims import folder_of
from damage.work.locks import is_free, locked
from prediction.models import Detection, PredictionRun
from prediction.services import continue_abandoned
from prediction.storing import remove_other_looks
from prediction.tasks import run_prediction
from training.recovery import settle_trainings, settle_waiting


def settle_at_start() -> list[Message]:
    """Settle, continue and sweep what killed processes left; what others are at work on is left alone.

    Tasks that a dead worker left running are to be settled before. Gives what happened, for people.
    """
    told = settle_trainings()
    told += [_("%(run)s was cut off and goes on.") % {"run": run.named} for run in continue_abandoned()]
    told += settle_waiting(PredictionRun, run_prediction)
    _sweep_blocks()
    _sweep_detections()
    if swept := sweep_left_overs():
        told.append(
            _("Left over by processes that were killed, and removed: %(count)d.") % {"count": len(swept)}
        )
    return told


def folders_of_ended_runs() -> list[Path]:
    """The folders with blocks of runs that are done or gone; those of others wait for the run to go on."""
    place = Path(settings.DATA_DIR) / "prediction-work"
    folders = {folder.name: folder for folder in place.glob("*") if folder.name.isdecimal()}
    goes_on = PredictionRun.objects.exclude(status=PredictionRun.Status.DONE).filter(pk__in=folders)
    waiting = {str(pk) for pk in goes_on.values_list("pk", flat=True)}
    return [folders[pk] for pk in sorted(folders.keys() - waiting)]


def _sweep_blocks() -> None:
    for folder in folders_of_ended_runs():
        if is_free(folder):
            with locked(folder) as mine:
                if mine:
                    shutil.rmtree(folder, ignore_errors=True)


def _sweep_detections() -> None:
    """Delete detections that were written and never shown, or replaced and not yet deleted."""
    settled = PredictionRun.objects.exclude(status=PredictionRun.Status.RUNNING)
    for run in settled.filter(pk__in=Detection.objects.of_other_looks().values("run").distinct()):
        if is_free(folder_of(run)) is not False:  # nobody derives it again just now
            remove_other_looks(run)
