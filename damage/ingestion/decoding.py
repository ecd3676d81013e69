"""Decoding what people hand in, in a process that can be spared: files that break it are refused, the run goes on."""

import atexit
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from damage.ingestion.decoder import MIB, Decoder, Limits
from damage.ingestion.exif import PhotoFacts
from damage.ingestion.mosaics import MosaicFacts
from damage.ingestion.photo_look import Look
from damage.messages import Message


@dataclass(frozen=True)
class ViewedPhoto:
    """A photo that may come in; its size is as it is shown."""

    facts: PhotoFacts
    width_px: int
    height_px: int
    band_count: int
    gsd_m: float | None
    look: Look


@dataclass(frozen=True)
class ImageFacts:
    """How Pillow reads an image (RGB, RGBA, L, …), and its size."""

    mode: str
    width_px: int
    height_px: int


shared_decoder = Decoder()
atexit.register(shared_decoder.close)


def decode_is_georeferenced(path: Path) -> bool:
    """Whether a TIFF says where on earth it lies, found out in the child. Raises `Refused`."""
    limits = Limits(120, memory_bytes=2048 * MIB, file_bytes=64 * MIB)
    return bool(shared_decoder.ask("georeferenced", limits, path=str(path.absolute()))["is"])


def decode_mosaic_facts(path: Path) -> MosaicFacts:
    """`read_mosaic_facts` in the child. Raises `Refused`."""
    seconds = (
        600 + 3 * path.stat().st_size // 10**6
    )  # without overviews, the outline takes every pixel's mask
    limits = Limits(seconds, memory_bytes=4096 * MIB, file_bytes=64 * MIB)
    facts = shared_decoder.ask("mosaic_facts", limits, path=str(path.absolute()))
    warnings = tuple(Message.of_json(warning) for warning in facts["warnings"])
    return MosaicFacts(**facts | {"transform": tuple(facts["transform"]), "warnings": warnings})


def decode_mosaic_view(path: Path, facts: MosaicFacts, view: Path) -> None:
    """`write_mosaic_view` in the child. Raises `Refused`."""
    pixels = facts.width_px * facts.height_px
    limits = Limits(600 + pixels // 10**6, memory_bytes=4096 * MIB, file_bytes=64 * MIB + 8 * pixels)
    shared_decoder.ask("mosaic_view", limits, path=str(path.absolute()), view=str(view.absolute()))


def decode_photo(path: Path, view: Path | None, *, max_mpx: int) -> ViewedPhoto:
    """Read a photo whole and write its view, if it is to have one, in the child. Raises `Refused`."""
    return begin_decoding_photo(path, view, max_mpx=max_mpx)()


def begin_decoding_photo(
    path: Path, view: Path | None, *, max_mpx: int, decoder: Decoder = shared_decoder
) -> Callable[[], ViewedPhoto]:
    """Have a child begin what `decode_photo` does; gives what waits for it to be done."""
    most_bytes = 16_000_000 * max_mpx  # a JPEG of 199 megapixels took 2.8 GB in all
    limits = Limits(1800, memory_bytes=2048 * MIB + most_bytes, file_bytes=64 * MIB + most_bytes)
    answer = decoder.begin(
        "photo",
        limits,
        path=str(path.absolute()),
        view=str(view.absolute()) if view else None,
        max_mpx=max_mpx,
    )
    return lambda: _viewed_photo(answer())


def _viewed_photo(answer: dict[str, Any]) -> ViewedPhoto:
    return ViewedPhoto(**answer | {"facts": _photo_facts(answer["facts"]), "look": Look(**answer["look"])})


def decode_photo_facts(path: Path) -> PhotoFacts:
    """`read_photo_facts` in the child; raises `Refused` for what is no photo."""
    limits = Limits(120, memory_bytes=2048 * MIB, file_bytes=64 * MIB)
    return _photo_facts(shared_decoder.ask("photo_facts", limits, path=str(path.absolute())))


def _photo_facts(plain: dict[str, Any]) -> PhotoFacts:
    warnings = tuple(Message.of_json(warning) for warning in plain["warnings"])
    moment = plain["captured_at"] and datetime.fromisoformat(str(plain["captured_at"]))
    return PhotoFacts(**plain | {"warnings": warnings, "captured_at": moment})


def decode_heic(path: Path) -> np.ndarray:
    """A HEIC photo's pixels (H, W, 3) as it is shown, decoded in the child. Raises `Refused`."""
    limits = Limits(600, memory_bytes=4096 * MIB, file_bytes=1024 * MIB)
    with tempfile.TemporaryDirectory(prefix="damage-") as folder:
        pixels = Path(folder) / "pixels.npy"
        shared_decoder.ask("heic", limits, path=str(path.absolute()), pixels=str(pixels))
        return np.load(pixels, allow_pickle=False)


def decode_image(path: Path, *, most_px: int) -> ImageFacts:
    """An image's mode and size, after it was decoded in the child unless a side is longer than `most_px`."""
    limits = Limits(120, memory_bytes=2048 * MIB, file_bytes=64 * MIB)
    return ImageFacts(**shared_decoder.ask("image", limits, path=str(path.absolute()), most_px=most_px))


def decode_heights(path: Path, places: Sequence[tuple[float, float]]) -> list[float | None]:
    """The ground's heights in metres at places (lon, lat), read from a height model in the child. Raises `Refused`."""
    limits = Limits(600, memory_bytes=4096 * MIB, file_bytes=64 * MIB)
    answer = shared_decoder.ask("heights", limits, path=str(path.absolute()), places=list(places))
    return [None if height is None else float(height) for height in answer["heights_m"]]
