"""Work that nobody does any more: settled, or queued again. For the start of the site and of its worker."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django_tasks.base import Task, TaskResultStatus
from django_tasks_db.models import DBTaskResult

from damage.clock import database_now
from damage.messages import Message
from damage.messages import Message as _
from damage.work.claims import record_killed
from damage.work.locks import is_free, locked
from damage.work.models import SILENCE_S, Work
from training.models import Experiment, ModelRun, Promotion
from training.storing import log_folders
from training.tasks import run_comparison, run_training

# The background door by which each kind of work is carried out; other kinds are done where they are asked for.
TASKS: Mapping[type[Any], Task[Any, Any]] = {ModelRun: run_training, Promotion: run_comparison}
# What begins anew once its process was killed. Predictions stand on `Work` too, and go on: see `prediction.recovery`.
KINDS_OF_WORK: tuple[type[Work], ...] = (ModelRun, Promotion, Experiment)


def settle_trainings() -> list[Message]:
    """Settle work whose process was killed, queue what waits for nobody, sweep; gives what happened, for people."""
    told: list[Message] = []
    for model in KINDS_OF_WORK:
        told += [
            _("%(work)s was cut off; ask for it again.") % {"work": work.named}
            for work in record_killed(model)
        ]
        told += settle_waiting(model, TASKS.get(model))
    _sweep(Path(settings.DATA_DIR) / "training-work")
    _sweep_logs(log_folders())
    return told


def settle_waiting(model: type[Any], task: Task[Any, Any] | None) -> list[Message]:
    """Queue waiting work that no worker will come for once more; what has no background door has failed."""
    waiting = waiting_for_a_worker(task) if task else set()
    # Who carries work out where it is asked for claims it within moments.
    old = database_now() - timedelta(seconds=SILENCE_S)
    queued = model._default_manager.filter(status=Work.Status.QUEUED)
    told: list[Message] = []
    for work in queued.exclude(pk__in=waiting):
        if task and (work.asked_for_at < old or was_queued(task, work.pk)):
            task.enqueue(work.pk)
            told.append(_("%(work)s waited for nobody and is queued again.") % {"work": work.named})
        elif not task and work.asked_for_at < old:
            queued.filter(pk=work.pk).update(
                status=Work.Status.FAILED,
                error=_("The process that asked for it ended before it began."),
                finished_at=database_now(),
            )
            told.append(_("%(work)s was never begun; ask for it again.") % {"work": work.named})
    return told


def waiting_for_a_worker(task: Task[Any, Any]) -> set[int]:
    """The keys of the work for which a task waits or is at work."""
    unsettled = (TaskResultStatus.READY, TaskResultStatus.RUNNING)
    tasks = DBTaskResult.objects.filter(task_path=task.module_path, status__in=unsettled)
    return {each["args"][0] for each in tasks.values_list("args_kwargs", flat=True) if each["args"]}


def was_queued(task: Task[Any, Any], pk: int) -> bool:
    """Whether a task was ever there for this work."""
    return DBTaskResult.objects.filter(task_path=task.module_path, args_kwargs__args=[pk]).exists()


def _sweep_logs(folders: Mapping[int, Path]) -> None:
    """Remove the logs of trainings that were killed between their log and their row."""
    unfinished = ModelRun.objects.filter(status__in=(Work.Status.FAILED, Work.Status.CANCELLED))
    for pk in unfinished.filter(pk__in=folders).values_list("pk", flat=True):
        shutil.rmtree(folders[pk], ignore_errors=True)


def _sweep(place: Path) -> None:
    """Remove the folders of trainings that nobody holds: there is nothing to go on with in them."""
    for folder in place.glob("*"):
        if is_free(folder):
            with locked(folder) as mine:
                if mine:
                    shutil.rmtree(folder, ignore_errors=True)
