"""What is missing of the installation itself: libraries, built files, coordinate systems, room on the disk."""

import re
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from damage.database_trouble import MIGRATE, NOT_MIGRATED
from damage.disk import free_words
from damage.doctor.findings import Finding, Severity
from damage.environment import BASE_DIR
from damage.messages import Message as _

LEAST_FREE_BYTES = 2_000_000_000
INSTALL = _("Install what the project stands on: .venv/bin/pip install --require-hashes -r requirements.txt")
# What `make` builds beside the program, by what it is.
BUILT = {
    "static/dist": _("The pages' scripts and styles were not built."),
    "locale/es/LC_MESSAGES/django.mo": _("The Spanish texts were not compiled."),
}
# A line of the list of libraries; those that only some systems need have a condition after their version.
REQUIREMENT = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)\s*\\?$")


def database_findings() -> Iterator[Finding]:
    """Whether the database is of this version; if not, nothing in it can be looked at."""
    executor = MigrationExecutor(connections["default"])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Finding("database", Severity.ERROR, _("database"), NOT_MIGRATED, MIGRATE)


def installation_findings() -> Iterator[Finding]:
    """What is missing around the data."""
    yield from library_findings(BASE_DIR / "requirements.txt")
    for name, what in BUILT.items():
        if not (BASE_DIR / name).exists():
            yield Finding(
                "not_built",
                Severity.WARNING,
                name,
                what,
                _("Build it: make static/dist/.built locale/.compiled"),
            )
    yield from _projection_findings()
    yield from _room_findings()


def library_findings(requirements: Path) -> Iterator[Finding]:
    """Libraries that are missing, or of another version than the list says."""
    if not requirements.is_file():
        return
    for line in requirements.read_text().splitlines():
        wanted = REQUIREMENT.match(line)
        if wanted is None:
            continue
        try:
            present = version(wanted["name"])
        except PackageNotFoundError:
            what = _("It is not installed.")
            yield Finding("library", Severity.ERROR, wanted["name"], what, INSTALL)
            continue
        if present != wanted["version"]:
            what = _("Version %(present)s is installed, and %(wanted)s is tested.") % {
                "present": present,
                "wanted": wanted["version"],
            }
            yield Finding("library", Severity.NOTE, wanted["name"], what, INSTALL)


def _projection_findings() -> Iterator[Finding]:
    """PROJ finds no coordinate systems where another program's PROJ_DATA points elsewhere."""
    from pyproj import Transformer  # slow to import
    from pyproj.exceptions import ProjError

    try:
        Transformer.from_crs("EPSG:32637", "EPSG:4326").transform(500_000, 4_160_000)
    except ProjError as error:
        what = _("Coordinate systems cannot be worked with (%(words)s).") % {"words": error}
        remedy = _("Unset PROJ_DATA and PROJ_LIB, or install anew.")
        yield Finding("projections", Severity.ERROR, "PROJ", what, remedy)


def _room_findings() -> Iterator[Finding]:
    folder = Path(settings.DATA_DIR)
    if folder.is_dir() and shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
        what = _("Its disk is almost full: %(free)s are free.") % {"free": free_words(folder)}
        yield Finding("room", Severity.WARNING, str(folder), what, _("Make room."))
