"""Example pictures of a question's answers: taken in small, as JPEG, and shown one tap away."""

from pathlib import Path
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from PIL import ImageOps

from damage.errors import Refused
from damage.ingestion.decoding import decode_image
from damage.ingestion.jpeg import reduced_jpeg
from damage.ingestion.opening import open_image
from damage.ingestion.unreadable import image_explained
from damage.messages import Message as _
from damage.stored_files import new_files, remove_unnamed, work_folder
from tagging.models import ExamplePicture, Question
from tagging.services import check_answer

MOST_EXAMPLES = 6
LONGEST_PX = 640
# Of what is handed in: a photo of any camera, but no whole mosaic.
MOST_BYTES = 30 * 2**20
MOST_SIDE_PX = 8192
BEGINNINGS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


def add_example(question: Question, answer: str, upload: UploadedFile) -> ExamplePicture:
    """Store a JPEG or PNG as an example of an answer, reduced to 640 px at most. Raises `Refused`.

    It is decoded in the process for foreign images first; nothing of the file but its pixels is kept.
    """
    check_answer(question, answer)
    _check_room(question, answer)
    content = _reduced(upload)
    with new_files() as files:
        name = files.save(f"examples/{uuid4().hex}.jpg", ContentFile(content))
        with transaction.atomic():
            # Two at once would both find room: whoever adds one waits for the other.
            Question.objects.select_for_update().get(pk=question.pk)
            _check_room(question, answer)
            return ExamplePicture.objects.create(question=question, answer=answer, image=name)


def remove_example(example: ExamplePicture) -> None:
    """Remove an example and its file."""
    name = str(example.image.name)
    example.delete()
    remove_unnamed([name])


def _check_room(question: Question, answer: str) -> None:
    if ExamplePicture.objects.filter(question=question, answer=answer).count() >= MOST_EXAMPLES:
        raise Refused(
            _("“%(answer)s” has %(most)d examples already.")
            % {"answer": question.words_of(answer), "most": MOST_EXAMPLES},
            _("Remove one first."),
        )


def _reduced(upload: UploadedFile) -> bytes:
    wrong = _("Choose a JPEG or a PNG of up to %(mib)d MiB and %(most)d px a side.") % {
        "mib": MOST_BYTES // 2**20,
        "most": MOST_SIDE_PX,
    }
    beginning = upload.read(8)
    upload.seek(0)
    if not beginning.startswith(BEGINNINGS):
        raise Refused(_("This is no JPEG and no PNG."), wrong)
    if (upload.size or 0) > MOST_BYTES:
        raise Refused(_("This picture is too large."), wrong)
    with work_folder("example") as folder:
        path = folder / "picture"
        with path.open("wb") as file:
            file.writelines(upload.chunks())
        facts = decode_image(path, most_px=MOST_SIDE_PX)
        if max(facts.width_px, facts.height_px) > MOST_SIDE_PX:
            raise Refused(_("This picture is too large."), wrong)
        return _read_small(path)


def _read_small(path: Path) -> bytes:
    with image_explained(path), open_image(path) as image:
        upright = ImageOps.exif_transpose(image)
        return reduced_jpeg(upright, longest_px=LONGEST_PX)
