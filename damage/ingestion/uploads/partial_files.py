"""The bytes of uploads that are on their way: a folder for each, with its lock, below the data folder.

The file's length is how much of it is here: what a killed process wrote of a part is a beginning of that part.
"""

import hashlib
import hmac
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

from django.conf import settings

from damage.ingestion.names import MOST_STEM_BYTES, MOST_SUFFIX_BYTES, cut_to_bytes
from damage.ingestion.uploads.errors import ChecksumMismatch, InUse
from damage.ingestion.uploads.headers import Checksum
from damage.ingestion.uploads.models import Upload
from damage.storage import flush_folder, make_folder
from damage.work.locks import is_free, locked

PIECE_BYTES = 256 * 1024
_CONTENT = "content"  # beside the lock, whatever the file is called


def uploads_place() -> Path:
    """Where the folders of all uploads are."""
    return Path(settings.DATA_DIR) / "uploads"


def folder_of(upload_id: UUID) -> Path:
    return uploads_place() / str(upload_id)


def path_of(upload: Upload) -> Path:
    """The partial file; called as the upload is, but for names that no disk takes."""
    name = Path(upload.file_name)
    kept = cut_to_bytes(name.stem, MOST_STEM_BYTES) + cut_to_bytes(name.suffix, MOST_SUFFIX_BYTES)
    return folder_of(upload.pk) / _CONTENT / kept


def received_bytes(upload: Upload) -> int:
    """How much of the file is here; all of it once its fate is known, as it is needed no more."""
    if upload.is_decided:
        return upload.size_bytes
    try:
        return path_of(upload).stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def held(upload_id: UUID) -> Iterator[None]:
    """Hold an upload against other writers; the lock ends with the process. Raises `InUse`."""
    with locked(folder_of(upload_id)) as mine:
        if not mine:
            raise InUse
        yield


def create_file(upload: Upload) -> None:
    """Have the empty file."""
    path = path_of(upload)
    make_folder(path.parent)
    path.touch()


def append(upload: Upload, body: IO[bytes], checksum: Checksum | None) -> None:
    """Add a body to the file, flushed to the disk; hold the upload meanwhile.

    With a checksum all of the body or nothing is added, and it comes to the file only once it is known to be right: a
    process that is killed leaves no byte that was not checked. Raises `ChecksumMismatch`.
    """
    path = path_of(upload)
    with path.open("ab") as file:
        if checksum is None:
            for piece in pieces_of(body):
                file.write(piece)
        else:
            with TemporaryFile(dir=path.parent.parent) as aside:
                _check(body, aside, checksum)
                shutil.copyfileobj(aside, file, PIECE_BYTES)
        file.flush()
        os.fsync(file.fileno())
    flush_folder(path.parent)


def pieces_of(body: IO[bytes]) -> Iterator[bytes]:
    while piece := body.read(PIECE_BYTES):
        yield piece


def _check(body: IO[bytes], aside: IO[bytes], checksum: Checksum) -> None:
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
    for piece in pieces_of(body):
        digest.update(piece)
        aside.write(piece)
    if not hmac.compare_digest(digest.digest(), checksum.digest):
        raise ChecksumMismatch
    aside.seek(0)


def remove_folder(upload_id: UUID) -> None:
    """Remove an upload's bytes; hold the upload meanwhile."""
    shutil.rmtree(folder_of(upload_id), ignore_errors=True)


def ids_with_folders() -> set[UUID]:
    """The uploads that have a folder."""
    found = set()
    for folder in uploads_place().glob("*"):
        with suppress(ValueError):
            found.add(UUID(folder.name))
    return found


def is_held(upload_id: UUID) -> bool:
    """Whether somebody writes to it or checks it."""
    return is_free(folder_of(upload_id)) is False
