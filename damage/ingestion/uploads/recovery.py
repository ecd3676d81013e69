"""What the site does about uploads when it starts: files that wait for nobody are queued, left-overs swept."""

from contextlib import suppress

from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from damage.ingestion.uploads.errors import InUse
from damage.ingestion.uploads.models import DECIDED, Upload, UploadState
from damage.ingestion.uploads.partial_files import (
    held,
    ids_with_folders,
    is_held,
    received_bytes,
    remove_folder,
)
from damage.ingestion.uploads.services import look_after, remove_expired
from damage.ingestion.uploads.tasks import run_check
from damage.messages import Message
from damage.messages import Message as _


def settle_uploads() -> list[Message]:
    """Queue received files that no worker will come for, sweep; tasks of dead workers are to be settled before.

    Gives what happened, for people.
    """
    told = _queue_again()
    for upload in Upload.objects.filter(state=UploadState.SENDING):
        if received_bytes(upload) == upload.size_bytes and not is_held(upload.pk):
            look_after(upload)
    while remove_expired():
        pass
    if swept := _sweep():
        told.append(_("Left over of uploads, and removed: %(count)d.") % {"count": swept})
    return told


def _queue_again() -> list[Message]:
    unsettled = (TaskResultStatus.READY, TaskResultStatus.RUNNING)
    tasks = DBTaskResult.objects.filter(task_path=run_check.module_path, status__in=unsettled)
    waiting = {each["args"][0] for each in tasks.values_list("args_kwargs", flat=True)}
    told = []
    for upload in Upload.objects.filter(state__in=(UploadState.RECEIVED, UploadState.CHECKING)):
        if str(upload.pk) not in waiting and not is_held(upload.pk):
            run_check.enqueue(str(upload.pk))
            told.append(_("%(file)s waits to be checked again.") % {"file": upload.file_name})
    return told


def _sweep() -> int:
    """Remove the folders of uploads that are decided or gone, unless somebody is at work in them."""
    swept = 0
    for pk in ids_with_folders():
        with suppress(InUse), held(pk):
            if not Upload.objects.exclude(state__in=DECIDED).filter(pk=pk).exists():
                remove_folder(pk)
                swept += 1
    return swept
