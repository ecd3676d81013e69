"""Tagging: a tag, its history and its crop come together, or not at all."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from damage.accounts.models import Role, User
from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.rasters import read_square
from tagging.crops import LEAST_SIZE_PX, centre_lonlat, encoded_png
from tagging.models import Answer, Crop, Question, Tag, TagChange

ROWS_AT_ONCE = 500


def find_question(slug: str) -> Question:
    """The question of that slug."""
    question = Question.objects.filter(slug=slug).first()
    if question is None:
        known = ", ".join(Question.objects.values_list("slug", flat=True))
        raise Refused(
            _("There is no question %(slug)s.") % {"slug": slug},
            _("Name one of: %(known)s.") % {"known": known},
        )
    return question


def record_tag(
    *, tagger: User, question: Question, scene: Scene, x_px: int, y_px: int, size_px: int, answer: str
) -> Tag:
    """Store one person's answer for a square of a scene; a second answer for the same square replaces the first.

    The square's pixels are stored once, whoever tags it. Raises `Refused`.
    """
    check_open(question)
    _check_answer(answer)
    _check_square(scene, x_px, y_px, size_px)
    place = {"scene": scene, "x_px": x_px, "y_px": y_px, "size_px": size_px}
    crop = Crop.objects.filter(**place).first()
    if crop is not None:
        return _store_answer(crop, question, tagger, answer)

    stored: list[str] = []
    kept = False
    try:
        cut = cut_crop(scene, x_px, y_px, size_px, stored)
        with transaction.atomic():
            # Somebody else may have tagged the same square meanwhile: then theirs stays, and ours goes.
            crop, is_ours = Crop.objects.get_or_create(**place, defaults=cut)
            tag = _store_answer(crop, question, tagger, answer)
        kept = is_ours
    finally:
        if not kept:
            remove_stored(stored)
    return tag


def change_tag(tag: Tag, *, by: User, answer: str) -> Tag:
    """Give one's own tag another answer; the old one stays in its history. Raises `Refused`."""
    if tag.tagger_id != by.pk:
        raise Refused(
            _("Only the person who tagged can change the answer."), _("Tag the same place yourself.")
        )
    check_open(tag.question)
    _check_answer(answer)
    return _store_answer(tag.crop, tag.question, by, answer)


@transaction.atomic
def delete_tag(tag: Tag, *, by: User) -> None:
    """Delete one's own tag, or as an admin anybody's; its history stays. Raises `Refused`."""
    if tag.tagger_id != by.pk and not by.plays(Role.ADMIN):
        raise Refused(_("Only the person who tagged, or an admin, can delete a tag."))
    TagChange.objects.create(
        crop_id=tag.crop_id, question_id=tag.question_id, tagger_id=tag.tagger_id, changed_by=by
    )
    tag.delete()


@transaction.atomic
def _store_answer(crop: Crop, question: Question, tagger: User, answer: str) -> Tag:
    tag, is_new = Tag.objects.select_for_update().get_or_create(
        crop=crop, question=question, tagger=tagger, defaults={"answer": answer}
    )
    if not is_new and tag.answer == answer:
        return tag
    if not is_new:
        tag.answer = answer
        tag.save(update_fields=["answer", "updated_at"])
    TagChange.objects.create(crop=crop, question=question, tagger=tagger, changed_by=tagger, answer=answer)
    return tag


def store_answers(answers: Sequence[tuple[Crop, str]], *, question: Question, tagger: User) -> Counter[str]:
    """Store one account's answers for many crops: how many were `added`, `already` there, or `changed`.

    To be called within a transaction. A corrected answer replaces the one before; history keeps both.
    """
    tags = {tag.crop_id: tag for tag in Tag.objects.filter(question=question, tagger=tagger)}
    status: Counter[str] = Counter()
    new, corrected, steps = [], [], []
    for crop, answer in answers:
        tag = tags.get(crop.pk)
        if tag is None:
            tags[crop.pk] = tag = Tag(crop=crop, question=question, tagger=tagger, answer=answer)
            new.append(tag)
            status["added"] += 1
        elif tag.answer == answer:
            status["already"] += 1
            continue
        else:
            tag.answer = answer
            corrected.append(tag)
            status["changed"] += 1
        steps.append(TagChange(crop=crop, question=question, tagger=tagger, changed_by=tagger, answer=answer))
    Tag.objects.bulk_create(new, batch_size=ROWS_AT_ONCE)
    for tag in corrected:
        tag.save(update_fields=["answer", "updated_at"])
    TagChange.objects.bulk_create(steps, batch_size=ROWS_AT_ONCE)
    return status


def remove_stored(names: Sequence[str]) -> None:
    """Take files away whose rows are not stored after all."""
    for name in names:
        default_storage.delete(name)


def cut_crop(scene: Scene, x_px: int, y_px: int, size_px: int, stored: list[str]) -> dict[str, Any]:
    """Store the square's pixels, outside any transaction so that nobody waits; return the crop's other fields.

    The file's name is in `stored` before its first byte is, so that half a file can be removed too.
    """
    pixels = read_square(scene.path, x_px, y_px, size_px, orientation=scene.exif_orientation)
    png = encoded_png(pixels)
    sha256 = hashlib.sha256(png).hexdigest()
    # No two attempts share a name, so one that fails removes its own file and no other.
    stored.append(f"crops/{sha256[:16]}-{uuid4().hex[:8]}.png")
    name = default_storage.save(stored[-1], ContentFile(png))
    lon, lat = (None, None)
    if scene.transform:
        lon, lat = centre_lonlat(x_px, y_px, size_px, transform=scene.transform, crs_wkt=scene.crs_wkt)
    return {
        "town_id": scene.town_id,
        "gsd_m": scene.gsd_m,
        "lon": lon,
        "lat": lat,
        "image": name,
        "sha256": sha256,
    }


def check_open(question: Question) -> None:
    """Refuse a question that nobody may answer any more."""
    if not question.is_open:
        raise Refused(
            _("The question “%(question)s” is closed.") % {"question": question.words("text")},
            _("Reload the page and choose another."),
        )


def _check_answer(answer: str) -> None:
    if answer not in Answer.values:
        raise Refused(
            _("“%(answer)s” is not an answer.") % {"answer": answer},
            _("Answer with one of: %(answers)s.") % {"answers": ", ".join(Answer.values)},
        )


def _check_square(scene: Scene, x_px: int, y_px: int, size_px: int) -> None:
    """Refuse a square that is too small or not wholly inside, before any file is opened."""
    if size_px < LEAST_SIZE_PX:
        raise Refused(
            _("A square of %(size)s px is too small.") % {"size": size_px},
            _("It needs at least %(least)s px.") % {"least": LEAST_SIZE_PX},
        )
    is_inside = (
        x_px >= 0 and y_px >= 0 and x_px + size_px <= scene.width_px and y_px + size_px <= scene.height_px
    )
    if not is_inside:
        raise Refused(_("The square leaves the scene."), _("Move it inside, or make it smaller."))


def image_bytes(crop: Crop) -> bytes:
    """The file of a crop's pixels as it was stored; refused where it is gone."""
    try:
        with crop.image.open("rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise Refused(
            _("The image %(name)s of a crop is missing.") % {"name": crop.image.name},
            _("Restore the data folder from a backup."),
        ) from error
