"""Which files of a folder are photos, and which are photos that cannot be read. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".heic", ".heif", ".hif"})
RAW_SUFFIXES = frozenset(
    {
        ".dng",
        ".gpr",
        ".arw",
        ".cr2",
        ".cr3",
        ".nef",
        ".orf",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".srw",
        ".3fr",
        ".iiq",
    }
)
# Images all the same: left out, and named, so that nobody believes that they came in.
OTHER_SUFFIXES = frozenset({".webp", ".avif", ".jxl", ".jp2", ".j2k", ".bmp", ".gif"})


class Kind(StrEnum):
    """What is done about a file: a photo comes in, the rest is named with the reason."""

    PHOTO = "photo"
    LINK_OUTSIDE = "link_outside"
    RAW = "raw"
    OTHER = "other"


@dataclass(frozen=True)
class Found:
    """A file that is named, or an image below a folder that is."""

    path: Path
    kind: Kind = Kind.PHOTO


def images_in(paths: Iterable[Path]) -> Iterator[Found]:
    """The files named, and the images below the folders named, in order.

    What begins with a dot is hidden, such as what macOS writes beside each file (._DJI_0001.JPG), and left alone.
    """
    for path in paths:
        if not path.is_dir():
            yield Found(path)  # whoever names a file, or a link, means it
            continue
        for file in sorted(path.rglob("*")):
            is_hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
            if not is_hidden and (found := _found(file, path)) is not None:
                yield found


def _found(file: Path, folder: Path) -> Found | None:
    kind = _kind(file.suffix.lower())
    if kind is None or not file.is_file():
        return None
    leads_outside = kind == Kind.PHOTO and not file.resolve().is_relative_to(folder.resolve())
    return Found(file, Kind.LINK_OUTSIDE if leads_outside else kind)


def _kind(suffix: str) -> Kind | None:
    suffixes = {Kind.PHOTO: PHOTO_SUFFIXES, Kind.RAW: RAW_SUFFIXES, Kind.OTHER: OTHER_SUFFIXES}
    return next((kind for kind, those in suffixes.items() if suffix in those), None)
