"""Crops' image files, and copies made of them, as pixels. Pure."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from damage.errors import Refused
from damage.ingestion.opening import open_image
from damage.messages import Message as _


@dataclass(frozen=True)
class CropImage:
    """A crop's pixels: how to read its file, and the digest that the file must have."""

    sha256: str
    read: Callable[[], bytes]


@dataclass(frozen=True)
class CropCopy:
    """A copy of a crop (`training.networks.augmentation`): its pixels when called, and a digest of what decides it."""

    sha256: str
    pixels: Callable[[], np.ndarray]


def read_pixels(crop: CropImage | CropCopy) -> np.ndarray:
    """Return the crop as 8-bit RGB; refused when its file is not the one that was stored."""
    if isinstance(crop, CropCopy):
        return crop.pixels()
    content = crop.read()
    if hashlib.sha256(content).hexdigest() != crop.sha256:
        raise Refused(
            _("The image of crop %(sha256)s has changed since it was stored.") % {"sha256": crop.sha256[:12]},
            _("Restore the file from a backup, or delete the crop and tag the place again."),
        )
    with open_image(BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))
