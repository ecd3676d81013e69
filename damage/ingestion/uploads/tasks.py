"""The background door: `manage.py db_worker` calls these."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from django_tasks import task

from damage.ingestion.uploads.models import UploadState

TRY_AGAIN_S = 60


@task()
def run_check(upload_id: str) -> None:
    """Take a received file in, and others that wait; where the disk or the database refuses, once more in a minute."""
    from damage.ingestion.uploads.checking import check_with_others  # loads what decodes images

    if check_with_others(UUID(upload_id)) == UploadState.RECEIVED:
        run_check.using(run_after=timezone.now() + timedelta(seconds=TRY_AGAIN_S)).enqueue(upload_id)
