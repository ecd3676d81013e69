"""Turned, mirrored, dimmed, hazy, blurred and coarser copies of crops: the thesis's 144, and a sampled form. Pure.

Copies are cut from an *enlarged* square, the crop with a margin all around: turned by any angle, the square in its
middle then shows ground alone, and no pixel is made up.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from math import ceil, sqrt

import numpy as np
from PIL import Image, ImageFilter

ANGLES_DEG = tuple(range(0, 360, 10))


@dataclass(frozen=True)
class Turn:
    """A rotation counter-clockwise about the centre, then mirrored left to right, then top to bottom."""

    angle_deg: float
    left_right: bool = False
    top_bottom: bool = False


# The thesis's list: 36 rotations x 2 x 2 reflections. Both reflections together are half a turn, so that it holds each
# of 72 orientations twice; the count is kept because it is the thesis's. The first leaves the crop as it is.
THESIS_TURNS = tuple(
    Turn(angle_deg, left_right, top_bottom)
    for left_right in (False, True)
    for top_bottom in (False, True)
    for angle_deg in ANGLES_DEG
)
FORMS = ("none", "thesis", "sampled")
DEFAULT_COPIES = {"none": 1, "thesis": len(THESIS_TURNS), "sampled": 8}
MOST_COPIES = {"none": 1, "thesis": len(THESIS_TURNS), "sampled": 1000}


@dataclass(frozen=True)
class Jitter:
    """How far a sampled copy may lie from its crop; levels are of 255, pixels are the crop's.

    Haze is Koschmieder's model (1924; Narasimhan & Nayar 2002, doi:10.1023/A:1016328200723): the light of the scene
    is dimmed to the share that gets through, and the airlight fills up the rest. A coarser sensor is a crop that was
    reduced by a factor and brought back.
    """

    most_brightness_levels: float = 20.0
    most_contrast_factor: float = 1.3
    most_haze_share: float = 0.25
    airlight_levels: tuple[float, float, float] = (200.0, 208.0, 216.0)
    most_blur_px: float = 0.8
    most_gsd_factor: float = 1.6


@dataclass(frozen=True)
class Augmentation:
    """As how many images each crop is learnt from: itself, and copies of it in one of two forms."""

    form: str = "none"
    copies: int = 1
    seed: int = 0
    jitter: Jitter = Jitter()

    @property
    def recipe_id(self) -> str:
        """Names everything that decides a copy besides its crop and number; another recipe has another id."""
        described = repr((self.seed, sorted(asdict(self.jitter).items()))) if self.form == "sampled" else ""
        return f"{self.form}-{sha256(described.encode()).hexdigest()[:12]}"

    def copy(self, square: np.ndarray, margin_px: int, *, crop_sha256: str, number: int) -> np.ndarray:
        """Copy `number` of the crop in the middle of an enlarged square; the first, 0, is the crop as it is.

        The thesis's turns come in an order that the crop's digest shuffles: a few of them are a fair sample of all.
        """
        digest = int(crop_sha256[:16], 16)
        if number == 0:
            return _middle(square, margin_px)
        if self.form == "thesis":
            order = 1 + np.random.default_rng(digest).permutation(len(THESIS_TURNS) - 1)
            return turned(square, margin_px, THESIS_TURNS[order[number - 1]])
        return sampled(square, margin_px, np.random.default_rng([self.seed, digest, number]), self.jitter)


def margin_px(size_px: int) -> int:
    """How much an enlarged square reaches beyond a crop on each side: its side is at least sqrt(2) times the crop's.

    Pixels are looked up at their centres; a turned crop's outermost lie (size - 1) / 2 x sqrt(2) from the middle.
    """
    return ceil((size_px * sqrt(2) - size_px) / 2)


def mirrored_around(crop: np.ndarray) -> np.ndarray:
    """A crop (s, s, 3) in the middle of its own mirror image: the enlarged square of one without surroundings."""
    margin = margin_px(crop.shape[0])
    return np.pad(crop, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")


def squared(crop: np.ndarray) -> np.ndarray:
    """The crop (h, w, 3) as a square: oblong ones are squeezed, as they are for the network."""
    height, width = crop.shape[:2]
    if height == width:
        return crop
    side = round(sqrt(height * width))
    return np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BILINEAR))


def turned(square: np.ndarray, margin_px: int, turn: Turn) -> np.ndarray:
    """Turn an enlarged square (s + 2 margin, ..., 3) about its centre and cut its middle (s, s, 3).

    Bilinear between pixels; quarter turns are exact.
    """
    image = Image.fromarray(square)
    if turn.angle_deg % 360:
        image = image.rotate(turn.angle_deg, Image.Resampling.BILINEAR)
    middle = _middle(np.asarray(image), margin_px)
    if turn.left_right:
        middle = middle[:, ::-1]
    if turn.top_bottom:
        middle = middle[::-1]
    return np.ascontiguousarray(middle)


def sampled(square: np.ndarray, margin_px: int, random: np.random.Generator, jitter: Jitter) -> np.ndarray:
    """One copy of the crop in the middle of an enlarged square: turned at random, and seen on another day."""
    turn = Turn(random.uniform(0, 360), bool(random.integers(2)))
    image = Image.fromarray(turned(square, margin_px, turn))
    image = _coarser(image, random.uniform(1, jitter.most_gsd_factor))
    image = image.filter(ImageFilter.GaussianBlur(random.uniform(0, jitter.most_blur_px)))
    light = np.asarray(image, np.float32)
    most = np.log(jitter.most_contrast_factor)
    light = (light - light.mean()) * np.exp(random.uniform(-most, most)) + light.mean()
    light += random.uniform(-1, 1) * jitter.most_brightness_levels
    light = hazy(light, random.uniform(0, jitter.most_haze_share), jitter.airlight_levels)
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def hazy(light: np.ndarray, haze_share: float, airlight_levels: Sequence[float]) -> np.ndarray:
    """Light (h, w, 3) through haze: `1 - haze_share` of it gets through, and airlight is added for the rest."""
    return light * np.float32(1 - haze_share) + np.float32(haze_share) * np.asarray(
        airlight_levels, np.float32
    )


def _coarser(image: Image.Image, gsd_factor: float) -> Image.Image:
    """The image as a sensor whose pixels are so many times larger sees it, at the size that it had."""
    width, height = image.size
    small = (max(1, round(width / gsd_factor)), max(1, round(height / gsd_factor)))
    if small == image.size:
        return image
    return image.resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.BILINEAR)


def _middle(square: np.ndarray, margin_px: int) -> np.ndarray:
    end = square.shape[0] - margin_px
    return square[margin_px:end, margin_px:end]
