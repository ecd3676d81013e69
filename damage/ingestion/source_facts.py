"""By what a source is known again without reading all of it: size, time of change, digest of its two ends. Pure."""

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

END_BYTES = (
    64 * 1024
)  # a TIFF's header or its directories lie at one of the two ends, and a JPEG's EXIF at the first


@dataclass(frozen=True)
class SourceFacts:
    """Size in bytes, time of the last change in nanoseconds since 1970, SHA-256 of the first and last 64 KiB."""

    size_bytes: int
    mtime_ns: int
    ends_sha256: str

    def is_same_content(self, other: "SourceFacts") -> bool:
        """Whether two files are alike as far as these facts go, whenever they were written."""
        return (self.size_bytes, self.ends_sha256) == (other.size_bytes, other.ends_sha256)


def read_source_facts(path: Path) -> SourceFacts:
    """The facts of a file; raises `OSError`."""
    status = path.stat()
    return SourceFacts(
        status.st_size, status.st_mtime_ns, _ends_sha256(path, status.st_size, status.st_mtime_ns)
    )


def is_unchanged(path: Path, known: SourceFacts) -> bool:
    """Whether a file is as it was known: where size and time are, it is not opened. Raises `OSError`."""
    status = path.stat()
    if (status.st_size, status.st_mtime_ns) == (known.size_bytes, known.mtime_ns):
        return True
    # A file that was copied back, or put on another disk, has another time.
    return status.st_size == known.size_bytes and read_source_facts(path).is_same_content(known)


@lru_cache(maxsize=1024)
def _ends_sha256(path: Path, size_bytes: int, mtime_ns: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(END_BYTES))
        file.seek(max(file.tell(), size_bytes - END_BYTES), os.SEEK_SET)
        digest.update(file.read(END_BYTES))
    return digest.hexdigest()
