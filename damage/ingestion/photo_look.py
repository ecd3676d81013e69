"""How sharp a photo is, how bright, and what it looks like, in numbers taken from its pixels. Pure."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from damage.ingestion.image_hashes import difference_hash

# Photos are measured at nearly one size, so that figures of different cameras compare.
LONGER_SIDE_PX = 1000
# Luminance up to which a pixel shows nothing but black, and from which nothing but white.
NEARLY_BLACK, NEARLY_WHITE = 12, 250


@dataclass(frozen=True)
class Look:
    """Figures of a photo's reduced luminance picture (0 to 255).

    `sharpness` is the variance of its Laplacian (Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield
    microscopy"), the shares are those of nearly black and nearly white pixels, `hash_hex` is its difference hash.
    """

    sharpness: float
    mean_luminance: float
    dark_share: float
    bright_share: float
    hash_hex: str


def look_of(photo: Image.Image) -> Look:
    """The look of a photo in red, green and blue, as it is shown."""
    grey = reduced_luminance(photo)
    return Look(
        sharpness=laplacian_variance(grey),
        mean_luminance=float(grey.mean()),
        dark_share=float((grey <= NEARLY_BLACK).mean()),
        bright_share=float((grey >= NEARLY_WHITE).mean()),
        hash_hex=difference_hash(grey).tobytes().hex(),
    )


def reduced_luminance(photo: Image.Image) -> np.ndarray:
    """Luminance (h, w) uint8 of a photo: means of squares, so many that the longer side has about 1,000.

    Green stands for it: most of luminance is green, sensors measure it most finely, and all three take six times as
    long.
    """
    green = photo.getchannel("G")
    return np.asarray(green.reduce(max(1, round(max(photo.size) / LONGER_SIDE_PX))))


def laplacian_variance(grey: np.ndarray) -> float:
    """Variance over the inner pixels of the sum of a pixel's four neighbours minus four times itself."""
    if min(grey.shape) < 3:
        return 0.0
    values = grey.astype(np.int16)
    inner = values[1:-1, 1:-1]
    laplacian = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4 * inner
    return float(laplacian.var(dtype=np.float64))
