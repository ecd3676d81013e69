"""Reading pixels of scenes, whatever their file. Pure: paths in, uint8 RGB arrays out."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache, partial
from math import ceil, log2
from pathlib import Path

import numpy as np
from PIL import Image
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import DatasetReader
from rasterio.windows import Window

from damage.errors import NotNow, Refused
from damage.ingestion.bands import GROUND_FROM, ground_mask, rgb_bands
from damage.ingestion.decoding import decode_heic
from damage.ingestion.opening import is_heic, is_tiff, open_image, open_raster
from damage.ingestion.orientation import shown, shown_size, stored_corner
from damage.ingestion.unreadable import image_explained, raster_explained, unreadable
from damage.messages import Message as _

TILE_PX = 256
WEBP_QUALITY = 80
PAPER = 128  # the grey around a scene on its edge tiles

warnings.filterwarnings("ignore", category=NotGeoreferencedWarning)  # photos never are


class OutsideScene(Refused):
    """What was asked for lies beyond the scene's edge."""


def read_square(path: Path, x_px: int, y_px: int, size_px: int, *, orientation: int = 1) -> np.ndarray:
    """Cut a square (size, size, 3) from a scene; what has no data is 0.

    `x_px`, `y_px` is its top left corner in scene pixels, of the image as shown. Raises `OutsideScene` unless the
    square lies wholly inside.
    """
    check_present(path)
    if not is_tiff(path):
        return _cut(_decoded_photo(path, path.stat().st_mtime_ns, orientation), x_px, y_px, size_px)
    with opened(path) as dataset:
        if orientation != 1:
            pixels = shown(read_rgb(dataset, Window(0, 0, dataset.width, dataset.height)), orientation)
            return _cut(pixels, x_px, y_px, size_px)
        _check_inside(x_px, y_px, size_px, width_px=dataset.width, height_px=dataset.height)
        return read_rgb(dataset, Window(x_px, y_px, size_px, size_px))


@contextmanager
def squares_of(path: Path, *, orientation: int = 1) -> Iterator[Callable[[int, int, int], np.ndarray]]:
    """Open a scene once for many squares: gives what `read_square` does, called with (x_px, y_px, size_px).

    A JPEG, PNG or HEIC is decoded whole, once, into three or four bytes a pixel, which are let go at the end.
    """
    check_present(path)
    if is_tiff(path):
        yield partial(read_square, path, orientation=orientation)
        return
    if is_heic(path):
        with image_explained(path):
            photo = read_photo(path, orientation)
        yield partial(_cut, photo)
        return
    with ExitStack() as stack:
        with image_explained(path):
            image = stack.enter_context(open_image(path))
            image.load()
        width_px, height_px = shown_size(image.width, image.height, orientation)

        def cut(x_px: int, y_px: int, size_px: int) -> np.ndarray:
            _check_inside(x_px, y_px, size_px, width_px=width_px, height_px=height_px)
            left, top = stored_corner(
                x_px, y_px, size_px, width_px=width_px, height_px=height_px, orientation=orientation
            )
            square = image.crop((left, top, left + size_px, top + size_px))
            return shown(rgb_of(square), orientation)

        yield cut


def read_small_square(path: Path, x_px: int, y_px: int, size_px: int, *, longest_px: int) -> np.ndarray:
    """A square of a scene's view (H, W, 3), reduced through its overviews: memory does not grow with the square."""
    check_present(path)
    with opened(path) as dataset:
        _check_inside(x_px, y_px, size_px, width_px=dataset.width, height_px=dataset.height)
        side = min(size_px, longest_px)
        return read_rgb(dataset, Window(x_px, y_px, size_px, size_px), width_px=side, height_px=side)


@contextmanager
def wholeness_of(path: Path, *, orientation: int = 1) -> Iterator[Callable[[int, int, int], bool]]:
    """Open a scene once for many squares: gives what `is_whole` does, called with (x_px, y_px, size_px)."""
    check_present(path)
    if not is_tiff(path):
        yield lambda x_px, y_px, size_px: True
        return
    with opened(path) as dataset:
        if orientation == 1:
            yield lambda x_px, y_px, size_px: bool(
                ground_mask(dataset, window=Window(x_px, y_px, size_px, size_px)).all()
            )
            return
        mask = shown(ground_mask(dataset)[..., None], orientation)
        yield lambda x_px, y_px, size_px: bool(mask[y_px : y_px + size_px, x_px : x_px + size_px].all())


def is_whole(path: Path, x_px: int, y_px: int, size_px: int, *, orientation: int = 1) -> bool:
    """Whether every pixel of a square inside the scene holds data: only the square's mask is read."""
    with wholeness_of(path, orientation=orientation) as is_whole_square:
        return is_whole_square(x_px, y_px, size_px)


def read_photo(path: Path, orientation: int) -> np.ndarray:
    """A whole photo (H, W, 3) as it is shown; a TIFF by GDAL, as its squares, since Pillow turns it by itself."""
    if is_heic(path):
        return shown(_decoded_heic(path), orientation)
    if is_tiff(path):
        with open_raster(path) as dataset:
            return shown(read_rgb(dataset, Window(0, 0, dataset.width, dataset.height)), orientation)
    with open_image(path) as image:
        return shown(rgb_of(image), orientation)


def _decoded_heic(path: Path) -> np.ndarray:
    """A stored HEIC's pixels, turned by its decoder, which runs elsewhere: what it refuses is nobody's wrong input."""
    try:
        return decode_heic(path)
    except Refused as error:
        raise unreadable(path, error) from error


def rgb_of(image: Image.Image) -> np.ndarray:
    """An image's pixels (H, W, 3); what has no data is 0, by the rule for rasters."""
    pixels = np.asarray(image.convert("RGB"))
    if image.mode != "RGBA":
        return pixels
    return pixels * (np.asarray(image.getchannel("A")) >= GROUND_FROM)[..., None]


@lru_cache(maxsize=2)
def _decoded_photo(path: Path, modified_ns: int, orientation: int) -> np.ndarray:
    """Decoded photos stay a while: a JPEG has to be decoded whole, and people tag many squares of one."""
    with image_explained(path):
        return read_photo(path, orientation)


def read_rgb(
    dataset: DatasetReader, window: Window, *, width_px: int | None = None, height_px: int | None = None
) -> np.ndarray:
    """Pixels (H, W, 3) of a window, reduced to the given size by averaging; what has no data is 0."""
    height = height_px or round(window.height)
    width = width_px or round(window.width)
    resampling = Resampling.average if width < window.width else Resampling.nearest
    bands = dataset.read(
        rgb_bands(dataset), window=window, out_shape=(3, height, width), resampling=resampling
    )
    bands[:, ~ground_mask(dataset, window=window, out_shape=(height, width))] = 0
    return np.ascontiguousarray(bands.transpose(1, 2, 0))


def read_reduced(
    path: Path, longest_px: int, *, tile: tuple[int, int, int] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (H, W, 3) of a scene, or of one tile (z, x, y) of its pyramid, and where they are valid (H, W).

    The longest side has at most so many pixels, through the file's overviews where it has them: memory does not
    grow with the scene. What has no data is 0.
    """
    check_present(path)
    with opened(path) as dataset:
        window = Window(0, 0, dataset.width, dataset.height)
        if tile is not None:
            window = tile_window(dataset.width, dataset.height, *tile)
        factor = min(1.0, longest_px / max(window.width, window.height))
        width, height = (max(1, round(length * factor)) for length in (window.width, window.height))
        pixels = read_rgb(dataset, window, width_px=width, height_px=height)
        return pixels, ground_mask(dataset, window=window, out_shape=(height, width))


def max_zoom(width_px: int, height_px: int) -> int:
    """The pixel pyramid's level at full resolution; level 0 shows the whole scene on one tile."""
    return max(0, ceil(log2(max(width_px, height_px) / TILE_PX)))


def tile_window(width_px: int, height_px: int, z: int, x: int, y: int) -> Window:
    """The part of a scene that a tile of the pyramid shows; raises `OutsideScene` where there is no tile."""
    levels_down = max_zoom(width_px, height_px) - z
    if min(levels_down, z, x, y) < 0:
        raise OutsideScene(_("There is no such tile."))
    side = TILE_PX * 2**levels_down
    left, top = x * side, y * side
    if left >= width_px or top >= height_px:
        raise OutsideScene(_("There is no such tile."))
    return Window(left, top, min(side, width_px - left), min(side, height_px - top))


def read_pixel_tile(path: Path, z: int, x: int, y: int) -> np.ndarray:
    """A tile (256, 256, 3) of the pyramid in scene pixels, grey beyond the scene's edge.

    At level z a tile pixel covers 2^(max_zoom - z) scene pixels. Raises `OutsideScene` where there is no tile.
    """
    check_present(path)
    with opened(path) as dataset:
        window = tile_window(dataset.width, dataset.height, z, x, y)
        reduction = 2 ** (max_zoom(dataset.width, dataset.height) - z)
        width, height = (max(1, round(length / reduction)) for length in (window.width, window.height))
        tile = np.full((TILE_PX, TILE_PX, 3), PAPER, dtype=np.uint8)
        tile[:height, :width] = read_rgb(dataset, window, width_px=width, height_px=height)
        return tile


@contextmanager
def opened(path: Path) -> Iterator[DatasetReader]:
    """The scene's raster; what cannot be read of it, then or later, is refused as `SceneUnreadable`."""
    with raster_explained(path), open_raster(path) as dataset:
        yield dataset


def check_present(path: Path) -> None:
    """Refuse a scene whose file is gone."""
    if not path.is_file():
        raise NotNow(
            _("%(name)s is no longer where it was when the scene was taken in.") % {"name": path.name},
            _("Ask an admin to put the file back."),
        )


def _cut(pixels: np.ndarray, x_px: int, y_px: int, size_px: int) -> np.ndarray:
    """A square of its own from the pixels of a whole scene as it is shown."""
    _check_inside(x_px, y_px, size_px, width_px=pixels.shape[1], height_px=pixels.shape[0])
    return pixels[y_px : y_px + size_px, x_px : x_px + size_px].copy()


def _check_inside(x_px: int, y_px: int, size_px: int, *, width_px: int, height_px: int) -> None:
    if size_px < 1 or x_px < 0 or y_px < 0 or x_px + size_px > width_px or y_px + size_px > height_px:
        raise OutsideScene(
            _(
                "A square of %(size_px)s px at (%(x_px)s, %(y_px)s) is not inside a scene of %(width_px)s x "
                "%(height_px)s px."
            )
            % {"size_px": size_px, "x_px": x_px, "y_px": y_px, "width_px": width_px, "height_px": height_px},
            _("Move it inside, or make it smaller."),
        )
