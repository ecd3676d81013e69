"""Reading a scene block by block, at full size or through its overviews, and which pixels show ground."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor
from pathlib import Path, PurePosixPath

import numpy as np
import rasterio
from PIL import Image
from rasterio.windows import Window

from damage.ingestion.bands import ground_mask, has_mask, rgb_bands
from damage.ingestion.opening import open_raster
from damage.ingestion.unreadable import image_explained, raster_explained, unreadable

# Decoded parts of a file that GDAL keeps: a row of blocks of a wide mosaic shares its edge with the next row.
CACHE_BYTES = 192 * 2**20
# A scene without overviews is reduced in strips of about this many pixels.
STRIP_PX = 2**24
# How far the coarse view that tells where there is any ground may be reduced.
COARSEST = 32
# Pixels around a square that scaling it looks at.
RING_PX = 3
# x, y, width and height in pixels as read.
Area = tuple[int, int, int, int]


@dataclass(frozen=True)
class Source:
    """Where pixels come from: a path, or a bucket's address as GDAL writes it (/vsis3/…).

    A photo has an EXIF orientation, by which its pixels are read as they are shown; a mosaic has None.
    """

    address: str
    orientation: int | None = None

    @property
    def name(self) -> str:
        return PurePosixPath(self.address.replace("\\", "/")).name


@dataclass(frozen=True)
class Pixels:
    """A stretch of the scene as read: bands (3, h, w), which are ground (h, w; None: all), and its corner."""

    bands: np.ndarray
    valid: np.ndarray | None
    x: int
    y: int

    def cut(self, x: int, y: int, width: int, height: int) -> "Pixels":
        """A part, which may reach beyond the scene: its mirror image goes on there, as ground for training does."""
        rows, columns = (
            mirrored_places(start, length, there)
            for start, length, there in (
                (y - self.y, height, self.bands.shape[1]),
                (x - self.x, width, self.bands.shape[2]),
            )
        )
        if isinstance(rows, slice) and isinstance(columns, slice):
            valid = None if self.valid is None else self.valid[rows, columns]
            return Pixels(self.bands[:, rows, columns], valid, x, y)
        bands = self.bands[:, rows][:, :, columns]
        return Pixels(bands, None if self.valid is None else self.valid[rows][:, columns], x, y)

    @staticmethod
    def around(left: float, top: float, side: float) -> Area:
        """Whole pixels that a square is scaled from; may reach beyond the scene."""
        x, y = floor(left) - RING_PX, floor(top) - RING_PX
        return x, y, ceil(left + side) + RING_PX - x, ceil(top + side) + RING_PX - y

    def scaled(self, left: float, top: float, side: float, size_px: int) -> np.ndarray:
        """A square as planes (3, size, size), uint8.

        It is scaled from its own whole pixels alone (`around`), so that it is the same whatever was read around it.
        """
        part = self.cut(*self.around(left, top, side))
        box = (left - part.x, top - part.y, left - part.x + side, top - part.y + side)
        planes = np.empty((3, size_px, size_px), dtype=np.uint8)
        for band, plane in zip(part.bands, planes, strict=True):
            image = Image.fromarray(np.ascontiguousarray(band))
            plane[:] = np.asarray(image.resize((size_px, size_px), Image.Resampling.BILINEAR, box))
        return planes

    @property
    def has_ground(self) -> bool:
        return self.valid is None or bool(self.valid.any())


def mirrored_places(start: int, length: int, there: int) -> slice | np.ndarray:
    """Which of the `there` pixels along a side are shown from `start` on, mirrored about the edge pixels beyond them.

    A slice where all are there, else indices (length,), as NumPy's padding by reflection has them. What is mirrored is
    the asked part alone, so that the answer is the same whatever else is there.
    """
    if start >= 0 and start + length <= there:
        return slice(start, start + length)
    first, end = max(start, 0), min(start + length, there)
    period = max(1, 2 * (end - first - 1))
    places = np.arange(start - first, start - first + length) % period
    return first + np.minimum(places, period - places)


class SceneReader:
    """Reads scenes, and keeps the last one open: blocks side by side share what was decoded."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._image: rasterio.DatasetReader | np.ndarray | None = None
        self._open = ExitStack()

    def read(self, source: Source, scale: int, area: Area) -> Pixels:
        """An area of a scene that is read at 1/`scale` of its size; raises `SceneUnreadable`."""
        with raster_explained(source.address), _decoding():
            if source != self._source:
                self.close()
                self._image = (
                    self._open.enter_context(open_raster(source.address))
                    if source.orientation is None
                    else _decoded(source, source.orientation)
                )
                self._source = source
            if isinstance(self._image, np.ndarray):
                return _part_of_photo(self._image, scale, area)
            return read_pixels(self._image, scale, area)

    def close(self) -> None:
        """Let the file go."""
        self._source = self._image = None
        self._open.close()


@contextmanager
def opened(source: Source) -> Iterator[rasterio.DatasetReader]:
    """The scene's file; raises `SceneUnreadable`, also for what happens while it is open."""
    with raster_explained(source.address), open_raster(source.address) as dataset:
        yield dataset


def _decoding() -> rasterio.Env:
    """GDAL on all cores, with a cache that one row of blocks fits into."""
    return rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES, GDAL_NUM_THREADS="ALL_CPUS")


def is_tiled(source: Source) -> bool:
    """Whether a part is read as quickly as a row: strips are quicker read whole, and photos are decoded once."""
    if source.orientation is not None:
        return True
    with opened(source) as dataset:
        return bool(dataset.block_shapes[0][1] < dataset.width)


def _decoded(source: Source, orientation: int) -> np.ndarray:
    """A photo's bands (3, h, w) as it is shown."""
    from damage.ingestion.rasters import read_photo  # slow to import, and mosaics do without

    try:
        with image_explained(source.address):
            photo = read_photo(Path(source.address), orientation)
    except FileNotFoundError as error:
        raise unreadable(source.address, error) from error
    return np.ascontiguousarray(photo.transpose(2, 0, 1))


def _part_of_photo(photo: np.ndarray, scale: int, area: Area) -> Pixels:
    """A photo has no nodata: black is a shadow."""
    x, y, width, height = (side * scale for side in area)
    bands = photo[:, y : y + height, x : x + width]
    return Pixels(bands if scale == 1 else _averaged(bands, scale), None, area[0], area[1])


def read_pixels(dataset: rasterio.DatasetReader, scale: int, area: Area) -> Pixels:
    """An area of a mosaic that is read at 1/`scale` of its size."""
    x, y, width, height = area
    if scale == 1:
        return Pixels(*_read_window(dataset, Window(x, y, width, height)), x, y)
    overviews = dataset.overviews(1)
    if scale in overviews:
        level = overviews.index(scale)
        with open_raster(dataset.name, overview_level=level) as reduced:
            return Pixels(*_read_window(reduced, Window(x, y, width, height)), x, y)
    rows = max(1, STRIP_PX // (width * scale**2))
    strips = [
        _reduced(dataset, scale, (x, top, width, min(rows, y + height - top)))
        for top in range(y, y + height, rows)
    ]
    bands, valid = (np.concatenate(parts, axis=-2) for parts in zip(*strips, strict=True))
    return Pixels(bands, valid, x, y)


def _reduced(dataset: rasterio.DatasetReader, scale: int, area: Area) -> tuple[np.ndarray, np.ndarray]:
    x, y, width, height = (side * scale for side in area)
    window = Window(x, y, min(width, dataset.width - x), min(height, dataset.height - y))
    bands, valid = _read_window(dataset, window)
    if valid is None:
        valid = np.ones(bands.shape[1:], dtype=bool)
    return _averaged(bands, scale), _averaged(valid, scale) >= 0.5


def _read_window(dataset: rasterio.DatasetReader, window: Window) -> tuple[np.ndarray, np.ndarray | None]:
    """The mask is read first: where it is empty, no pixels are decoded. None stands for ground everywhere."""
    shape = (int(window.height), int(window.width))
    valid = ground_mask(dataset, window=window) if has_mask(dataset) else None
    if valid is not None and not valid.any():
        return np.zeros((3, *shape), dtype=np.uint8), valid
    bands = dataset.read(rgb_bands(dataset), window=window)
    if valid is None:  # nothing says what is nodata: pure black is the custom
        valid = bands[0] > 0
        if not valid.all():
            valid |= (bands[1] > 0) | (bands[2] > 0)
    elif not valid.all():
        bands *= valid  # black, as training crops have it
    return bands, None if valid.all() else valid


def _averaged(values: np.ndarray, factor: int) -> np.ndarray:
    """Means over squares of `factor` pixels (..., h, w); at the right and bottom edge over what there is."""
    rows, columns = (np.arange(0, side, factor) for side in values.shape[-2:])
    sums = np.add.reduceat(np.add.reduceat(values, rows, axis=-2, dtype=np.float32), columns, axis=-1)
    counts = np.outer(np.diff([*rows, values.shape[-2]]), np.diff([*columns, values.shape[-1]]))
    means = sums / counts
    return (means + 0.5).astype(np.uint8) if values.dtype == np.uint8 else means


@dataclass(frozen=True)
class CoarseGround:
    """Where a scene shows any ground, seen from afar: a pixel for `factor` scene pixels."""

    valid: np.ndarray
    factor: int

    def is_empty(self, scale: int, area: Area) -> bool:
        """Whether an area of the scene at 1/`scale` of its size, and a coarse pixel around it, shows no ground."""
        x, y, width, height = (side * scale // self.factor for side in area)
        rows = slice(max(y - 1, 0), max(y + height + 2, 0))
        columns = slice(max(x - 1, 0), max(x + width + 2, 0))
        return not self.valid[rows, columns].any()


@lru_cache(maxsize=8)
def coarse_ground(source: Source) -> CoarseGround | None:
    """The scene's mask through its overviews; None where it has no mask or no overviews, as a photo."""
    if source.orientation is not None:
        return None
    with opened(source) as dataset:
        factors = [factor for factor in dataset.overviews(1) if factor <= COARSEST]
        if not has_mask(dataset) or not factors:
            return None
        shape = (-(-dataset.height // factors[-1]), -(-dataset.width // factors[-1]))
        return CoarseGround(ground_mask(dataset, out_shape=shape), factors[-1])


def ground_share(source: Source) -> float | None:
    """The share of a scene that shows ground, seen from afar; None where that is not known before it is read."""
    if source.orientation is not None:
        return 1.0
    coarse = coarse_ground(source)
    return None if coarse is None else float(coarse.valid.mean())
