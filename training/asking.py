"""Asking the model what it says about a square, without giving the damage map away.

Only analysts and admins may see predicted damage. Whoever could ask about any square could rebuild the map, so people
ask about squares that they have answered themselves, get words and no score, and only so many in a day. Answering first
also keeps the crowd's answers the crowd's own. Taking a tag back, or giving another answer, gives no question back.
"""

import hashlib
from functools import partial

from django.db import transaction
from django.utils import timezone

from damage.accounts.models import Role, User
from damage.errors import Refused
from damage.ingestion.joining.membership import check_plays_in, plays_in
from damage.ingestion.models import Scene
from damage.messages import Message as _
from tagging.models import Crop, Question, Tag
from tagging.quotas import DAY, MINUTE, check_count
from tagging.services import image_bytes, picture_png
from training.data.crop_files import CropImage
from training.data.features import CropSource
from training.data.scene_windows import SceneWindow
from training.inference import ModelAnswer, answer_for_window, current_model, model_input_of, windows_for
from training.models import ModelAnswerRequest, ModelRun
from training.networks.model_input import gsd_warnings

# Each answer costs a run of the network, and nobody who looks at the picture first asks faster.
ANSWERS_A_MINUTE = 10
# Enough for doubts. A town has thousands of windows: at this pace its map takes months, and a tag for each of them.
ANSWERS_A_DAY = 30


def ask_model(
    *, person: User, scene: Scene, x_px: int, y_px: int, size_px: int, question: Question
) -> ModelAnswer:
    """What the question's current model says about a square that the person has answered.

    Raises `NoModel`, `TooMany`, or `Refused` where there is no such answer or the model would not predict either, and
    `OutsideEvent`.
    """
    check_plays_in(person, scene.town.event_id)
    model_run = current_model(question)
    crop = _answered_crop(person, question, {"scene": scene, "x_px": x_px, "y_px": y_px, "size_px": size_px})
    gsd_warnings(model_input_of(model_run), scene.gsd_m)
    window = _window(crop, model_run)
    _spend(person, crop, model_run, is_limited=not may_see_scores(person, scene))
    return answer_for_window(window, question)


def _window(crop: Crop, model_run: ModelRun) -> CropSource:
    """What a prediction would look at; of a photo, which a web process never decodes, the square as it was cut."""
    (window,) = windows_for(model_run, [crop], photos=False)
    return window if isinstance(window, SceneWindow) else stored_or_read_image(crop)


def stored_or_read_image(crop: Crop) -> CropImage:
    """A crop's image; raises `NotNow` while it is being cut out of its photo, which a web process never decodes."""
    if crop.sha256:
        return CropImage(crop.sha256, partial(image_bytes, crop))
    png = picture_png(crop)
    return CropImage(hashlib.sha256(png).hexdigest(), lambda: png)


def may_see_scores(person: User, scene: Scene) -> bool:
    """Whether the person may see predicted damage in a scene's event, and so a model's scores."""
    return person.is_at_least(Role.ANALYST) or plays_in(person, scene.town.event_id, Role.ANALYST)


def _answered_crop(person: User, question: Question, place: dict[str, object]) -> Crop:
    crop = Crop.objects.in_use().filter(**place).first()
    if crop is None or not Tag.objects.filter(crop=crop, question=question, tagger=person).exists():
        raise Refused(
            _("You have not answered for this square yet."), _("Answer what you see, then ask the model.")
        )
    return crop


@transaction.atomic
def _spend(person: User, crop: Crop, model_run: ModelRun, *, is_limited: bool) -> None:
    """Write down that the person asked; raises `TooMany` when their share is used up.

    The person's row is locked meanwhile (SQLite locks all writers out), so that requests at the same moment, in however
    many processes, are counted one after the other.
    """
    User.objects.select_for_update().filter(pk=person.pk).first()
    now = timezone.now()
    asked = ModelAnswerRequest.objects.filter(person=person)
    reason = _("You have asked the model often.")
    check_count(asked, "asked_at", ANSWERS_A_MINUTE, MINUTE, now, reason)
    if is_limited:
        check_count(asked, "asked_at", ANSWERS_A_DAY, DAY, now, reason)
    ModelAnswerRequest.objects.create(person=person, crop=crop, model_run=model_run, asked_at=now)
