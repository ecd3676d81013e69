"""Files that come with rows, or not at all: names are noted on disk before a byte is written, and swept after a kill.

Everybody who stores files does so within `new_files`; rows are written within it too, in a transaction of their own.
"""

import logging
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from django.apps import apps
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError, models

from damage.work.locks import is_left_over, locked, own_folder

logger = logging.getLogger(__name__)
NAMES_FILE = "names"
# SQLite takes so many values in one question, and more.
NAMES_AT_ONCE = 500


class NewFiles(list[str]):
    """The names of files that are stored now: those that no row names when the block is left are removed again."""

    def __init__(self, names_file: TextIO) -> None:
        super().__init__()
        self._names_file = names_file

    def append(self, name: str) -> None:
        """Note a name, before its first byte is written: a killed process's files are found by it."""
        self._names_file.write(f"{name}\n")
        self._names_file.flush()
        super().append(name)

    def save(self, name: str, content: File) -> str:
        """Store a file under this name, or a like one where there is such a file; gives the name."""
        self.append(default_storage.get_available_name(name))
        stored = default_storage.save(self[-1], content)
        if stored != self[-1]:  # somebody else took the name meanwhile: the file of that name is theirs
            self[-1] = stored
            self._names_file.write(f"{stored}\n")
            self._names_file.flush()
        return stored


@contextmanager
def new_files() -> Iterator[NewFiles]:
    """Store files and then the rows that name them; what no row names in the end is removed, Ctrl-C included."""
    with own_folder(work_place(), "files") as folder, (folder / NAMES_FILE).open("w") as names_file:
        files = NewFiles(names_file)
        try:
            yield files
        except BaseException:
            _remove_or_leave_to_the_sweep(files, folder)
            raise


@contextmanager
def work_folder(name: str) -> Iterator[Path]:
    """A folder on the data disk for what is not finished, gone when the work is done."""
    with own_folder(work_place(), name) as folder:
        yield folder


def work_place() -> Path:
    """Where the folders of those who work are."""
    return Path(settings.DATA_DIR) / "work"


def _remove_or_leave_to_the_sweep(files: Sequence[str], folder: Path) -> None:
    """Without its database nobody knows which files are named: then the note of them stays."""
    try:
        remove_unnamed(files)
    except (OSError, DatabaseError, InterfaceError):
        logger.warning("Files that were not needed could not be removed; the next start does.", exc_info=True)
        folder.replace(folder.with_name(f"{folder.name}-left"))


def remove_unnamed(names: Iterable[str]) -> list[str]:
    """Remove those of the stored files that no row names, and give their names."""
    names = list(dict.fromkeys(names))
    kept = named_in_rows(names)
    removed = [name for name in names if name not in kept and default_storage.exists(name)]
    for name in removed:
        default_storage.delete(name)
    return removed


def named_in_rows(names: Sequence[str]) -> set[str]:
    """Those of the names that any row of any table names."""
    named: set[str] = set()  # by base managers: the default ones may hide rows
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.FileField):
                for start in range(0, len(names), NAMES_AT_ONCE):
                    some = names[start : start + NAMES_AT_ONCE]
                    rows = model._base_manager.filter(**{f"{field.name}__in": some})
                    named.update(rows.values_list(field.name, flat=True))
    return named


def sweep_left_overs() -> list[str]:
    """Remove what killed processes left: their work folders, and the files that they noted and no row names."""
    return [name for folder in left_over_folders() for name in sweep_left_over(folder)]


def left_over_folders() -> list[Path]:
    """The work folders of processes that were killed."""
    return sorted(path for path in work_place().glob("*") if path.is_dir() and is_left_over(path))


def sweep_left_over(folder: Path) -> list[str]:
    """Remove a killed process's work folder and the files that it noted and no row names; gives what was removed."""
    with locked(folder) as mine:
        if not mine:
            return []
        swept = remove_unnamed(noted_names(folder))
        shutil.rmtree(folder, ignore_errors=True)
    return [*swept, str(folder.relative_to(settings.DATA_DIR))]


def names_being_stored() -> set[str]:
    """The names of files that living processes, or killed ones that were not swept yet, noted as theirs."""
    return {name for folder in work_place().glob("*") for name in noted_names(folder)}


def noted_names(folder: Path) -> list[str]:
    """The names that were noted whole; half a line is of a disk that was full, and of no file."""
    file = folder / NAMES_FILE
    lines = file.read_text().splitlines(keepends=True) if file.is_file() else []
    return [line[:-1] for line in lines if line.endswith("\n")]
