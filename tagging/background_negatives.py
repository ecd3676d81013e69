"""Random squares of imagery that is known to be undamaged, as "no" to a question.

Nobody tags car parks and tents, so a model learns nothing of them; this shows it such ground.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from math import isfinite
from statistics import median

from django.db.models import Q

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.rasters import wholeness_of
from damage.ingestion.scene_sources import checked_path
from damage.messages import Message
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress
from tagging.answers import CountsAs
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import MOST_SIZE_PX
from tagging.models import Crop, Question, Tag
from tagging.same_ground import same_ground_squares, tagged_elsewhere
from tagging.services import new_crop
from tagging.squares import DrawnSquares, Square, Squares, drawn_squares
from tagging.undamaged import (
    UNDAMAGED,
    assumed_crops,
    by_square,
    check_may_be_assumed,
    check_no_yes,
    tag_as_undamaged,
)


@dataclass(frozen=True)
class TaggedScene:
    """How many squares of a scene are new, were there, and found no room; their size, and what to know of it.

    `tried_in_vain` counts the places that were tried in the end, by why they did not do (`tagging.squares.Miss`).
    """

    scene: int
    name: str
    size_px: int
    size_m: float | None
    added: int
    already: int
    without_room: int
    tried_in_vain: dict[str, int]
    note: str


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
    check_may_be_assumed(scenes, question)
    _check_undamaged(scenes, question, buffer_m)
    sizes = _sizes(scenes, question, size_m)
    drawn = {scene: _drawn(scene, question, sizes[scene].px, buffer_m, count, seed) for scene in scenes}
    statuses = tag_as_undamaged(
        {scene: _crops(scene, drawn[scene].squares) for scene in scenes},
        question,
        check=partial(_check_undamaged, scenes, question, buffer_m),
        progress=progress,
    )
    return [
        TaggedScene(
            scene=scene.pk,
            name=scene.name,
            size_px=sizes[scene].px,
            size_m=scene.gsd_m and round(sizes[scene].px * scene.gsd_m, 3),
            added=statuses[scene]["added"],
            already=statuses[scene]["already"],
            without_room=count - len(drawn[scene].squares),
            tried_in_vain={str(reason): tries for reason, tries in drawn[scene].misses.most_common()},
            note=str(sizes[scene].note),
        )
        for scene in scenes
    ]


def _check_request(count: int, size_m: float | None, buffer_m: float | None) -> None:
    if count < 1:
        raise Refused(_("At least one square is needed."), _("Give --count a number from 1."))
    if size_m is not None and not (isfinite(size_m) and size_m > 0):
        raise Refused(_("A square has a size above 0."), _("Give --size-m in metres: 30, for example."))
    if buffer_m is not None and not (isfinite(buffer_m) and buffer_m > 0):
        raise Refused(_("A distance to keep is above 0."), _("Give --keep-off in metres: 50, for example."))


def _check_undamaged(scenes: Sequence[Scene], question: Question, buffer_m: float | None) -> None:
    """Refuse scenes with a "yes", or with a buffer those with squares too near to a doubt."""
    for scene in scenes:
        if buffer_m is None:
            check_no_yes(scene, question)
        else:
            _check_squares_lie_beyond(scene, question, buffer_m)


def _check_squares_lie_beyond(scene: Scene, question: Question, buffer_m: float) -> None:
    """Refuse scenes of unknown ground size, and those with squares from before that now lie too near to a doubt."""
    if not scene.gsd_m:
        raise Refused(
            _("The ground size of %(scene)s is unknown: metres cannot be kept.") % {"scene": scene},
            _("Leave it out."),
        )
    doubts, buffer_px = Squares(_doubts(scene, question)), buffer_m / scene.gsd_m
    squares = by_square(assumed_crops(scene, question).in_use())
    if near := sum(doubts.reached_by(square, buffer_px) for square in squares):
        raise Refused(
            _("Squares of %(scene)s lie too near to what people tagged: %(count)d.")
            % {"scene": scene, "count": near},
            _("Take squares of earlier calls back with --remove, then ask again."),
        )


def _doubts(scene: Scene, question: Question) -> list[Square]:
    """Crops of the scene that anybody gave another answer than a "no" to."""
    doubtful = Tag.objects.filter(question=question).exclude(
        answer__in=question.keys_counting_as(CountsAs.NEGATIVE)
    )
    return list(by_square(Crop.objects.filter(scene=scene, pk__in=doubtful.values("crop"))))


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
    if last := _last_drawn(scene, question):
        return _Size(last.size_px, note)
    if median_m and scene.gsd_m:
        return _Size(round(median_m / scene.gsd_m))
    return _Size(
        question.side_px(scene),
        note
        or _("no tagged crop has a known ground size: squares are sized in pixels; --size-m changes that"),
    )


def _last_drawn(scene: Scene, question: Question) -> Square | None:
    """The newest random square of a scene: those on the ground of crops are as large as these."""
    before = Tag.objects.in_use().filter(question=question, tagger__username=UNDAMAGED, crop__scene=scene)
    squares = by_square(tag.crop for tag in before.select_related("crop").order_by("-pk"))
    if squares and scene.transform:
        for _crop, square in same_ground_squares(scene, tagged_elsewhere([scene], question)):
            if isinstance(square, Square):
                squares.pop(square, None)
    return next(iter(squares), None)


def _median_size_m(question: Question) -> float | None:
    """The median side on the ground of the crops that people tagged, where it is known."""
    by_people = Tag.objects.filter(question=question).exclude(tagger__username=UNDAMAGED)
    sides = Crop.objects.in_use().filter(pk__in=by_people.values("crop")).values_list("size_px", "gsd_m")
    known_m = [size_px * gsd_m for size_px, gsd_m in sides if gsd_m]
    return median(known_m) if known_m else None


def _drawn(
    scene: Scene, question: Question, size_px: int, buffer_m: float | None, count: int, seed: int
) -> DrawnSquares:
    """Random squares of the scene, by the one rule; people's "no" is no obstacle, it says the same."""
    assumed = assumed_crops(scene, question)
    taken_out = Crop.objects.filter(scene=scene, is_quarantined=True)
    with wholeness_of(checked_path(scene), orientation=scene.exif_orientation) as is_whole:
        return drawn_squares(
            scene.width_px,
            scene.height_px,
            size_px,
            count=count,
            seed=f"{seed} {scene.sha256}",
            doubtful=_doubts(scene, question),
            buffer_px=buffer_m / scene.gsd_m if buffer_m and scene.gsd_m else 0,
            occupied=by_square(Crop.objects.filter(Q(pk__in=assumed) | Q(pk__in=taken_out))),
            drawn_before=by_square(assumed.in_use()),
            is_whole=lambda square: is_whole(square.x_px, square.y_px, square.size_px),
        )


def _crops(scene: Scene, squares: Sequence[Square]) -> list[Crop]:
    """Each square's crop; those that were not here before are not saved yet."""
    there = by_square(Crop.objects.filter(scene=scene))
    return [there.get(square) or new_crop(scene, **asdict(square)) for square in squares]
