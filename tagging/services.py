"""Tagging: a tag, its history, its crop and the crop's state come together, or not at all; pixels are cut later."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

from django.db import IntegrityError, transaction

from damage.accounts.models import Role, User
from damage.commits import committed
from damage.errors import NotNow, Refused
from damage.ingestion.joining.membership import check_plays_in
from damage.ingestion.jpeg import THUMBNAIL_PX, encoded_jpeg, thumbnail_jpeg
from damage.ingestion.models import Scene, SceneKind, Town
from damage.ingestion.quarantine import check_scene_in_use
from damage.ingestion.rasters import read_small_square, read_square
from damage.ingestion.scene_places import square_lonlat
from damage.ingestion.scene_sources import checked_path
from damage.messages import Message as _
from damage.statements import Lookup, insert
from tagging.answers import CountsAs
from tagging.crop_states import restate, state_first_answer
from tagging.crops import encoded_png
from tagging.crowd import crowd_of
from tagging.cutting import cut_pending_crops
from tagging.limits import check_size, check_size_for
from tagging.models import Crop, Question, Share, Tag, TagChange
from tagging.quarantine import check_crop_in_use
from tagging.recompute_requests import request_recomputing_when_due

_CROPS = Lookup(Crop, "scene", "x_px", "y_px", "size_px")
_TOWNS = Lookup(Town, "pk")
ROWS_AT_ONCE = 500
_YES_OR_NO = {CountsAs.POSITIVE: _("yes"), CountsAs.NEGATIVE: _("no"), CountsAs.NEITHER: _("neither")}


@dataclass(frozen=True)
class Given:
    """One person's answer, as it came."""

    tagger: User
    question: Question
    answer: str
    sent_as: str = ""
    asked_as: str = ""
    inclusion_probability: float | None = None

    @property
    def columns(self) -> dict[str, object]:
        """What its tag and its history hold beside the crop."""
        return {"question": self.question, "tagger": self.tagger, "answer": self.answer}

    @property
    def reason(self) -> dict[str, object]:
        """Why the person was asked."""
        return {"asked_as": self.asked_as, "inclusion_probability": self.inclusion_probability}


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
    *,
    tagger: User,
    question: Question,
    scene: Scene,
    x_px: int,
    y_px: int,
    size_px: int,
    answer: str,
    sent_as: str = "",
    asked: tuple[str, float | None] = ("", None),
) -> Tag:
    """Store one person's answer for a square of a scene; a second answer for the same square replaces the first.

    No file is opened: the square's pixels are cut afterwards (`tagging.cutting`), once, whoever tags it. Once this has
    returned, and the caller's own transaction if any has ended, no power cut can lose the answer. The tag's
    `answer_before` says what was replaced; an answer that comes twice under one name (`sent_as`) is told so twice.
    `asked` is why the person was asked (`tagging.queue.why_asked`). Raises `Refused`, and `OutsideEvent` where the
    tagger does not tag.
    """
    check_plays_in(tagger, _town_of(scene).event_id)
    check_open(question)
    check_answer(question, answer)
    check_scene_in_use(scene)
    _check_square(scene, x_px, y_px, size_px)
    given = Given(tagger, question, answer, sent_as, *asked)
    crop = new_crop(scene, x_px, y_px, size_px)
    try:
        tag = _store_tag(crop, given)
    except IntegrityError:
        # Somebody else tagged the same square in this moment: then theirs is there by now.
        tag = _store_tag(crop, given)
    request_recomputing_when_due(question)
    return tag


def new_crop(scene: Scene, x_px: int, y_px: int, size_px: int) -> Crop:
    """A square of a scene as a crop, not yet saved, and without its pixels."""
    lon, lat = square_lonlat(scene, x_px, y_px, size_px)
    return Crop(
        town=_town_of(scene),
        scene=scene,
        x_px=x_px,
        y_px=y_px,
        size_px=size_px,
        gsd_m=scene.gsd_m,
        lon=lon,
        lat=lat,
    )


def _town_of(scene: Scene) -> Town:
    if not Scene.town.is_cached(scene):
        scene.town = _TOWNS.get(pk=scene.town_id)
    return scene.town


def _store_tag(crop: Crop, given: Given) -> Tag:
    """Store the answer for the new crop, or for the one that is there, which is looked up before others must wait."""
    there = _CROPS.find(scene=crop.scene_id, x_px=crop.x_px, y_px=crop.y_px, size_px=crop.size_px)
    if there is not None:
        check_crop_in_use(there)
        there.scene, there.town = crop.scene, crop.town
        return committed(partial(_store_answer, there, given))
    # Squares that are there stay open to answers: the question may have had another size then.
    scene = cast(Scene, crop.scene)
    check_size_for(
        crop.size_px,
        asked_px=given.question.side_px(scene),
        width_px=scene.width_px,
        height_px=scene.height_px,
    )
    return committed(partial(_store_with_crop, crop, given))


def _store_with_crop(crop: Crop, given: Given) -> Tag:
    """Store a new crop and its first answer; to be called within a transaction."""
    crop.pk = None  # an attempt before this one may have been taken back
    insert(crop)
    tag = _store_first_answer(crop, given)
    state_first_answer(crop.pk, given.question.pk, given.tagger.pk, given.answer)
    return tag


def change_tag(tag: Tag, *, by: User, answer: str) -> Tag:
    """Give one's own tag another answer; the old one stays in its history. Raises `Refused`."""
    check_plays_in(by, tag.crop.town.event_id)
    if tag.tagger_id != by.pk:
        raise Refused(
            _("Only the person who tagged can change the answer."), _("Tag the same place yourself.")
        )
    check_open(tag.question)
    check_answer(tag.question, answer)
    return committed(partial(_store_answer, tag.crop, Given(by, tag.question, answer)))


@transaction.atomic
def delete_tag(tag: Tag, *, by: User) -> None:
    """Delete one's own tag, or as an admin anybody's; its history stays. Raises `Refused`."""
    check_plays_in(by, tag.crop.town.event_id)
    if tag.tagger_id != by.pk and not by.plays(Role.ADMIN):
        raise Refused(_("Only the person who tagged, or an admin, can delete a tag."))
    TagChange.objects.create(
        crop_id=tag.crop_id, question_id=tag.question_id, tagger_id=tag.tagger_id, changed_by=by
    )
    tag.delete()
    restate(tag.crop_id, tag.question_id)


def _store_answer(crop: Crop, given: Given) -> Tag:
    """Store an answer for a crop, or replace the one before; to be called within a transaction."""
    place = {"crop": crop, "question": given.question, "tagger": given.tagger}
    tag = Tag.objects.select_for_update().filter(**place).order_by().first()
    if tag is None:
        tag = _store_first_answer(crop, _with_gold(crop, given))
        restate(crop.pk, given.question.pk)
        return tag
    tag.crop, tag.question, tag.tagger = crop, given.question, given.tagger
    if (before := _before_its_first_coming(given, place)) is not None:
        tag.answer_before = before
        return tag
    tag.answer_before = tag.answer
    if tag.answer != given.answer:
        tag.answer = given.answer
        tag.save(update_fields=["answer", "updated_at"])
        TagChange.objects.create(**place, changed_by=given.tagger, answer=given.answer, sent_as=given.sent_as)
        restate(crop.pk, given.question.pk)
    return tag


def _with_gold(crop: Crop, given: Given) -> Given:
    """What hides among the squares that need an answer is told apart here, and not in what the page was given."""
    is_gold = given.asked_as == Share.OPEN and crop.pk in crowd_of(given.question.pk).gold
    return replace(given, asked_as=Share.GOLD.value) if is_gold else given


def _before_its_first_coming(given: Given, place: Mapping[str, object]) -> str | None:
    """What stood there before the answer came for the first time; None if it has not come before."""
    if not given.sent_as:
        return None
    steps = list(TagChange.objects.filter(**place).order_by("pk").values_list("answer", "sent_as"))
    came = [number for number, (_answer, sent_as) in enumerate(steps) if sent_as == given.sent_as]
    if not came:
        return None
    return steps[came[0] - 1][0] if came[0] else ""


def _store_first_answer(crop: Crop, given: Given) -> Tag:
    """Store the first answer of a person, and its history; to be called within a transaction."""
    tag = Tag(crop=crop, **given.columns, **given.reason)
    insert(tag)
    insert(TagChange(crop=crop, **given.columns, changed_by=given.tagger, sent_as=given.sent_as))
    return tag


def check_open(question: Question) -> None:
    """Refuse a question that nobody may answer any more."""
    if not question.is_open:
        raise Refused(
            _("The question “%(question)s” is closed.") % {"question": question.words("text")},
            _("Reload the page and choose another."),
        )


def check_answer(question: Question, answer: str) -> None:
    """Refuse an answer that the question does not offer."""
    if answer not in question.keys:
        raise Refused(
            _("“%(answer)s” is not an answer.") % {"answer": answer},
            _("Answer with one of: %(answers)s.") % {"answers": ", ".join(question.keys)},
        )


def only_answer(question: Question, counts_as: CountsAs) -> str:
    """The only answer that counts so, for labels that say no more than yes or no; refused where there is no such."""
    keys = question.keys_counting_as(counts_as)
    if len(keys) == 1:
        return keys[0]
    if keys:
        reason = _("Which answer to “%(question)s” is meant cannot be told: %(answers)s count alike.")
        remedy = _("Name the answer itself, or let only one of them count so.")
    else:
        reason = _("No answer to “%(question)s” counts as %(what)s.")
        remedy = _("Choose on the page of questions which answers count as yes and which as no.")
    words = {"question": question.words("text"), "answers": ", ".join(keys), "what": _YES_OR_NO[counts_as]}
    raise Refused(reason % words, remedy)


def _check_square(scene: Scene, x_px: int, y_px: int, size_px: int) -> None:
    """Refuse a square of a wrong size or not wholly inside, before any file is opened."""
    check_size(size_px)
    is_inside = (
        x_px >= 0 and y_px >= 0 and x_px + size_px <= scene.width_px and y_px + size_px <= scene.height_px
    )
    if not is_inside:
        raise Refused(_("The square leaves the scene."), _("Move it inside, or make it smaller."))


def picture_png(crop: Crop) -> bytes:
    """The pixels of a crop that is still to be cut, as they will be stored; nothing is written.

    A photo would have to be decoded whole for it, so those are not given: raises `NotNow`.
    """
    scene = crop.scene
    if scene is None or scene.kind != SceneKind.MOSAIC:
        raise NotNow(_("This square is still being cut out of its photo."), _("Try again in a moment."))
    return encoded_png(read_square(checked_path(scene), crop.x_px or 0, crop.y_px or 0, crop.size_px))


def thumbnail(crop: Crop) -> bytes:
    """A small JPEG of a crop: of its pixels, or while these are still to be cut, of the scene's view."""
    if crop.sha256 or crop.scene is None:
        with crop.image.open("rb") as image:
            return thumbnail_jpeg(image)
    small = read_small_square(
        crop.scene.view_path, crop.x_px or 0, crop.y_px or 0, crop.size_px, longest_px=THUMBNAIL_PX
    )
    return encoded_jpeg(small)


def image_bytes(crop: Crop) -> bytes:
    """The file of a crop's pixels, which are cut now if that was still to be done; refused where they are gone."""
    if not crop.sha256:
        cut_pending_crops(Crop.objects.filter(pk=crop.pk))
        crop.refresh_from_db()
    if not crop.sha256:
        raise Refused(crop.cut_problem, _("Ask an admin to see to the scene's file."))
    try:
        with crop.image.open("rb") as file:
            return file.read()
    except FileNotFoundError as error:
        raise Refused(
            _("The image %(name)s of a crop is missing.") % {"name": crop.image.name},
            _("Restore the data folder from a backup."),
        ) from error
