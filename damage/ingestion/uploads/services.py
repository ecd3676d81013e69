"""Uploads from their announcement to their last byte; `uploads.checking` goes on from there. Only admins call these."""

import shutil
from datetime import timedelta
from typing import IO
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from damage.accounts.models import User
from damage.disk import free_words
from damage.errors import Conflict, Refused, TooMany
from damage.ingestion.names import checked_name
from damage.ingestion.places import check_names
from damage.ingestion.uploads.errors import Expired, NoRoom, TooLong
from damage.ingestion.uploads.headers import Checksum, FileFacts
from damage.ingestion.uploads.models import DECIDED, Upload, UploadState
from damage.ingestion.uploads.partial_files import (
    append,
    create_file,
    held,
    received_bytes,
    remove_folder,
    uploads_place,
)
from damage.ingestion.uploads.tasks import run_check
from damage.messages import Message as _
from damage.storage import make_folder

MOST_FILE_BYTES = 200 * 10**9
MOST_PART_BYTES = 8 * 2**20  # of one request; the web server holds it on the disk until it is whole
MOST_OPEN = 1000  # uploads of one person that are not all here
UNFINISHED_DAYS = 7  # since the last part
# Beside the file itself, ingest stores a copy and a view, which is no larger as a rule.
COPIES = 3
SPARE_BYTES = 200 * 10**6
SWEPT_AT_ONCE = 50


def create_upload(user: User, facts: FileFacts, *, size_bytes: int) -> Upload:
    """Announce a file. Raises `Refused` for names that cannot be, files too long, or no room on the disk."""
    check_names(event=facts.event, town=facts.town)
    if size_bytes > MOST_FILE_BYTES:
        raise TooLong(
            _("A file has %(most)d GB at most.") % {"most": MOST_FILE_BYTES // 10**9},
            _("Copy it to the server, and take it in with ingest_mosaic."),
        )
    remove_expired()
    if Upload.objects.filter(user=user, state=UploadState.SENDING).count() >= MOST_OPEN:
        raise TooMany(
            _("%(most)d of your files are not all here yet.") % {"most": MOST_OPEN},
            _("Send those first, or remove them."),
            retry_after_s=60,
        )
    _check_room(size_bytes)
    upload = Upload(
        user=user,
        event_name=checked_name(facts.event),
        town_name=checked_name(facts.town),
        file_name=facts.file_name,
        size_bytes=size_bytes,
        modified_ms=facts.modified_ms,
        sha256=facts.sha256,
        role=facts.role,
        taken=facts.taken,
        leave_out=sorted(facts.leave_out),
        expires_at=timezone.now() + timedelta(days=UNFINISHED_DAYS),
    )
    with held(upload.pk):
        create_file(upload)
        upload.save(force_insert=True)
        _settle_length(upload)
    return upload


def append_part(
    upload_id: UUID,
    offset: int,
    body: IO[bytes],
    *,
    length: int,
    checksum: Checksum | None,
) -> Upload:
    """Add a part at the end of what is here; all of it flushed, and once it is the last, the file waits to be checked.

    Raises `Conflict` where `offset` is not the end, `InUse`, `TooLong`, `ChecksumMismatch`, `Expired`.
    """
    with held(upload_id):
        upload = living(upload_id)
        here = received_bytes(upload)
        if offset != here or upload.state != UploadState.SENDING:
            raise Conflict(
                _("The part begins at byte %(offset)d, but %(here)d bytes are here.")
                % {"offset": offset, "here": here},
                _("Ask how much is here (HEAD), and go on from there."),
            )
        if length > MOST_PART_BYTES or here + length > upload.size_bytes:
            raise TooLong(
                _("That is more than the file has left, or than %(most)d MiB at once.")
                % {"most": MOST_PART_BYTES // 2**20},
                _("Send parts as large as that at most."),
            )
        append(upload, body, checksum)
        _keep_longer(upload)
        _settle_length(upload)
    return upload


def look_after(upload: Upload) -> Upload:
    """Have a file that is all here checked, where a process was killed between its last byte and its row."""
    if upload.state == UploadState.SENDING and received_bytes(upload) == upload.size_bytes:
        with held(upload.pk):
            upload = living(upload.pk)
            _settle_length(upload)
    return upload


def terminate(upload_id: UUID) -> None:
    """Give an upload up, or take one that is decided off the list; scenes stay. Raises `InUse` while it is checked."""
    with held(upload_id):
        remove_folder(upload_id)
        Upload.objects.filter(pk=upload_id).delete()


def living(upload_id: UUID) -> Upload:
    """The upload as it is now; raises `Expired`, and `Upload.DoesNotExist`."""
    upload = Upload.objects.get(pk=upload_id)
    check_living(upload)
    return upload


def check_living(upload: Upload) -> None:
    """Raise `Expired` for an upload that was left alone for too long."""
    if upload.state == UploadState.SENDING and upload.expires_at < timezone.now():
        raise Expired(_("The file was not sent to its end in time."), _("Send it anew."))


def remove_expired() -> int:
    """Remove some of the uploads that nobody goes on with, and of those decided long ago; gives how many."""
    old = Upload.objects.filter(
        state__in={UploadState.SENDING, *DECIDED}, expires_at__lt=timezone.now()
    ).values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    removed = 0
    for pk in list(old):
        try:
            terminate(pk)
        except Refused:  # somebody writes to it this moment
            continue
        removed += 1
    return removed


def _settle_length(upload: Upload) -> None:
    if upload.state == UploadState.SENDING and received_bytes(upload) == upload.size_bytes:
        with transaction.atomic():  # the row and its task, or neither
            upload.state = UploadState.RECEIVED
            upload.save(update_fields=["state", "updated_at"])
            run_check.enqueue(str(upload.pk))


def _keep_longer(upload: Upload) -> None:
    """Once a day is enough: each write is flushed."""
    later = timezone.now() + timedelta(days=UNFINISHED_DAYS)
    if later - upload.expires_at > timedelta(days=1):
        upload.expires_at = later
        upload.save(update_fields=["expires_at", "updated_at"])


def _check_room(size_bytes: int) -> None:
    """Raise `NoRoom` where this file and those on their way would fill the disk, copies and views too."""
    folder = uploads_place()
    make_folder(folder)
    free = shutil.disk_usage(folder).free
    others = Upload.objects.exclude(state__in=DECIDED)
    promised = sum(COPIES * other.size_bytes - received_bytes(other) for other in others)
    if COPIES * size_bytes + promised + SPARE_BYTES > free:
        raise NoRoom(
            _("The disk has no room for this file: %(free)s are free, and files need three times their size.")
            % {"free": free_words(folder)},
            _("Send less at once, or ask those who look after Damage to make room."),
        )
