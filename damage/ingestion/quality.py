"""Judging the photos that are here, and finding one usable all the same. Nothing is taken out of use by itself."""

from collections.abc import Collection, Iterable
from dataclasses import astuple
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from damage.accounts.models import Role, User
from damage.errors import Refused
from damage.ingestion.decoding import decode_photo
from damage.ingestion.models import Scene, SceneKind, SceneProblem, SceneQuerySet, Town
from damage.ingestion.photo_look import Look
from damage.ingestion.photo_quality import Finding, JudgedPhoto, day_of, judge
from damage.ingestion.scene_sources import checked_path
from damage.messages import Message as _

LOOK_FIELDS = ("sharpness", "mean_luminance", "dark_share", "bright_share", "look_hash")
FACTS = (
    "pk",
    "lon",
    "lat",
    "height_above_ground_m",
    "gimbal_pitch_deg",
    "captured_at",
    "camera_make",
    "camera_model",
    *LOOK_FIELDS,
)
SCENES_AT_ONCE = 500  # a query names no more


def set_look(scene: Scene, look: Look) -> None:
    """Set on a scene what was measured of its photo; the caller saves."""
    for field, value in zip(LOOK_FIELDS, astuple(look), strict=True):
        setattr(scene, field, value)


def measure(scene: Scene) -> None:
    """Measure a photo that is here, as it is when one comes in. Raises `Refused`."""
    photo = decode_photo(checked_path(scene), None, max_mpx=settings.ENVIRONMENT.max_photo_mpx)
    set_look(scene, photo.look)
    scene.gimbal_pitch_deg = photo.facts.gimbal_pitch_deg
    scene.save(update_fields=["gimbal_pitch_deg", *LOOK_FIELDS])


def photos_of(town: Town) -> list[JudgedPhoto]:
    """What the town's photos that are in use are judged by, in the order in which they were taken; keys are numbers."""
    return _judged(Scene.objects.in_use().filter(town=town, kind=SceneKind.PHOTO))


def judge_flights(scenes: Iterable[Scene]) -> set[int]:
    """Judge these photos and all of their flights anew; gives the scenes of which other problems are known now."""
    flights = {
        (scene.town_id, day_of(scene.captured_at), scene.camera_make, scene.camera_model)
        for scene in scenes
        if scene.kind == SceneKind.PHOTO
    }
    changed: set[int] = set()
    for town, day, make, model in flights:
        rows = Scene.objects.in_use().filter(
            town=town, kind=SceneKind.PHOTO, camera_make=make, camera_model=model, **_taken_on(day)
        )
        photos = _judged(rows)
        changed |= _keep({photo.key for photo in photos}, judge(photos))
    return changed


def set_usable(scenes: Iterable[Scene], is_usable: bool, *, by: User) -> None:
    """Find photos usable whatever their problems are, or take that back; of all or none. Raises `Refused`."""
    if not by.plays(Role.ADMIN):
        raise Refused(_("Only an admin can say whether a photo is usable."))
    with transaction.atomic():
        for scene in scenes:
            scene.usable_by, scene.usable_at = (by, timezone.now()) if is_usable else (None, None)
            scene.save(update_fields=["usable_by", "usable_at"])


def _taken_on(day: date | None) -> dict[str, Any]:
    if day is None:
        return {"captured_at": None}
    begin = datetime.combine(day, time.min, UTC)
    return {"captured_at__gte": begin, "captured_at__lt": begin + timedelta(days=1)}


def _judged(rows: SceneQuerySet) -> list[JudgedPhoto]:
    ordered = rows.order_by("captured_at", "pk").values_list(*FACTS)
    return [
        JudgedPhoto(
            key,
            lon,
            lat,
            height,
            pitch,
            captured_at,
            (make, model),
            Look(*look) if look[0] is not None else None,
        )
        for key, lon, lat, height, pitch, captured_at, make, model, *look in ordered
    ]


def _keep(scenes: Collection[Any], findings: Iterable[Finding]) -> set[int]:
    """Make the scenes' rows of problems those of the findings; gives the scenes whose rows changed."""
    new = {
        (finding.key, str(finding.problem)): SceneProblem(
            scene_id=finding.key, code=finding.problem, figure=finding.figure, like_id=finding.like
        )
        for finding in findings
    }
    kept = {(row.scene_id, row.code): row for row in _rows_of(list(scenes))}
    gone = [row for key, row in kept.items() if key not in new or _facts(row) != _facts(new[key])]
    added = [row for key, row in new.items() if key not in kept or _facts(row) != _facts(kept[key])]
    if gone or added:
        with transaction.atomic():
            SceneProblem.objects.filter(pk__in=[row.pk for row in gone]).delete()
            # Somebody else may judge the same flight.
            SceneProblem.objects.bulk_create(added, ignore_conflicts=True)
    return {row.scene_id for row in gone + added}


def _rows_of(scenes: list[int]) -> list[SceneProblem]:
    batches = (scenes[start : start + SCENES_AT_ONCE] for start in range(0, len(scenes), SCENES_AT_ONCE))
    return [row for batch in batches for row in SceneProblem.objects.filter(scene__in=batch)]


def _facts(row: SceneProblem) -> tuple[float | None, int | None]:
    return row.figure, row.like_id
