"""What becomes of a file that is all here: the ingest service takes it in, and its row says how that went."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from django.utils import timezone

from damage.disk import trouble_explained
from damage.errors import NotNow, Refused
from damage.ingestion.capture import SceneRole
from damage.ingestion.decoder import Decoder
from damage.ingestion.decoding import shared_decoder
from damage.ingestion.judged_files import left_out_of
from damage.ingestion.models import Scene
from damage.ingestion.photo_problems import read_problems
from damage.ingestion.quality import judge_flights
from damage.ingestion.reports import notes_of, refusal_of
from damage.ingestion.services import image_steps
from damage.ingestion.side_by_side import Steps, finished, side_by_side
from damage.ingestion.uploads.errors import InUse
from damage.ingestion.uploads.models import Upload, UploadState
from damage.ingestion.uploads.partial_files import held, path_of, remove_folder
from damage.messages import Message
from damage.messages import Message as _

MOST_OTHERS = 100  # that a task takes in beside its own: other tasks of the worker wait meanwhile
DECIDED_DAYS = 30  # so long a row says what became of its file


@dataclass(frozen=True)
class Outcome:
    """How a file fared."""

    state: UploadState
    scene: Scene | None = None
    reason: str | Message = ""
    note: str | Message = ""


def check_upload(upload_id: UUID) -> UploadState | None:
    """Take a received file in; gives its state, None where there is nothing to do or somebody else does it.

    Where disk or database refuse at the moment it stays received, with the reason, to be tried again. Whoever is
    killed meanwhile leaves it to the next: a file that came in is then found to be there.
    """
    state = finished(_steps(upload_id, shared_decoder))
    _judge_flights([upload_id])
    return state


def check_with_others(upload_id: UUID) -> UploadState | None:
    """`check_upload`, and side by side with it others that wait; their own tasks then find nothing to do.

    Others that disk or database refused before are left to their own tasks.
    """
    waiting = Upload.objects.filter(state=UploadState.RECEIVED, reason="").exclude(pk=upload_id)
    others = waiting.order_by("updated_at").values_list("pk", flat=True)[:MOST_OTHERS]
    uploads = [upload_id, *others]
    state, *_others = side_by_side([partial(_steps, pk) for pk in uploads])
    _judge_flights(uploads)
    return state


def _steps(upload_id: UUID, decoder: Decoder) -> Steps[UploadState | None]:
    try:
        with held(upload_id):
            return (yield from _checked(upload_id, decoder))
    except InUse:
        return None


def _checked(upload_id: UUID, decoder: Decoder) -> Steps[UploadState | None]:
    upload = Upload.objects.filter(
        pk=upload_id, state__in=(UploadState.RECEIVED, UploadState.CHECKING)
    ).first()
    if upload is None:
        remove_folder(upload_id)  # taking the lock made it
        return None
    _write(upload, Outcome(UploadState.CHECKING))
    outcome = yield from _outcome(upload, decoder)
    _write(upload, outcome)
    if upload.is_decided:
        remove_folder(upload_id)
    return outcome.state


def _outcome(upload: Upload, decoder: Decoder) -> Steps[Outcome]:
    path = path_of(upload)
    try:
        with trouble_explained():
            _check_whole(upload, path)
            if reason := _reason_to_leave_out(upload, path):
                return Outcome(UploadState.LEFT_OUT, reason=reason)
            ingested = yield from image_steps(
                path,
                decoder,
                event=upload.event_name,
                town=upload.town_name,
                role=SceneRole(upload.role),
                taken=upload.taken,
                is_spare=True,
            )
    except NotNow as trouble:
        return Outcome(UploadState.RECEIVED, reason=trouble.message)
    except Exception as error:  # noqa: BLE001 (whatever it is, `refusal_of` logs it, and the row says so)
        return Outcome(UploadState.REFUSED, reason=refusal_of(error, upload.file_name))
    state = UploadState.ALREADY if ingested.already else UploadState.ADDED
    return Outcome(state, scene=ingested.scene, note=notes_of(ingested))


def _reason_to_leave_out(upload: Upload, path: Path) -> Message | None:
    """What is wrong with a photo of which its sender said that such do not come in."""
    if not upload.leave_out:
        return None
    unwanted = read_problems(upload.leave_out)
    left_out = left_out_of(
        [path], unwanted, event=upload.event_name, town=upload.town_name, taken=upload.taken
    )
    return left_out.get(path)


def _judge_flights(uploads: Sequence[UUID]) -> None:
    """Judge the flights of what came in, once for all; the page learns of files whose known problems changed."""
    scenes = Upload.objects.filter(pk__in=uploads, scene__isnull=False).values("scene")
    changed = judge_flights(Scene.objects.filter(pk__in=scenes))
    Upload.objects.filter(scene__in=changed).update(updated_at=timezone.now())


def _check_whole(upload: Upload, path: Path) -> None:
    """Raise `Refused` where the file is not what its sender said."""
    if not upload.sha256:
        return
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256")
    if digest.hexdigest() != upload.sha256:
        raise Refused(_("The file was damaged on its way."), _("Send it again."))


def _write(upload: Upload, outcome: Outcome) -> None:
    upload.state, upload.scene = outcome.state, outcome.scene
    upload.reason, upload.note = outcome.reason, outcome.note
    if upload.is_decided:
        upload.expires_at = timezone.now() + timedelta(days=DECIDED_DAYS)
    upload.save(update_fields=["state", "scene", "reason", "note", "expires_at", "updated_at"])
