"""Files that outlast a power cut: flushed to the disk, with their folders, before a row may name them."""

import errno
import os
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.core.files.storage import FileSystemStorage


class SpareFile(File):
    """A file of ours that nobody writes to any more: a storage on the same disk may have it by a link, uncopied.

    It stays where it is as well, so that nothing is lost when what it is stored for fails.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path.open("rb"))
        self.path = path


class DurableStorage(FileSystemStorage):
    """Files on a local disk: a power cut loses none that `save` returned, and nothing stays of one that failed."""

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        make_folder(path.parent)
        while True:
            try:
                if not (isinstance(content, SpareFile) and self._linked(path, content)):
                    self._written(path, content)
                break
            except FileExistsError:  # somebody else took the name since it was found to be free
                name = self.get_available_name(name)
                path = Path(self.path(name))
        try:
            flush_folder(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return name

    def _linked(self, path: Path, content: SpareFile) -> bool:
        """Store the file by a link; False where it lies on another disk, or on one that knows no links."""
        with content.path.open("rb") as file:
            self._flush(file)
        try:
            os.link(content.path, path)
        except FileExistsError:
            raise
        except OSError:
            return False
        return True

    def _written(self, path: Path, content: Any) -> None:
        with path.open("xb") as file:
            try:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                self._flush(file)
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def _flush(self, file: IO[bytes]) -> None:
        if self.file_permissions_mode is not None:
            os.fchmod(file.fileno(), self.file_permissions_mode)
        os.fsync(file.fileno())


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each known to the one above before anything is put into it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    flush_folder(folder.parent)


def flush_folder(folder: Path) -> None:
    """Have the disk know which files the folder holds."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    except OSError as error:
        if (
            error.errno != errno.EINVAL
        ):  # some network file systems flush folders by themselves, and say so like this
            raise
    finally:
        os.close(opened)
