"""Scripts, styles and pictures of the pages, collected for a real site under names that tell their content."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import CommandError

from damage.environment import BASE_DIR, BadSetting

MANIFEST = "staticfiles.json"


def collect_where_needed(tell: Callable[[str], None]) -> None:
    """Collect them when they changed since; in development they are served from where they lie."""
    if settings.DEBUG:
        return
    if not any((BASE_DIR / "static" / "dist").glob("*")):
        raise CommandError(
            "The pages' scripts are not built. Run: make demo SERVE=0, or npm ci && npm run build"
        )
    root = _root()
    digest_file = root.with_suffix(".sha256")
    digest = _digest_of_sources()
    if (root / MANIFEST).is_file() and digest_file.is_file() and digest_file.read_text() == digest:
        return
    tell("Collecting the pages' scripts, styles and pictures ...")
    try:
        call_command("collectstatic", interactive=False, verbosity=0)
        digest_file.write_text(digest)
    except OSError as error:
        raise CommandError(
            f"{root} cannot be written ({error.strerror}). Let this account write there, or run "
            "manage.py collectstatic with one that can."
        ) from error


def refuse_uncollected() -> None:
    """Raise `BadSetting` where every page of a real site would fail."""
    if not settings.DEBUG and not (_root() / MANIFEST).is_file():
        raise BadSetting(
            "The pages' scripts, styles and pictures are not collected. Run: manage.py collectstatic"
        )


def _root() -> Path:
    return Path(str(settings.STATIC_ROOT))


def _digest_of_sources() -> str:
    """Of the names, sizes and times of all files that would be collected."""
    sources = []
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            sources.append((name, status.st_size, status.st_mtime_ns))
    return sha256(json.dumps(sources).encode()).hexdigest()
