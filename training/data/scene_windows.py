"""Training windows, cut from their scenes as a prediction sees them: of the model's size, in real surroundings. Pure.

A network that learnt from squares inside their own mirror image scores the same squares lower in a mosaic.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from damage.ingestion.reading import Pixels, SceneReader, Source
from training.data.crop_files import CropImage
from training.networks.backbones.registry import Backbone
from training.networks.classical import ClassicalFeatures
from training.networks.dense import BEFORE_PX, input_px, padded
from training.networks.resize import resized


@dataclass(frozen=True)
class SceneWindow:
    """A window of a scene, around the middle of a `crop` or where no crop is (None).

    The scene is read at 1/`scale` of its size; all other numbers are pixels as read. `in_surroundings` says that a
    dense network will be asked about it as part of a mosaic; else it is asked about the window alone.
    """

    crop: CropImage | None
    source: Source
    scene_sha256: str
    scene_width_px: int
    scene_height_px: int
    scale: int
    x: int
    y: int
    side_px: int
    in_surroundings: bool

    @property
    def sha256(self) -> str:
        """A digest of all that decides its pixels."""
        place = (self.source.orientation, self.scale, self.x, self.y, self.side_px, self.in_surroundings)
        return hashlib.sha256(f"{self.scene_sha256} {place}".encode()).hexdigest()

    def prepared(self, features: Backbone | ClassicalFeatures, scenes: SceneReader) -> np.ndarray:
        """The window as the network takes it (input, input, 3), uint8; raises `SceneUnreadable`."""
        if features.is_dense:
            return self.dense_input(features.size_px, scenes)
        return self.square(features.size_px, scenes)

    def dense_input(self, size_px: int, scenes: SceneReader) -> np.ndarray:
        """The window at that size in its surroundings, as a dense network takes it (input, input, 3), uint8."""
        if not self.in_surroundings:
            return padded(self.square(size_px, scenes), size_px)
        before = BEFORE_PX * self.side_px / size_px
        left, top, side = self.x - before, self.y - before, input_px(size_px) * self.side_px / size_px
        pixels = self._pixels(scenes, Pixels.around(left, top, side))
        planes = pixels.scaled(left, top, side, input_px(size_px))
        return np.ascontiguousarray(planes.transpose(1, 2, 0))

    def is_all_ground(self, scenes: SceneReader) -> bool:
        """Whether every pixel of it, as read, shows ground; raises `SceneUnreadable`."""
        valid = self._pixels(scenes, (self.x, self.y, self.side_px, self.side_px)).valid
        return valid is None or bool(valid.all())

    def square(self, size_px: int, scenes: SceneReader) -> np.ndarray:
        """The window alone at that size (size, size, 3), uint8; raises `SceneUnreadable`."""
        area = (self.x, self.y, self.side_px, self.side_px)
        square = self._pixels(scenes, area).cut(*area).bands.transpose(1, 2, 0)
        return resized(np.ascontiguousarray(square), size_px)

    def _pixels(self, scenes: SceneReader, area: tuple[int, int, int, int]) -> Pixels:
        """What the scene has of an area that may reach beyond it."""
        x, y, width, height = area
        right, bottom = (
            min(start + length, -(-whole // self.scale))
            for start, length, whole in (
                (x, width, self.scene_width_px),
                (y, height, self.scene_height_px),
            )
        )
        left, top = max(x, 0), max(y, 0)
        return scenes.read(self.source, self.scale, (left, top, right - left, bottom - top))
