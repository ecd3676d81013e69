"""An image in memory as a cloud-optimised GeoTIFF: tiles of JPEG with overviews, each pixel coded once. Pure.

The order in the file is that of GDAL's and rio-cogeo's: all directories, then the tiles, those of the coarsest overview
first. Formats: TIFF 6.0; JPEG in it by TIFF Technical Note 2; JPEG by ITU-T T.81.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import accumulate, product
from pathlib import Path

from PIL import Image

QUALITY = 75  # as GDAL writes JPEG where it is not told otherwise
UNIT_PX = 16  # the least that is coded, along either side, where colour has half the width and height (4:2:0)

# Types of TIFF's fields, each with the letter that `struct` has for its values.
BYTES, SHORT, LONG, RATIONAL = (7, "B"), (3, "H"), (4, "I"), (5, "II")
JPEG_COMPRESSION, YCBCR = 7, 6
BLACK_AND_WHITE = (
    0,
    1,
    255,
    1,
    128,
    1,
    255,
    1,
    128,
    1,
    255,
    1,
)  # of brightness and both colours, as fractions
TILE_OFFSETS = 324
HEADER_BYTES, ENTRY_BYTES, WORD_BYTES = 8, 12, 4

# A field: its type, how many values it has, and these.
Field = tuple[int, int, bytes]


@dataclass(frozen=True)
class _Level:
    """The image itself or an overview: its size, and its tiles row by row."""

    width_px: int
    height_px: int
    tiles: list[bytes]


def write_tiled_jpeg(image: Image.Image, target: Path, *, tile_px: int, overviews: int) -> None:
    """Write an image in red, green and blue, and so many overviews, each of half the size. Raises `OSError`.

    A pixel of an overview is the mean of 2 x 2 of the level before. A tile's side is a multiple of 16 px.
    """
    levels = [_level(each, tile_px) for each in _reduced(image, overviews)]
    head = _header_and_directories(levels, tile_px)
    with target.open("wb") as file:
        file.write(head)
        for level in reversed(levels):
            file.writelines(level.tiles)


def _reduced(image: Image.Image, overviews: int) -> Iterator[Image.Image]:
    yield image
    for _number in range(overviews):
        image = image.reduce(2)
        yield image


def _level(image: Image.Image, tile_px: int) -> _Level:
    corners = product(range(0, image.height, tile_px), range(0, image.width, tile_px))
    tiles = [_jpeg(_tile(image, left, top, tile_px), streamtype=2) for top, left in corners]
    return _Level(image.width, image.height, tiles)


def _tile(image: Image.Image, left: int, top: int, tile_px: int) -> Image.Image:
    """A tile; beyond the image the last column and row repeat, as JPEG would smear black into what is seen."""
    width, height = min(tile_px, image.width - left), min(tile_px, image.height - top)
    tile = image.crop((left, top, left + tile_px, top + tile_px))
    if width < tile_px:
        tile.paste(tile.crop((width - 1, 0, width, tile_px)).resize((tile_px - width, tile_px)), (width, 0))
    if height < tile_px:
        tile.paste(
            tile.crop((0, height - 1, tile_px, height)).resize((tile_px, tile_px - height)), (0, height)
        )
    return tile


def _jpeg(image: Image.Image, **options: int) -> bytes:
    content = BytesIO()
    image.save(content, "JPEG", quality=QUALITY, subsampling="4:2:0", **options)
    return content.getvalue()


def _tables() -> bytes:
    """The tables that all tiles share: a JPEG of nothing else."""
    return _jpeg(Image.new("RGB", (UNIT_PX, UNIT_PX)), streamtype=1)


def _header_and_directories(levels: Sequence[_Level], tile_px: int) -> bytes:
    """The file up to its first tile."""
    tables = _tables()
    all_fields = [
        _fields(level, tables, tile_px, is_overview=number > 0) for number, level in enumerate(levels)
    ]
    begins = list(accumulate((len(_directory(fields, 0, 0)) for fields in all_fields), initial=HEADER_BYTES))
    at = begins[-1]
    for level, fields in zip(reversed(levels), reversed(all_fields), strict=True):
        *offsets, at = accumulate((len(tile) for tile in level.tiles), initial=at)
        fields[TILE_OFFSETS] = _field(LONG, *offsets)
    nexts = [*begins[1:-1], 0]
    return struct.pack("<2sHI", b"II", 42, HEADER_BYTES) + b"".join(
        map(_directory, all_fields, begins, nexts)
    )


def _fields(level: _Level, tables: bytes, tile_px: int, *, is_overview: bool) -> dict[int, Field]:
    """What a directory says, by tag; where its tiles lie is not known yet."""
    sizes = [len(tile) for tile in level.tiles]
    return {
        254: _field(LONG, int(is_overview)),
        256: _field(LONG, level.width_px),
        257: _field(LONG, level.height_px),
        258: _field(SHORT, 8, 8, 8),
        259: _field(SHORT, JPEG_COMPRESSION),
        262: _field(SHORT, YCBCR),
        277: _field(SHORT, 3),
        284: _field(SHORT, 1),  # the three values of a pixel lie together
        322: _field(SHORT, tile_px),
        323: _field(SHORT, tile_px),
        TILE_OFFSETS: _field(LONG, *sizes),
        325: _field(LONG, *sizes),
        347: _field(BYTES, *tables),
        530: _field(SHORT, 2, 2),  # 4:2:0
        532: _field(RATIONAL, *BLACK_AND_WHITE),
    }


def _field(kind: tuple[int, str], *values: int) -> Field:
    number, letters = kind
    count = len(values) // len(letters)
    return number, count, struct.pack(f"<{count * len(letters)}{letters[0]}", *values)


def _directory(fields: dict[int, Field], begin: int, following: int) -> bytes:
    """A directory that begins at a byte of the file, and behind it the values that do not fit into its entries."""
    values_at = begin + 2 + len(fields) * ENTRY_BYTES + WORD_BYTES
    entries, values = [], b""
    for tag, (kind, count, content) in sorted(fields.items()):
        if len(content) <= WORD_BYTES:
            word = content.ljust(WORD_BYTES, b"\0")
        else:
            word = struct.pack("<I", values_at + len(values))
            values += content + bytes(len(content) % 2)
        entries.append(struct.pack("<HHI", tag, kind, count) + word)
    return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following) + values
