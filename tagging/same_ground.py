"""Earlier imagery of places that people tagged, as "no" to the question: each crop's own ground, before the event.

A model that is shown the same roofs whole and broken is to learn the damage rather than the town; what that gains
stands in `benchmarks/README.md`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum

import numpy as np
from django.conf import settings

from damage.errors import Refused
from damage.ingestion.georeference import centre_lonlat, scene_pixels
from damage.ingestion.models import Scene
from damage.ingestion.rasters import wholeness_of
from damage.ingestion.scene_sources import checked_path
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import MOST_SIZE_PX
from tagging.models import Crop, Question, Tag
from tagging.services import new_crop
from tagging.squares import Square
from tagging.undamaged import UNDAMAGED, by_square, check_may_be_assumed, check_no_yes, tag_as_undamaged


class LeftOut(StrEnum):
    """Why a scene has no square on the ground of a crop that lies there."""

    CUT_OFF = "cut_off"  # by the scene's edge
    NO_DATA = "no_data"
    WRONG_SIZE = "wrong_size"  # in pixels of the scene
    OUT_OF_USE = "out_of_use"


@dataclass(frozen=True)
class SameGroundScene:
    """How many squares of a scene are new, and were there; and how many crops that lie there have none, by reason."""

    scene: int
    name: str
    added: int
    already: int
    left_out: dict[str, int]


@dataclass(frozen=True)
class SameGround:
    """What came of each scene, and of the crops that people tagged elsewhere.

    `covered` have a square in one of the scenes at least, `unplaced` no position or ground size, and from those of
    towns that are kept for tests nothing is learnt.
    """

    scenes: list[SameGroundScene]
    crops: int
    covered: int
    unplaced: int
    kept_for_tests: int


@dataclass(frozen=True)
class _Ground:
    """Where a crop lies: its centre and its side on the ground."""

    lon: float
    lat: float
    side_m: float


def tag_same_ground(
    scenes: Sequence[Scene], question: Question, *, progress: Progress = no_progress
) -> SameGround:
    """Tag the ground of each crop that people tagged elsewhere in the event "no" where these earlier scenes show it.

    A square is as large on the ground as its crop and belongs to the crop's town, so that both stand in one part of a
    training. Ground that a scene does not show whole is left out, and counted. Raises `Refused`.
    """
    scenes = list(dict.fromkeys(scenes))
    _check_georeferenced(scenes)
    check_may_be_assumed(scenes, question)
    _check_no_yes(scenes, question)
    tagged = tagged_elsewhere(scenes, question)
    if not tagged:
        raise Refused(
            _("No crop of this event has been tagged in other scenes."),
            _(
                "Have people tag imagery from after the event first, or import labelled crops with import_crops."
            ),
        )
    taught = [crop for crop in tagged if crop.town.path not in settings.ENVIRONMENT.test_towns]
    placed = [crop for crop in taught if _ground(crop)]
    found = {scene: _found(scene, placed, question) for scene in scenes}
    statuses = tag_as_undamaged(
        {scene: found[scene].to_tag for scene in scenes},
        question,
        check=lambda: _check_no_yes(scenes, question),
        progress=progress,
    )
    return SameGround(
        scenes=[
            SameGroundScene(
                scene=scene.pk,
                name=scene.name,
                added=statuses[scene]["added"],
                already=statuses[scene]["already"] + found[scene].answered,
                left_out={str(reason): crops for reason, crops in found[scene].left_out.items()},
            )
            for scene in scenes
        ],
        crops=len(tagged),
        covered=len(set[int]().union(*(found[scene].covered for scene in scenes))),
        unplaced=len(taught) - len(placed),
        kept_for_tests=len(tagged) - len(taught),
    )


def same_ground_squares(scene: Scene, crops: Iterable[Crop]) -> Iterator[tuple[Crop, Square | LeftOut]]:
    """Each crop whose ground lies in a georeferenced scene, with the square that shows it, or why there is none.

    Ground is matched by position alone: the crop's centre to the nearest whole pixel, its side in metres.
    """
    for crop in crops:
        ground = _ground(crop)
        if ground and (square := _square_on(scene, ground)):
            yield crop, square


def tagged_elsewhere(scenes: Sequence[Scene], question: Question) -> list[Crop]:
    """The crops that people tagged in the scenes' events, but not in these scenes."""
    tags = Tag.objects.filter(question=question).exclude(tagger__username=UNDAMAGED)
    events = {scene.town.event_id for scene in scenes}
    crops = Crop.objects.in_use().filter(pk__in=tags.values("crop"), town__event__in=events)
    others = crops.exclude(pk__in=Crop.objects.filter(scene__in=scenes))
    return list(others.select_related("scene", "town__event").order_by("pk"))


def _check_georeferenced(scenes: Sequence[Scene]) -> None:
    for scene in scenes:
        if not (scene.transform and scene.gsd_m):
            raise Refused(
                _("%(scene)s is not georeferenced: which ground it shows is unknown.") % {"scene": scene},
                _("Name orthomosaics only."),
            )


def _check_no_yes(scenes: Sequence[Scene], question: Question) -> None:
    for scene in scenes:
        check_no_yes(scene, question)


@dataclass
class _Found:
    """What of a scene is to be tagged, new crops not saved yet; squares that people answered; crops with a square."""

    to_tag: list[Crop] = field(default_factory=list)
    answered: int = 0
    covered: set[int] = field(default_factory=set)
    left_out: Counter[LeftOut] = field(default_factory=Counter)


def _found(scene: Scene, crops: Iterable[Crop], question: Question) -> _Found:
    found = _Found()
    there = by_square(Crop.objects.filter(scene=scene))
    by_people = Tag.objects.filter(question=question, crop__scene=scene).exclude(tagger__username=UNDAMAGED)
    answered = set(by_people.values_list("crop", flat=True))
    of_event = [crop for crop in crops if crop.town.event_id == scene.town.event_id]
    met: set[Square] = set()
    with wholeness_of(checked_path(scene)) as is_whole:
        for crop, square in same_ground_squares(scene, of_event):
            if isinstance(square, LeftOut):
                found.left_out[square] += 1
                continue
            present = there.get(square)
            if present and present.is_quarantined:
                found.left_out[LeftOut.OUT_OF_USE] += 1
            elif not is_whole(square.x_px, square.y_px, square.size_px):
                found.left_out[LeftOut.NO_DATA] += 1
            else:
                found.covered.add(crop.pk)
                if square in met:
                    continue
                met.add(square)
                if present and present.pk in answered:
                    found.answered += 1
                else:
                    found.to_tag.append(present or _new_crop(scene, square, crop))
    return found


def _new_crop(scene: Scene, square: Square, of: Crop) -> Crop:
    crop = new_crop(scene, **asdict(square))
    crop.town = of.town  # a scene from before the event may have come in under a name of its own
    return crop


def _ground(crop: Crop) -> _Ground | None:
    """Where a crop lies by its scene's georeference, else by what was told of it."""
    scene = crop.scene
    if scene and scene.transform and scene.gsd_m and crop.x_px is not None and crop.y_px is not None:
        lon, lat = centre_lonlat(
            crop.x_px, crop.y_px, crop.size_px, transform=scene.transform, crs_wkt=scene.crs_wkt
        )
        return _Ground(lon, lat, crop.size_px * scene.gsd_m)
    if crop.lon is None or crop.lat is None or not crop.gsd_m:
        return None
    return _Ground(crop.lon, crop.lat, crop.size_px * crop.gsd_m)


def _square_on(scene: Scene, ground: _Ground) -> Square | LeftOut | None:
    """The square of a scene that shows a place whole, to the pixel; None where the place lies elsewhere."""
    x_px, y_px = scene_pixels(
        np.array(ground.lon), np.array(ground.lat), transform=scene.transform or (), crs_wkt=scene.crs_wkt
    )
    if not (np.isfinite(x_px) and np.isfinite(y_px)):
        return None
    square = Square.around(float(x_px), float(y_px), round(ground.side_m / (scene.gsd_m or 1)))
    if not square.is_inside(scene.width_px, scene.height_px):
        touches = (
            -square.size_px < square.x_px < scene.width_px and -square.size_px < square.y_px < scene.height_px
        )
        return LeftOut.CUT_OFF if touches else None
    return square if LEAST_SIZE_PX <= square.size_px <= MOST_SIZE_PX else LeftOut.WRONG_SIZE
