"""Squares that were answered although they mostly show no data: nobody can have seen there what they said."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count

from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from damage.messages import Message
from damage.work.progress import Progress, no_progress
from tagging.cells import LEAST_GROUND, square_ground_shares
from tagging.models import Crop
from tagging.squares import Square


@dataclass(frozen=True)
class BlindCrop:
    """A tagged square, how much of it shows ground (0 to 1), and how many answers it has."""

    crop: Crop
    ground: float
    answers: int


@dataclass(frozen=True)
class BlindCrops:
    """What was found, and the scenes that could not be read, each with the reason."""

    crops: list[BlindCrop]
    unreadable: dict[str, Message | str]


def find_blind_crops(progress: Progress = no_progress) -> BlindCrops:
    """All squares of mosaics that people answered and of which less than half shows ground.

    Photos show something everywhere. Masks are read through the views' overviews.
    """
    scenes = Scene.objects.in_use().filter(kind=SceneKind.MOSAIC, crops__tags__isnull=False).distinct()
    found: list[BlindCrop] = []
    unreadable: dict[str, Message | str] = {}
    total = scenes.count()
    for done, scene in enumerate(scenes.defer("footprint_4326").order_by("pk"), start=1):
        try:
            found += _blind_crops_of(scene)
        except Refused as error:
            unreadable[scene.name] = error.message
        progress(done, total)
    return BlindCrops(found, unreadable)


def _blind_crops_of(scene: Scene) -> Iterator[BlindCrop]:
    tagged = Crop.objects.in_use().filter(scene=scene, tags__isnull=False)
    crops = list(tagged.annotate(answers=Count("tags")).order_by("pk"))
    squares = [Square(crop.x_px or 0, crop.y_px or 0, crop.size_px) for crop in crops]
    for crop, ground in zip(crops, square_ground_shares(scene.view_path, squares), strict=True):
        if ground < LEAST_GROUND:
            yield BlindCrop(crop, ground, crop.answers)
