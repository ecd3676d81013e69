"""Whether a TIFF is all there: every directory and every block of image, overviews and masks. Pure, decodes nothing.

GDAL leaves out what it finds no directory of: of a file that was cut off before its mask, empty ground becomes ground.
The layout is that of TIFF 6.0 (Adobe 1992, section 2) and BigTIFF (https://libtiff.gitlab.io/libtiff/specification/bigtiff.html).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _

# Tags that say where blocks lie (strips or tiles) and how long they are, and others without which none is decoded.
OFFSET_TAGS, SIZE_TAGS = (273, 324), (279, 325)
BITS_PER_SAMPLE, COLOUR_MAP, JPEG_TABLES = 258, 320, 347
NEEDED_TAGS = {*OFFSET_TAGS, *SIZE_TAGS, BITS_PER_SAMPLE, COLOUR_MAP, JPEG_TABLES}
# Bytes of a value by its field type.
TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 8: 2, 9: 4, 13: 4, 16: 8, 17: 8, 18: 8}
MOST_DIRECTORIES = 65_535  # as libtiff has it


class Truncated(Refused):
    """A file that ends before what it says is in it."""


@dataclass(frozen=True)
class Blocks:
    """Where one directory's blocks lie in the file: offsets and sizes in bytes, 0 where a block is left out."""

    offsets: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))
    sizes: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint64))

    @property
    def are_all_there(self) -> bool:
        """Whether none is left out; what is left out is read as empty."""
        return bool(self.offsets.size and self.offsets.all() and self.sizes.all())


@dataclass(frozen=True)
class _Form:
    """How numbers and directories are written in a classic TIFF or a BigTIFF."""

    order: str
    is_big: bool

    def number(self, content: bytes, size: int) -> int:
        return int(
            struct.unpack(f"{self.order}{dict(zip((1, 2, 4, 8), 'BHIQ', strict=True))[size]}", content)[0]
        )

    @property
    def word(self) -> int:
        """Bytes of an offset, and of a value that stands in its entry."""
        return 8 if self.is_big else 4

    @property
    def counter(self) -> int:
        """Bytes of a directory's number of entries."""
        return 8 if self.is_big else 2


def check_whole(path: Path) -> None:
    """Raise `Truncated` where a TIFF ends before its last block, or before one of its directories."""
    for _blocks in read_blocks(path):
        pass


def read_blocks(path: Path) -> Iterator[Blocks]:
    """Each directory's blocks, as they come in the file; raises `Truncated` at the first that is not all there."""
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        form, offset = _header(file)
        seen: set[int] = set()
        while offset and offset not in seen and len(seen) < MOST_DIRECTORIES:
            seen.add(offset)
            blocks, offset = _directory(file, form, offset)
            count = min(len(blocks.offsets), len(blocks.sizes))
            sizes = blocks.sizes[:count]
            # In this order nothing overflows, whatever a file claims.
            if ((blocks.offsets > size_bytes).any()) or (sizes > size_bytes - blocks.offsets[:count]).any():
                raise _truncated()
            yield blocks


def _header(file: BinaryIO) -> tuple[_Form, int]:
    """The form, and where the first directory begins."""
    order = {b"II": "<", b"MM": ">"}.get(_read(file, 0, 2))
    form = _Form(order or "<", False)
    version = form.number(_read(file, 2, 2), 2)
    if order is None or version not in (42, 43):
        raise Refused(_("It is not a TIFF file."))
    if version == 42:
        return form, form.number(_read(file, 4, 4), 4)
    return _Form(form.order, True), form.number(_read(file, 8, 8), 8)


def _directory(file: BinaryIO, form: _Form, offset: int) -> tuple[Blocks, int]:
    """A directory's blocks, and where the next begins; 0 where there is none."""
    count = form.number(_read(file, offset, form.counter), form.counter)
    entry_bytes = 4 + 2 * form.word
    if count > 65_535:
        raise _truncated()
    content = _read(file, offset + form.counter, count * entry_bytes + form.word)
    found: dict[int, np.ndarray] = {}
    for start in range(0, count * entry_bytes, entry_bytes):
        entry = content[start : start + entry_bytes]
        tag = form.number(entry[:2], 2)
        if tag in NEEDED_TAGS:
            found[tag] = _values(file, form, entry)
    offsets, sizes = (
        next((found[tag] for tag in tags if tag in found), np.zeros(0, np.uint64))
        for tags in (OFFSET_TAGS, SIZE_TAGS)
    )
    return Blocks(offsets, sizes), form.number(content[-form.word :], form.word)


def _values(file: BinaryIO, form: _Form, entry: bytes) -> np.ndarray:
    """An entry's values as uint64, from the entry itself or from where it says."""
    size = TYPE_BYTES.get(form.number(entry[2:4], 2), 1)
    count = form.number(entry[4 : 4 + form.word], form.word)
    content = entry[4 + form.word :]
    if count * size > form.word:
        content = _read(file, form.number(content, form.word), count * size)
    return np.frombuffer(content, f"{form.order}u{size}", count=count).astype(np.uint64)


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    """So many bytes, all of which must be there."""
    size_bytes = file.seek(0, 2)
    if offset > size_bytes or length > size_bytes - offset:
        raise _truncated()
    file.seek(offset)
    return file.read(length)


def _truncated() -> Truncated:
    return Truncated(
        _("It is truncated: the file ends before its pixels, overviews or masks do."),
        _("Copy it again from where it came."),
    )
