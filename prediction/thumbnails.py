"""Small pictures of detections, cut from their scene."""

from pathlib import Path

from damage.ingestion.jpeg import thumbnail_jpeg
from damage.ingestion.rasters import read_square

# The picture is this many times as wide as the box: a roof is told by its street.
SURROUNDINGS = 1.5


def thumbnail_square(
    box: tuple[int, int, int, int], *, scene_width_px: int, scene_height_px: int
) -> tuple[int, int, int]:
    """The square (x, y, size) around a box with its surroundings, shifted into the scene, or cut to it."""
    x, y, width, height = box
    size = min(round(max(width, height) * SURROUNDINGS), scene_width_px, scene_height_px)
    left = min(max(0, x + (width - size) // 2), scene_width_px - size)
    top = min(max(0, y + (height - size) // 2), scene_height_px - size)
    return left, top, size


def read_thumbnail(path: Path, square: tuple[int, int, int], *, orientation: int) -> bytes:
    """The square, of the image as shown, as a small JPEG."""
    return thumbnail_jpeg(read_square(path, *square, orientation=orientation))
