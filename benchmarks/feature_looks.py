"""Ways of looking at a window before a network does: its brightness taken out, other tones, as another sensor sees it.

A look takes a window in wide surroundings, float32 (h, w, 3) of 0 to 255 at the network's resolution, and gives the
same in other tones. `seen` reads a window as the product does and applies a look.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from damage.ingestion.reading import Pixels, SceneReader
from training.data.crop_files import CropCopy, CropImage, read_pixels
from training.data.scene_windows import SceneWindow
from training.networks.backbones.registry import Backbone
from training.networks.classical import ClassicalFeatures
from training.networks.dense import BEFORE_PX, input_px
from training.networks.resize import resized

# To which mean brightness windows are brought: what the weights of EfficientNet-Lite take as zero.
MIDDLE_LEVEL = 127.0
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# The local mean is worked out on means of so many pixels a side.
COARSE_PX = 8


@dataclass(frozen=True)
class Frame:
    """A wide image: the window's side, and where it begins (left and top alike); pixels of the network."""

    size_px: int
    start_px: int
    scene_pixel_px: float
    seed: int

    @property
    def shown(self) -> slice:
        """What a network is shown at most, along both sides, and a little more."""
        start = self.start_px - BEFORE_PX - COARSE_PX
        return slice(start, start + input_px(self.size_px) + 2 * COARSE_PX)

    @property
    def random(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)


Look = Callable[[np.ndarray, Frame], np.ndarray]


def as_is(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """The window as the product shows it."""
    return wide


def by_window(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """Divided by the window's own mean brightness: no dense network could do so, as each window has its own."""
    inside = slice(frame.start_px, frame.start_px + frame.size_px)
    return wide * (MIDDLE_LEVEL / max(1.0, float((wide[inside, inside] @ LUMA).mean())))


def by_field(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """Divided by the local mean brightness (Gaussian, sigma half a window): a smooth field that windows share."""
    return wide * (MIDDLE_LEVEL / np.maximum(1, local_mean(wide @ LUMA, frame)))[..., None]


def by_colour_field(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """Each band divided by its own local mean: a grey world (Buchsbaum 1980) as well."""
    means = np.stack([local_mean(wide[..., band], frame) for band in range(3)], axis=-1)
    return wide * (MIDDLE_LEVEL / np.maximum(1, means))


def brighter(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """A gamma of 0.7, which lifts what lies in shade."""
    return 255 * (wide / 255) ** 0.7


def flipped(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """Mirrored about the window's middle, left to right: a pass that costs as much as any other."""
    middle = frame.start_px + frame.size_px / 2
    reach = int(min(middle, len(wide) - middle))
    low, high = int(middle) - reach, int(middle) + reach
    mirrored = wide.copy()
    mirrored[:, low:high] = wide[:, low:high][:, ::-1]
    return mirrored


def turned(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """The same by the diagonal."""
    return wide.transpose(1, 0, 2)


def other_optics(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """As a sensor of other optics sees it: windows of 0.8 to 1.25 the ground, blurred, coarser, noisy."""
    random, shown = frame.random, frame.shown
    zoom = np.exp(random.uniform(-np.log(1.25), np.log(1.25)))
    image = zoomed(wide, zoom, frame)
    side = len(image)
    sigma = random.uniform(0, 1.2) * frame.scene_pixel_px
    image = gaussian_filter(image, (sigma, sigma, 0), truncate=3)
    small = round(side / (frame.scene_pixel_px * random.uniform(1, 1.6)))
    noise = random.normal(0, random.uniform(0, 6), (small, small, 3)).astype(np.float32)
    image = scaled(scaled(image, small, Image.Resampling.BOX) + noise, side, Image.Resampling.BILINEAR)
    return _put(image, wide, shown)


def other_light(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """In another light: gamma, contrast, brightness, saturation and the bands' gains."""
    random, shown = np.random.default_rng([frame.seed, 1]), frame.shown
    light = np.clip(wide[shown, shown], 0, 255) / 255
    light = 255 * light ** np.float32(np.exp(random.uniform(-np.log(1.4), np.log(1.4))))
    light = light * np.exp(random.normal(0, 0.05, 3)).astype(np.float32)
    grey = (light @ LUMA)[..., None]
    light = grey + (light - grey) * random.uniform(0.5, 1.3)
    contrast = np.float32(np.exp(random.uniform(-np.log(1.5), np.log(1.5))))
    return _put((light - light.mean()) * contrast + light.mean() + random.uniform(-30, 30), wide, shown)


def other_sensor(wide: np.ndarray, frame: Frame) -> np.ndarray:
    """Other optics and another light."""
    return other_light(other_optics(wide, frame), frame)


LOOKS: dict[str, Look] = {
    look.__name__: look
    for look in (as_is, by_window, by_field, by_colour_field, brighter, flipped, turned,
                 other_optics, other_light, other_sensor)
}  # fmt: skip


def local_mean(band: np.ndarray, frame: Frame) -> np.ndarray:
    """The mean around each pixel of a band (h, w) whose sides are multiples of `COARSE_PX`."""
    side = len(band)
    coarse = band.reshape(side // COARSE_PX, COARSE_PX, -1, COARSE_PX).mean(axis=(1, 3))
    smooth = gaussian_filter(coarse, frame.size_px / 2 / COARSE_PX, mode="nearest")
    return _plane(smooth.astype(np.float32), side, Image.Resampling.BILINEAR)


def zoomed(wide: np.ndarray, zoom: float, frame: Frame) -> np.ndarray:
    """What is shown with `zoom` times as much ground around the window's middle."""
    middle = frame.start_px + frame.size_px / 2
    shown = np.arange(frame.shown.start, frame.shown.stop)
    places = np.clip(middle + (shown + 0.5 - middle) * zoom - 0.5, 0, len(wide) - 1)
    low = np.minimum(places.astype(int), len(wide) - 2)
    share = (places - low).astype(np.float32)
    rows = wide[low] * (1 - share)[:, None, None] + wide[low + 1] * share[:, None, None]
    return rows[:, low] * (1 - share)[:, None] + rows[:, low + 1] * share[:, None]


def _put(image: np.ndarray, wide: np.ndarray, shown: slice) -> np.ndarray:
    whole = wide.copy()
    whole[shown, shown] = image
    return whole


def scaled(image: np.ndarray, side: int, resampling: Image.Resampling) -> np.ndarray:
    """An image (h, w, 3), float32, at another side."""
    return np.stack([_plane(image[..., band], side, resampling) for band in range(3)], axis=-1)


def _plane(band: np.ndarray, side: int, resampling: Image.Resampling) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(band, np.float32))
    return np.asarray(image.resize((side, side), resampling))


@dataclass(frozen=True)
class SeenWindow(SceneWindow):
    """A window of a scene that is shown to the network by a look."""

    look: str = "as_is"
    seed: int = 0

    @property
    def sha256(self) -> str:
        return _digest(super().sha256, self.look, self.seed)

    def prepared(self, features: Backbone | ClassicalFeatures, scenes: SceneReader) -> np.ndarray:
        size_px = features.size_px
        before = (BEFORE_PX + size_px) * self.side_px / size_px
        wide_px = input_px(size_px) + 2 * size_px
        place = (self.x - before, self.y - before, wide_px * self.side_px / size_px)
        planes = self._pixels(scenes, Pixels.around(*place)).scaled(*place, wide_px)
        frame = Frame(size_px, BEFORE_PX + size_px, size_px / self.side_px, _seed(self.sha256))
        looked = _looked(planes.transpose(1, 2, 0), self.look, frame)
        return looked[size_px : size_px + input_px(size_px), size_px : size_px + input_px(size_px)]


def seen(window: SceneWindow | CropImage, look: str, size_px: int, seed: int = 0) -> SeenWindow | CropCopy:
    """A window by a look; a crop without its scene stands in its mirror image, as in a training."""
    if isinstance(window, SceneWindow):
        values = {each.name: getattr(window, each.name) for each in fields(SceneWindow)}
        return SeenWindow(**values, look=look, seed=seed)
    digest = _digest(window.sha256, look, seed)
    return CropCopy(digest, partial(_crop, window, look, size_px, _seed(digest)))


def _crop(crop: CropImage, look: str, size_px: int, seed: int) -> np.ndarray:
    pixels = read_pixels(crop)
    before, after = BEFORE_PX + size_px, input_px(size_px) - BEFORE_PX
    wide = np.pad(resized(pixels, size_px), ((before, after), (before, after), (0, 0)), mode="reflect")
    frame = Frame(size_px, before, size_px / len(pixels), seed)
    return _looked(wide, look, frame)[before : before + size_px, before : before + size_px]


def _looked(wide: np.ndarray, look: str, frame: Frame) -> np.ndarray:
    return np.clip(np.rint(LOOKS[look](wide.astype(np.float32), frame)), 0, 255).astype(np.uint8)


def _digest(sha256: str, look: str, seed: int) -> str:
    return hashlib.sha256(f"{sha256} {look} {seed}".encode()).hexdigest()


def _seed(digest: str) -> int:
    return int(digest[:16], 16)
