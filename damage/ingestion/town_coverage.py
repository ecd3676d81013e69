"""How much of a town was flown: its scenes' footprints put together."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models.functions import TruncDate

from damage.ingestion.capture import SceneRole
from damage.ingestion.coverage import LEAST_GAP_M2, Coverage, coverage
from damage.ingestion.models import Scene, SceneKind, Town

DECIMALS = 7


@dataclass
class TownCoverage:
    """The ground flown, and of which scenes: cameras' positions [lon, lat], and how many have none or no footprint."""

    flown: Coverage
    days: list[date]  # on which the town was flown, whichever are looked at
    mosaics: int = 0
    photos: int = 0
    photos_without_footprint: int = 0
    cameras: list[list[float]] = field(default_factory=list)
    cameras_without_footprint: list[list[float]] = field(default_factory=list)


def town_coverage(
    town: Town,
    *,
    role: SceneRole | None = None,
    kind: SceneKind | None = None,
    day: date | None = None,
    least_gap_m2: float = LEAST_GAP_M2,
) -> TownCoverage:
    """The coverage of a town by its scenes in use, of all or of one role, kind and day (in the site's time zone)."""
    of_town = Scene.objects.in_use().filter(town=town).order_by()
    flown_on = of_town.filter(captured_at__isnull=False).annotate(day=TruncDate("captured_at"))
    days = sorted(flown_on.values_list("day", flat=True).distinct())
    wanted = {"role": role, "kind": kind, "captured_at__date": day}
    scenes = of_town.filter(**{name: value for name, value in wanted.items() if value})
    rows = list(scenes.values_list("kind", "footprint_4326", "lon", "lat"))
    photos = [row for row in rows if row[0] == SceneKind.PHOTO]
    mosaics = [row[1] for row in rows if row[0] == SceneKind.MOSAIC and row[1]]
    with_footprint, without = ([row for row in photos if bool(row[1]) is has] for has in (True, False))
    return TownCoverage(
        flown=coverage([row[1] for row in with_footprint if row[1]], mosaics, least_gap_m2=least_gap_m2),
        days=days,
        mosaics=len(mosaics),
        photos=len(photos),
        photos_without_footprint=len(without),
        cameras=_positions(row[2:] for row in with_footprint),
        cameras_without_footprint=_positions(row[2:] for row in without),
    )


def _positions(pairs: Iterable[tuple[float | None, float | None]]) -> list[list[float]]:
    return [
        [round(lon, DECIMALS), round(lat, DECIMALS)]
        for lon, lat in pairs
        if lon is not None and lat is not None
    ]
