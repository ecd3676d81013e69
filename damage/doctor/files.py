"""Rows whose file is gone, and stored files that no row names."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import time

from django.apps import apps
from django.conf import settings
from django.db import models

from damage.doctor.findings import Finding, Severity
from damage.errors import Refused, Text
from damage.ingestion.models import Scene
from damage.messages import Message as _
from damage.stored_files import named_in_rows, names_being_stored
from damage.work.locks import OLD_S

# Where files without a row are moved to, within the data folder.
LEFT_OVER = "left-over"


@dataclass(frozen=True)
class Stored:
    """The files of the site: each name, and when it was last written (seconds since 1970)."""

    mtimes: dict[str, float]


def read_stored() -> Stored:
    """All stored files, by one walk through their folders."""
    root = Path(settings.MEDIA_ROOT)
    mtimes: dict[str, float] = {}
    for folder, _folders, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            try:
                mtimes[path.relative_to(root).as_posix()] = path.lstat().st_mtime
            except FileNotFoundError:  # gone since
                continue
    return Stored(mtimes)


def file_findings() -> Iterator[Finding]:
    """Files without rows, and rows without files; those of scenes are looked at with their scene."""
    fields = list(_file_fields())
    stored = read_stored()  # before the rows: a file that is stored now comes before its row
    named: set[str] = set()
    for field in fields:
        for pk, name in field.model._base_manager.exclude(**{field.name: ""}).values_list("pk", field.name):
            named.add(name)
            if name not in stored.mtimes and field.model is not Scene:
                yield from _missing(field, pk, name)
    yield from _unnamed(stored, named, {_folder_of(str(field.upload_to)) for field in fields})


def _file_fields() -> Iterator[models.FileField]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, models.FileField):
                yield field


def _missing(field: models.FileField, pk: int, name: str) -> Iterator[Finding]:
    if Path(settings.MEDIA_ROOT, name).exists():  # stored since
        return
    if not field.model._base_manager.filter(**{"pk": pk, field.name: name}).exists():  # changed since
        return
    subject = f"{field.model._meta.verbose_name} {pk}"
    what = _("Its file %(name)s is gone.") % {"name": name}
    yield Finding("file_missing", Severity.ERROR, subject, what, _("Restore the data folder from a backup."))


def _unnamed(stored: Stored, named: set[str], ours: set[str]) -> Iterator[Finding]:
    """Files of nobody that are older than a day; of a younger one the row may still come."""
    old = time() - OLD_S
    waiting = names_being_stored()
    for name in sorted(stored.mtimes.keys() - named - waiting):
        if stored.mtimes[name] > old:
            continue
        if _folder_of(name) in ours:
            what = _("No row names this file; it was left over.")
            remedy = _("Move it out of the way: manage.py doctor --mend")
            yield Finding(
                "file_without_row", Severity.WARNING, name, what, remedy, partial(_moved_away, name)
            )
        else:
            what = _("It lies among the site's files and is not one of them.")
            yield Finding("foreign_file", Severity.NOTE, name, what)


def _moved_away(name: str) -> Text:
    if named_in_rows([name]):
        raise Refused(_("A row names it by now."))
    day = datetime.now(UTC).date().isoformat()
    target = Path(settings.DATA_DIR, LEFT_OVER, day, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(Path(settings.MEDIA_ROOT, name), target)
    return _("It was moved to %(place)s.") % {"place": str(target)}


def _folder_of(name: str) -> str:
    return name.split("/", 1)[0] if "/" in name else ""
