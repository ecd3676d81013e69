"""Random squares of imagery that is known to be undamaged, as "no" to a question.

Nobody tags car parks and tents, so a model learns nothing of them; this shows it such ground.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from statistics import median

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from damage.accounts.services import automatic_account, find_automatic_account
from damage.batches import write_in_batches
from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.quarantine import check_scene_in_use
from damage.ingestion.rasters import is_whole
from damage.messages import Message
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress
from tagging.crops import LEAST_SIZE_PX
from tagging.cutting import cut_pending_crops
from tagging.limits import MOST_SIZE_PX
from tagging.models import Answer, Crop, Question, Tag, TagChange
from tagging.services import ROWS_AT_ONCE, check_open, new_crop
from tagging.squares import Square, drawn_squares
from tagging.storing_many import store_many

UNDAMAGED = "undamaged"  # an account that nobody can log in to: these squares are its tags


@dataclass(frozen=True)
class TaggedScene:
    """How many squares of a scene are new, were there, and found no room; their size, and what to know of it."""

    scene: int
    name: str
    size_px: int
    size_m: float | None
    added: int
    already: int
    without_room: int
    note: str


@dataclass(frozen=True)
class ClearedScene:
    """How many tags of a scene were taken back."""

    scene: int
    name: str
    removed: int


@dataclass(frozen=True)
class _Size:
    px: int
    note: str | Message = ""


def tag_undamaged(
    scenes: Sequence[Scene],
    question: Question,
    *,
    count: int = 200,
    size_m: float | None = None,
    buffer_m: float | None = None,
    seed: int = 0,
    progress: Progress = no_progress,
) -> list[TaggedScene]:
    """Tag `count` random squares of each scene "no": all that find room, or none of any scene. Raises `Refused`.

    With `buffer_m`, scenes with damage are taken, and squares lie so far from what anybody doubts.
    """
    scenes = list(dict.fromkeys(scenes))
    _check_request(count, size_m, buffer_m)
    check_open(question)
    find_automatic_account(UNDAMAGED)
    _check_undamaged(scenes, question, buffer_m)
    sizes = _sizes(scenes, question, size_m)
    try:
        crops = _drawn_crops(scenes, question, sizes, buffer_m, count, seed)
        statuses = _write_rows(crops, question, buffer_m)
    except IntegrityError as error:
        raise Refused(
            _("One of the squares was tagged by somebody else meanwhile."), _("Ask for them again.")
        ) from error
    written = [crop.pk for of_scene in crops.values() for crop in of_scene]
    cut_pending_crops(Crop.objects.filter(pk__in=written), progress=progress)
    return [
        TaggedScene(
            scene=scene.pk,
            name=scene.name,
            size_px=sizes[scene].px,
            size_m=scene.gsd_m and round(sizes[scene].px * scene.gsd_m, 3),
            added=statuses[scene]["added"],
            already=statuses[scene]["already"],
            without_room=count - len(crops[scene]),
            note=str(sizes[scene].note),
        )
        for scene in scenes
    ]


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


def _check_request(count: int, size_m: float | None, buffer_m: float | None) -> None:
    if count < 1:
        raise Refused(_("At least one square is needed."), _("Give --count a number from 1."))
    if size_m is not None and not (isfinite(size_m) and size_m > 0):
        raise Refused(_("A square has a size above 0."), _("Give --size-m in metres: 30, for example."))
    if buffer_m is not None and not (isfinite(buffer_m) and buffer_m > 0):
        raise Refused(_("A distance to keep is above 0."), _("Give --keep-off in metres: 50, for example."))


def _check_undamaged(scenes: Sequence[Scene], question: Question, buffer_m: float | None) -> None:
    """Refuse towns that no model may learn from, and scenes with a "yes", or with squares too near to a doubt."""
    for scene in scenes:
        check_scene_in_use(scene)
        town = scene.town.path
        if town in settings.ENVIRONMENT.test_towns:
            raise Refused(
                _("%(town)s is kept for tests: no model learns from it.") % {"town": scene.town},
                _("Choose another town; DAMAGE_TEST_TOWNS names those that are kept."),
            )
        if buffer_m is None:
            _check_no_yes(scene, question)
        else:
            _check_squares_lie_beyond(scene, question, buffer_m)


def _check_no_yes(scene: Scene, question: Question) -> None:
    yes = Tag.objects.filter(question=question, answer=Answer.POSITIVE)
    if seen := yes.filter(crop__scene=scene).count():
        raise Refused(
            _("%(scene)s is not undamaged: %(count)d of its tags say “%(yes)s”.")
            % {"scene": scene, "count": seen, "yes": question.words("positive_label")},
            _(
                "Choose imagery from before the event, or of a town that was spared; where little was hit, keep "
                "squares away from it: --keep-off 50. --remove takes squares back."
            ),
        )


def _check_squares_lie_beyond(scene: Scene, question: Question, buffer_m: float) -> None:
    """Refuse scenes of unknown ground size, and those with squares from before that now lie too near to a doubt."""
    if not scene.gsd_m:
        raise Refused(
            _("The ground size of %(scene)s is unknown: metres cannot be kept.") % {"scene": scene},
            _("Leave it out."),
        )
    doubts = _doubts(scene, question)
    squares = _by_square(_squares_before(scene, question))
    if near := sum(not _is_beyond(square, doubts, scene.gsd_m, buffer_m) for square in squares):
        raise Refused(
            _("Squares of %(scene)s lie too near to what people tagged: %(count)d.")
            % {"scene": scene, "count": near},
            _("Take squares of earlier calls back with --remove, then ask again."),
        )


def _doubts(scene: Scene, question: Question) -> list[Square]:
    """Crops of the scene that anybody said "yes" or "can't tell" to."""
    doubtful = Tag.objects.filter(question=question, answer__in=[Answer.POSITIVE, Answer.UNSURE])
    return list(_by_square(Crop.objects.filter(scene=scene, pk__in=doubtful.values("crop"))))


def _is_beyond(square: Square, doubts: Sequence[Square], gsd_m: float, buffer_m: float) -> bool:
    return all(square.distance_px(doubt) * gsd_m >= buffer_m for doubt in doubts)


def _sizes(scenes: Sequence[Scene], question: Question, size_m: float | None) -> dict[Scene, _Size]:
    """The side of each scene's squares; refuses scenes that are too small, before any is read."""
    median_m = _median_size_m(question) if size_m is None else None
    sizes = {scene: _size(scene, question, size_m, median_m) for scene in scenes}
    for scene, size in sizes.items():
        if not LEAST_SIZE_PX <= size.px <= MOST_SIZE_PX:
            raise Refused(
                _("A square of %(scene)s would have %(size)d px.") % {"scene": scene, "size": size.px},
                _("It needs %(least)d to %(most)d px; choose another --size-m.")
                % {"least": LEAST_SIZE_PX, "most": MOST_SIZE_PX},
            )
        if size.px > min(scene.width_px, scene.height_px):
            raise Refused(
                _(
                    "%(scene)s is too small: a square of %(size)d px does not fit into %(width)d x %(height)d px."
                )
                % {"scene": scene, "size": size.px, "width": scene.width_px, "height": scene.height_px},
                _("Leave it out, or choose a smaller --size-m."),
            )
    return sizes


def _size(scene: Scene, question: Question, size_m: float | None, median_m: float | None) -> _Size:
    """As asked; else as before in this scene; else as people's crops are on the ground; else the question's pixels."""
    note = "" if scene.gsd_m else _("ground size unknown: squares are sized in pixels")
    if size_m and scene.gsd_m:
        return _Size(round(size_m / scene.gsd_m))
    before = Tag.objects.in_use().filter(question=question, tagger__username=UNDAMAGED, crop__scene=scene)
    if last := before.select_related("crop").order_by("-pk").first():
        return _Size(last.crop.size_px, note)
    if median_m and scene.gsd_m:
        return _Size(round(median_m / scene.gsd_m))
    return _Size(
        question.crop_size_px,
        note
        or _("no tagged crop has a known ground size: squares are sized in pixels; --size-m changes that"),
    )


def _median_size_m(question: Question) -> float | None:
    """The median side on the ground of the crops that people tagged, where it is known."""
    by_people = Tag.objects.filter(question=question).exclude(tagger__username=UNDAMAGED)
    sides = Crop.objects.in_use().filter(pk__in=by_people.values("crop")).values_list("size_px", "gsd_m")
    known_m = [size_px * gsd_m for size_px, gsd_m in sides if gsd_m]
    return median(known_m) if known_m else None


def _drawn_crops(
    scenes: Sequence[Scene],
    question: Question,
    sizes: dict[Scene, _Size],
    buffer_m: float | None,
    count: int,
    seed: int,
) -> dict[Scene, list[Crop]]:
    """Each scene's crops; those that were not here before are not saved yet."""
    crops: dict[Scene, list[Crop]] = {}
    for scene in scenes:
        there = _by_square(Crop.objects.filter(scene=scene))
        crops[scene] = [
            there.get(square) or new_crop(scene, **asdict(square))
            for square in _squares(scene, question, sizes[scene].px, buffer_m, count, seed)
        ]
    return crops


def _squares(
    scene: Scene, question: Question, size_px: int, buffer_m: float | None, count: int, seed: int
) -> Iterator[Square]:
    crops = Crop.objects.filter(scene=scene)
    # Ground whose tags were taken back is free again; ground that a person looked at never is.
    taken_back = crops.filter(tags=None, tag_changes__tagger__username=UNDAMAGED)
    doubts = [] if buffer_m is None else _doubts(scene, question)
    return drawn_squares(
        scene.width_px,
        scene.height_px,
        size_px,
        count=count,
        seed=f"{seed} {scene.sha256}",
        drawn_before=_by_square(_squares_before(scene, question)),
        taken=_by_square(crops.exclude(pk__in=taken_back)),
        is_usable=lambda square: (
            _is_beyond(square, doubts, scene.gsd_m or 0, buffer_m or 0)
            and is_whole(
                scene.path, square.x_px, square.y_px, square.size_px, orientation=scene.exif_orientation
            )
        ),
    )


def _squares_before(scene: Scene, question: Question) -> QuerySet[Crop]:
    return Crop.objects.in_use().filter(
        scene=scene, tags__question=question, tags__tagger__username=UNDAMAGED
    )


def _by_square(crops: QuerySet[Crop]) -> dict[Square, Crop]:
    return {
        Square(crop.x_px, crop.y_px, crop.size_px): crop
        for crop in crops
        if crop.x_px is not None and crop.y_px is not None
    }


def _write_rows(
    crops: dict[Scene, list[Crop]], question: Question, buffer_m: float | None
) -> dict[Scene, Counter[str]]:
    """Store the squares and their tags; looks again at the end, for people go on tagging meanwhile."""
    squares = [(scene, crop) for scene, of_scene in crops.items() for crop in of_scene]
    statuses = store_many(
        [(crop, Answer.NEGATIVE) for _scene, crop in squares],
        question=question,
        tagger=automatic_account(UNDAMAGED),
        check=lambda: _check_undamaged(list(crops), question, buffer_m),
    )
    counts: dict[Scene, Counter[str]] = {scene: Counter() for scene in crops}
    for (scene, _crop), status in zip(squares, statuses, strict=True):
        counts[scene][status] += 1
    return counts
