"""Files that are fetched in part: kept with the version that they are of, so that a later call goes on with them."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from damage.errors import Refused
from damage.messages import Message as _
from damage.work.locks import is_free, locked

STATE_FILE = "state.json"
OLD_S = 14 * 24 * 60 * 60


@dataclass
class Part:
    """What is here of a file: `flushed` bytes are on the disk for certain, whatever the file's length says.

    `etag` is the version's, and `total` its size, as far as the host told; without an etag nothing can be gone on with.
    """

    folder: Path
    name: str
    etag: str = ""
    total: int | None = None
    flushed: int = 0

    @property
    def path(self) -> Path:
        """Where the bytes are."""
        return self.folder / "content" / self.name

    @property
    def is_whole(self) -> bool:
        return bool(self.etag) and self.total is not None and self.flushed == self.total

    def restart(self, *, etag: str = "", total: int | None = None) -> None:
        """Begin anew, with this version."""
        shutil.rmtree(self.path.parent, ignore_errors=True)
        self.path.parent.mkdir(parents=True)
        self.path.touch()
        self.etag, self.total, self.flushed = etag, total, 0
        self._note()

    def flush(self, file: Any) -> None:
        """Have the disk keep what was written, and note how much that is: after a power cut no byte is made up."""
        file.flush()
        os.fsync(file.fileno())
        self.flushed = file.tell()
        self._note()

    def note_whole(self) -> None:
        """Note that this is all, also where the host did not say how much there is."""
        self.total = self.flushed
        self._note()

    def _note(self) -> None:
        state = {"name": self.name, "etag": self.etag, "total": self.total, "flushed": self.flushed}
        new = self.folder / f"{STATE_FILE}.new"
        new.write_text(json.dumps(state))
        new.replace(self.folder / STATE_FILE)


def part_in(folder: Path, name: str) -> Part:
    """The part that an earlier call left in the folder, or a new one; only strong etags say that bytes are the same."""
    part = Part(folder, name)
    try:
        state = json.loads((folder / STATE_FILE).read_text())
        etag, total, flushed = str(state["etag"]), state["total"], int(state["flushed"])
        if state["name"] == name and is_strong(etag) and part.path.stat().st_size >= flushed:
            part.etag, part.total, part.flushed = etag, None if total is None else int(total), flushed
            return part
    except (OSError, ValueError, KeyError, TypeError):
        pass  # there is none, or it was being written when the power went
    part.restart()
    return part


def is_strong(etag: str) -> bool:
    """Whether an etag is for the very bytes (RFC 9110, 8.8.3)."""
    return len(etag) > 2 and etag.startswith('"')


@contextmanager
def part_folder(place: Path, address: str) -> Iterator[Path]:
    """The folder for an address, of this process alone meanwhile; it stays until `forget`. Raises `Refused`."""
    folder = place / hashlib.sha256(address.encode()).hexdigest()[:32]
    with locked(folder) as mine:
        if not mine:
            raise Refused(
                _("Another process is fetching it at this moment."), _("Wait until that one is done.")
            )
        yield folder


def forget(folder: Path) -> None:
    """Remove what is here of a file."""
    shutil.rmtree(folder, ignore_errors=True)


def forget_empty(folder: Path) -> None:
    """Remove the folder where nothing is here of the file yet."""
    if not any(path.stat().st_size for path in folder.glob("content/*")):
        forget(folder)


def forget_old(place: Path) -> None:
    """Remove parts that nobody went on with for two weeks."""
    for folder in place.glob("*"):
        is_old = folder.is_dir() and time.time() - folder.stat().st_mtime > OLD_S
        if is_old and is_free(folder) is not False:
            forget(folder)
