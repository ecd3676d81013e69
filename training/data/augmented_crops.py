"""Crops with what lies around them, and the copies that are cut from these; which copies are asked for."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from django.db.models import QuerySet

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.rasters import is_whole, read_square
from damage.ingestion.scene_sources import checked_path
from damage.messages import Message as _
from tagging.models import Crop
from tagging.services import image_bytes
from training.data.crop_files import CropCopy, CropImage, read_pixels
from training.networks.augmentation import (
    DEFAULT_COPIES,
    FORMS,
    MOST_COPIES,
    Augmentation,
    Jitter,
    margin_px,
    mirrored_around,
    squared,
)

# So many enlarged squares stay in memory: 0.5 GB of the thesis's 299 px crops, a tenth of that of satellite ones.
KEPT = 1000
# Images of a training part at most: their features are held in memory, some 20 kB each while a head is trained.
MOST_IMAGES = 50_000


def chosen_augmentation(form: str, copies: int | None, seed: int) -> Augmentation:
    """The augmentation asked for; `copies` None means as many as are usual. Raises `Refused`."""
    if form not in FORMS:
        raise Refused(
            _("There is no augmentation %(form)s.") % {"form": form},
            _("Choose one of: %(forms)s.") % {"forms": ", ".join(FORMS)},
        )
    copies = DEFAULT_COPIES[form] if copies is None else copies
    if form == "none" and copies != 1:
        raise Refused(
            _("Copies need a form of augmentation."), _("Choose thesis or sampled, or leave out copies.")
        )
    if form != "none" and not 2 <= copies <= MOST_COPIES[form]:
        raise Refused(
            _("%(copies)d copies of a crop cannot be made.") % {"copies": copies},
            _("Ask for 2 to %(most)d; the crop itself is one of them.") % {"most": MOST_COPIES[form]},
        )
    return Augmentation(form, copies, seed)


def augmentation_record(augmentation: Augmentation, crops: QuerySet[Crop]) -> dict[str, Any]:
    """What a run's row says of the augmentation of its training crops; refused where these make too many images."""
    if augmentation.form == "none":
        return asdict(augmentation)
    if len(crops) * augmentation.copies > MOST_IMAGES:
        raise Refused(
            _("%(copies)d images of each of %(crops)d crops are too many to learn from at once.")
            % {"copies": augmentation.copies, "crops": len(crops)},
            _("Ask for %(most)d copies at most, or draw fewer crops with --per-class.")
            % {"most": MOST_IMAGES // len(crops)},
        )
    in_scenes = sum(surroundings(crop) is not None for crop in crops)
    return asdict(augmentation) | {"in_scenes": in_scenes, "mirrored": len(crops) - in_scenes}


def recorded_augmentation(recorded: Mapping[str, Any] | None) -> Augmentation:
    """The augmentation that a run's row says; None of those from before there was any."""
    if recorded is None:
        return Augmentation()
    jitter: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in recorded["jitter"].items()
    }
    return Augmentation(recorded["form"], recorded["copies"], recorded["seed"], Jitter(**jitter))


@dataclass(frozen=True)
class Surroundings:
    """The enlarged square of a crop in its scene."""

    scene: Scene
    x_px: int
    y_px: int
    size_px: int


def surroundings(crop: Crop) -> Surroundings | None:
    """Where the crop's enlarged square lies; None where its scene is not here or does not reach far enough."""
    scene = crop.scene
    if scene is None or crop.x_px is None or crop.y_px is None:
        return None
    margin = margin_px(crop.size_px)
    x_px, y_px, size_px = crop.x_px - margin, crop.y_px - margin, crop.size_px + 2 * margin
    is_inside = (
        min(x_px, y_px) >= 0 and x_px + size_px <= scene.width_px and y_px + size_px <= scene.height_px
    )
    return Surroundings(scene, x_px, y_px, size_px) if is_inside else None


def enlarged(crop: Crop) -> tuple[np.ndarray, int]:
    """The square with the crop in its middle, and its margin in pixels: from the scene, else the crop's mirror image.

    Where the surroundings have a hole (by the scene's mask: black ground is ground), they are mirrored as well.
    """
    if around := surroundings(crop):
        scene = around.scene
        place = (checked_path(scene), around.x_px, around.y_px, around.size_px)
        if is_whole(*place, orientation=scene.exif_orientation):
            return read_square(*place, orientation=scene.exif_orientation), margin_px(crop.size_px)
    pixels = squared(read_pixels(CropImage(crop.sha256, partial(image_bytes, crop))))
    return mirrored_around(pixels), margin_px(len(pixels))


class Copies:
    """Copies of crops, computed when their pixels are asked for."""

    def __init__(self, augmentation: Augmentation) -> None:
        self._augmentation = augmentation
        self._enlarged = lru_cache(maxsize=KEPT)(enlarged)

    def of(self, crop: Crop, numbers: Iterable[int]) -> list[CropCopy]:
        """The crop's copies of these numbers; what they are cut from is part of their digests."""
        source = f"{crop.sha256} {self._augmentation.recipe_id}"
        if around := surroundings(crop):
            source += f" {around.scene.sha256} {around.x_px} {around.y_px} {around.size_px} by mask"
        return [
            CropCopy(
                hashlib.sha256(f"{source} {number}".encode()).hexdigest(), partial(self._pixels, crop, number)
            )
            for number in numbers
        ]

    def redrawn(self, crops: Sequence[Crop], epoch: int) -> list[CropCopy]:
        """One copy of every crop for an epoch of fine-tuning (1 and up)."""
        return [copy for crop in crops for copy in self.of(crop, [epoch])]

    def _pixels(self, crop: Crop, number: int) -> np.ndarray:
        square, margin = self._enlarged(crop)
        return self._augmentation.copy(square, margin, crop_sha256=crop.sha256, number=number)
