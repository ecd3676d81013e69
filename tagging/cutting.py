"""Cutting crops' pixels out of their scenes, after their tags are acknowledged: all of one photo for one decode."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic, sleep
from typing import NoReturn
from uuid import uuid4

import numpy as np
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.db.models import Count, F, Min, QuerySet
from django.utils import timezone
from PIL import Image
from rasterio.errors import RasterioError

from damage.batches import write_in_batches
from damage.disk import trouble_explained
from damage.errors import NotNow, Refused, reason_of
from damage.ingestion.models import Scene
from damage.ingestion.rasters import squares_of
from damage.ingestion.scene_sources import checked_path
from damage.messages import Message
from damage.stored_files import NewFiles, new_files, remove_unnamed
from damage.work.locks import locked
from damage.work.progress import Progress, no_progress
from tagging.crops import encoded_png
from tagging.models import Crop

logger = logging.getLogger(__name__)

PAUSE_S = 1.0
# Rows in one transaction: few, so that whoever tags at the same moment hardly waits.
BATCH = 16
LEAST_PAUSE_S, MOST_PAUSE_S = 10, 3600
# What reading a scene's pixels fails with: the crop waits, others go on. That nothing can be stored ends the cutting.
UNREADABLE = (
    Refused,
    OSError,
    RasterioError,
    SyntaxError,
    ValueError,
    MemoryError,
    Image.DecompressionBombError,
)

SquareAt = Callable[[int, int, int], np.ndarray]


@dataclass
class Cut:
    """How many crops got their pixels, how many did not, and of which scenes: those that would not even open, apart."""

    cut: int = 0
    failed: int = 0
    problems: dict[int, Message] = field(default_factory=dict)  # the latest of each scene
    unopened: set[int] = field(default_factory=set)

    def count(self, scene: Scene, images: "Sequence[_Image | Message]") -> None:
        """Add what became of some crops of a scene."""
        for image in images:
            if isinstance(image, Message):
                self.failed += 1
                self.problems[scene.pk] = image
            else:
                self.cut += 1


@dataclass(frozen=True)
class _Image:
    """A stored file."""

    name: str
    sha256: str


def cut_pending_crops(
    crops: QuerySet[Crop] | None = None,
    *,
    only_due: bool = False,
    but_not_of: Collection[int] = (),
    progress: Progress = no_progress,
) -> Cut:
    """Cut those of the crops (of all, when none are named) that have no pixels yet, the longest waiting scene first.

    One that cannot be cut keeps its tags and says why (`cut_problem`). It waits for a while that grows with its
    attempts; `only_due` leaves out what still waits. One process cuts at a time, so that no two decode one photo.
    """
    pending = Crop.objects.pending()
    if crops is not None:
        pending = pending.filter(pk__in=crops.order_by().values("pk"))
    if only_due:
        pending = pending.due(timezone.now())
    if but_not_of:
        pending = pending.exclude(scene__in=but_not_of)
    groups = pending.order_by().values("scene").annotate(first=Min("pk"), crops=Count("pk")).order_by("first")
    counts = {group["scene"]: group["crops"] for group in groups}
    done, total, outcome = 0, sum(counts.values()), Cut()
    for scene_id, count in counts.items():
        with locked(settings.DATA_DIR / "work" / "cutting", wait=True):
            # Looked up only now: while this process waited for the lock, another may have cut them.
            waiting = list(pending.filter(scene=scene_id).order_by("y_px", "x_px"))
            if waiting:
                for done_here in _cut_from(Scene.objects.get(pk=scene_id), waiting, outcome):
                    progress(done + done_here, total)
        done += count
    return outcome


def keep_cutting() -> NoReturn:
    """Cut what is tagged, as it is tagged, until this process is stopped; trouble makes it wait, never go round hot."""
    resting = _Resting()
    failures = 0
    while True:
        try:
            with trouble_explained():
                outcome = cut_pending_crops(only_due=True, but_not_of=resting.scenes())
        except NotNow as trouble:  # the disk is full, or the database away or held for too long
            failures += 1
            logger.warning("Crops cannot be cut: %s", trouble)
            connection.close()
            sleep(min(PAUSE_S * 2**failures, MOST_PAUSE_S / 60))
            continue
        failures = 0
        for scene, problem in outcome.problems.items():
            logger.warning("Crops of scene %s could not be cut: %s", scene, problem)
        resting.rest(outcome)
        sleep(PAUSE_S)


class _Resting:
    """Scenes that would not open: however many new squares of one are tagged, it is not tried again at once."""

    def __init__(self) -> None:
        self._until: dict[int, float] = {}
        self._times: Counter[int] = Counter()

    def scenes(self) -> list[int]:
        """Those that still rest."""
        return [scene for scene, until in self._until.items() if until > monotonic()]

    def rest(self, outcome: Cut) -> None:
        """Let those that would not open rest, each time twice as long."""
        for scene in outcome.unopened:
            self._until[scene] = monotonic() + _pause_s(self._times[scene])
            self._times[scene] += 1


def _pause_s(attempts: int) -> float:
    """How long to wait after so many attempts before this one."""
    return min(LEAST_PAUSE_S * 2 ** min(attempts, 10), MOST_PAUSE_S)


def _cut_from(scene: Scene, crops: Sequence[Crop], outcome: Cut) -> Iterator[int]:
    """Cut crops of one scene, which is opened once; tells how many of them are done."""
    _note_attempt(crops)
    with ExitStack() as stack:
        try:
            square_at = stack.enter_context(
                squares_of(checked_path(scene), orientation=scene.exif_orientation)
            )
        except UNREADABLE as error:
            outcome.unopened.add(scene.pk)
            _write_problem(scene, crops, reason_of(error), outcome)
            yield len(crops)
            return
        for start in range(0, len(crops), BATCH):
            batch = crops[start : start + BATCH]
            with new_files() as files:
                images = [_stored_image(scene, crop, square_at, files) for crop in batch]
                _write_rows(scene, batch, images, outcome)
            yield start + len(batch)


def _note_attempt(crops: Sequence[Crop]) -> None:
    """Write down that this is tried before it is: a scene that kills the process has its next turn after a pause."""
    pause_s = _pause_s(max(crop.cut_attempts for crop in crops))
    after = timezone.now() + timedelta(seconds=pause_s)
    write_in_batches(
        [crop.pk for crop in crops],
        lambda some: Crop.objects.filter(pk__in=some).update(
            cut_attempts=F("cut_attempts") + 1, cut_after=after
        ),
    )


def _stored_image(scene: Scene, crop: Crop, square_at: SquareAt, files: NewFiles) -> _Image | Message:
    """Store a crop's pixels, outside any transaction; gives why the scene does not show them, if so."""
    x_px, y_px = crop.x_px or 0, crop.y_px or 0
    try:
        png = encoded_png(square_at(x_px, y_px, crop.size_px))
    except UNREADABLE as error:
        return reason_of(error)
    # No two attempts share a name: what a killed one noted is swept, while this one's is not in its row yet.
    name = f"crops/{scene.sha256[:16]}-{x_px}-{y_px}-{crop.size_px}-{uuid4().hex[:8]}.png"
    return _Image(files.save(name, ContentFile(png)), hashlib.sha256(png).hexdigest())


def _write_problem(scene: Scene, crops: Sequence[Crop], problem: Message, outcome: Cut) -> None:
    """Say of all crops of a scene, which may be thousands, why they could not be cut."""
    write_in_batches(
        [crop.pk for crop in crops],
        lambda some: Crop.objects.pending().filter(pk__in=some).update(cut_problem=problem),
    )
    outcome.count(scene, [problem] * len(crops))


def _write_rows(
    scene: Scene, crops: Sequence[Crop], images: Sequence[_Image | Message], outcome: Cut
) -> None:
    unused = []
    with transaction.atomic():
        for crop, image in zip(crops, images, strict=True):
            row = Crop.objects.pending().filter(pk=crop.pk)
            if isinstance(image, Message):
                row.update(cut_problem=image)
            elif not row.update(image=image.name, sha256=image.sha256, cut_problem="", cut_after=None):
                unused.append(image.name)
    remove_unnamed(unused)  # of crops that were deleted meanwhile
    outcome.count(scene, images)
