"""Squares that are "no" because their ground is known to be undamaged: nobody looked at them.

However they are chosen (`tagging.background_negatives`, `tagging.same_ground`), here is what may be tagged so, by whom,
and how it is written and taken back.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from damage.accounts.services import automatic_account, find_automatic_account
from damage.batches import write_in_batches
from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.quarantine import check_scene_in_use
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress
from tagging.answers import CountsAs
from tagging.automatic_accounts import UNDAMAGED
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, CropQuerySet, Question, Tag, TagChange
from tagging.services import ROWS_AT_ONCE, check_open, only_answer
from tagging.squares import Square
from tagging.storing_many import store_many


@dataclass(frozen=True)
class ClearedScene:
    """How many tags of a scene were taken back."""

    scene: int
    name: str
    removed: int


def check_may_be_assumed(scenes: Iterable[Scene], question: Question) -> None:
    """Refuse what no square may be tagged in: a question without one "no", scenes out of use, towns for tests."""
    check_open(question)
    only_answer(question, CountsAs.NEGATIVE)
    find_automatic_account(UNDAMAGED)
    for scene in scenes:
        check_scene_in_use(scene)
        if scene.town.path in settings.ENVIRONMENT.test_towns:
            raise Refused(
                _("%(town)s is kept for tests: no model learns from it.") % {"town": scene.town},
                _("Choose another town; DAMAGE_TEST_TOWNS names those that are kept."),
            )


def check_no_yes(scene: Scene, question: Question) -> None:
    """Refuse a scene that somebody answered "yes" in: it is not undamaged."""
    yes = Tag.objects.filter(question=question, answer__in=question.keys_counting_as(CountsAs.POSITIVE))
    if seen := yes.filter(crop__scene=scene).count():
        raise Refused(
            _("%(scene)s is not undamaged: %(count)d of its tags say “%(yes)s”.")
            % {"scene": scene, "count": seen, "yes": question.words_counting_as(CountsAs.POSITIVE)},
            _(
                "Choose imagery from before the event, or of a town that was spared; where little was hit, keep "
                "squares away from it: --keep-off 50. --remove takes squares back."
            ),
        )


def assumed_crops(scene: Scene, question: Question) -> CropQuerySet:
    """The scene's crops that stand as undamaged, whoever looked at them since."""
    return Crop.objects.filter(scene=scene, tags__question=question, tags__tagger__username=UNDAMAGED)


def looked_at(crops: CropQuerySet) -> CropQuerySet:
    """Those of the crops that people tagged, or that came in without ever being assumed to be undamaged."""
    assumed = Q(tags__tagger__username=UNDAMAGED) | Q(tag_changes__tagger__username=UNDAMAGED)
    by_people = Tag.objects.exclude(tagger__username=UNDAMAGED)
    return crops.exclude(
        Q(pk__in=Crop.objects.filter(assumed).values("pk")) & ~Q(pk__in=by_people.values("crop"))
    )


def by_square(crops: Iterable[Crop]) -> dict[Square, Crop]:
    """The crops of one scene by where they lie."""
    return {
        Square(crop.x_px, crop.y_px, crop.size_px): crop
        for crop in crops
        if crop.x_px is not None and crop.y_px is not None
    }


def tag_as_undamaged(
    crops: Mapping[Scene, Sequence[Crop]],
    question: Question,
    *,
    check: Callable[[], object],
    progress: Progress = no_progress,
) -> dict[Scene, Counter[str]]:
    """Store the squares, new ones among them, and their tags, all or none, then cut them; by scene what came of them.

    `check` looks again once they are stored, for people go on tagging meanwhile. Raises `Refused`.
    """
    answer = only_answer(question, CountsAs.NEGATIVE)
    squares = [(scene, crop) for scene, of_scene in crops.items() for crop in of_scene]
    try:
        statuses = store_many(
            [(crop, answer) for _scene, crop in squares],
            question=question,
            tagger=automatic_account(UNDAMAGED),
            check=check,
        )
    except IntegrityError as error:
        raise Refused(
            _("One of the squares was tagged by somebody else meanwhile."), _("Ask for them again.")
        ) from error
    counts: dict[Scene, Counter[str]] = {scene: Counter() for scene in crops}
    for (scene, _crop), status in zip(squares, statuses, strict=True):
        counts[scene][status] += 1
    written = [crop.pk for _scene, crop in squares]
    cut_pending_crops(Crop.objects.filter(pk__in=written), progress=progress)
    return counts


def untag_undamaged(
    scenes: Sequence[Scene], question: Question, *, progress: Progress = no_progress
) -> list[ClearedScene]:
    """Take the squares' tags of these scenes back; their history and crops stay, for models may have used them."""
    scenes = list(dict.fromkeys(scenes))
    if (account := find_automatic_account(UNDAMAGED)) is None:
        return [ClearedScene(scene.pk, scene.name, 0) for scene in scenes]
    tags = Tag.objects.filter(question=question, tagger=account, crop__scene__in=scenes)
    rows = list(tags.order_by("pk").values_list("pk", "crop_id", "crop__scene"))
    removed: Counter[int] = Counter()

    def remove(some: Sequence[tuple[int, int, int]]) -> None:
        steps = [
            TagChange(crop_id=crop, question=question, tagger=account, changed_by=account)
            for _tag, crop, _scene in some
        ]
        with transaction.atomic():
            TagChange.objects.bulk_create(steps)
            Tag.objects.filter(pk__in=[tag for tag, _crop, _scene in some]).delete()
        removed.update(scene for _tag, _crop, scene in some)
        progress(removed.total(), len(rows))

    write_in_batches(rows, remove, size=ROWS_AT_ONCE)
    return [ClearedScene(scene.pk, scene.name, removed[scene.pk]) for scene in scenes]
