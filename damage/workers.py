"""Background workers: which are alive, and what becomes of the tasks of those that are not."""

from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from damage.errors import DamageError
from damage.work.locks import is_free


class WorkerLost(DamageError):
    """The worker that carried a task out was killed, or lost its database."""


def folder_of(worker_id: str) -> Path:
    """Where a worker keeps the lock that tells that it lives."""
    return Path(settings.DATA_DIR) / "workers" / f"worker-{quote(worker_id, safe='')}"


def is_dead(worker_id: str) -> bool:
    """Whether nobody works under that name any more."""
    free = is_free(folder_of(worker_id))
    # Without its folder here it works on another machine, unless there can be no other.
    return connection.vendor == "sqlite" if free is None else free


def settle_tasks(*, idle: str = "") -> int:
    """Mark the tasks that dead workers left running as failed, and those of the worker `idle`; gives how many.

    The runs that they were for are settled, or queued again, by those whose runs they are.
    """
    lost = [
        task
        for task in DBTaskResult.objects.running()
        if task.worker_ids and (task.worker_ids[-1] == idle or is_dead(task.worker_ids[-1]))
    ]
    return sum(
        DBTaskResult.objects.filter(
            pk=task.pk, status=TaskResultStatus.RUNNING, started_at=task.started_at
        ).update(
            status=TaskResultStatus.FAILED,
            finished_at=timezone.now(),
            exception_class_path=f"{WorkerLost.__module__}.{WorkerLost.__qualname__}",
            traceback=f"{WorkerLost.__doc__}",
        )
        for task in lost
    )
