"""Files that outlast a power cut: flushed to the disk, with their folders, before a row may name them."""

import errno
import os
from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


class DurableStorage(FileSystemStorage):
    """Files on a local disk: a power cut loses none that `save` returned, and nothing stays of one that failed."""

    def _save(self, name: str, content: Any) -> str:
        path = Path(self.path(name))
        make_folder(path.parent)
        while True:
            try:
                file = path.open("xb")
                break
            except FileExistsError:  # somebody else took the name since it was found to be free
                name = self.get_available_name(name)
                path = Path(self.path(name))
        try:
            with file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                if self.file_permissions_mode is not None:
                    os.fchmod(file.fileno(), self.file_permissions_mode)
                os.fsync(file.fileno())
            flush_folder(path.parent)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return name


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
