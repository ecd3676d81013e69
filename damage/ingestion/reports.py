"""Taking many files in, and what is reported of each; one bad file never stops the others."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Unpack

from damage.disk import trouble_explained
from damage.errors import Refused
from damage.file_names import shown_name
from damage.ingestion.decoder import Decoder
from damage.ingestion.folders import Kind, images_in
from damage.ingestion.services import Ingested, Told, photo_steps
from damage.ingestion.side_by_side import Steps, at_once, finished, side_by_side
from damage.messages import Message, listed, sentences
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress

logger = logging.getLogger(__name__)
PASSED_OVER = {
    Kind.LINK_OUTSIDE: Refused(
        _("It is a link to a file outside the folder."), _("Name that file itself, or copy it here.")
    ),
    Kind.RAW: Refused(
        _("It is a raw photo."), _("Take the JPEG that the camera wrote beside it, or convert it to JPEG.")
    ),
    Kind.OTHER: Refused(_("This format is not read."), _("If it is a photo, convert it to JPEG.")),
}


@dataclass(frozen=True)
class FileReport:
    """What became of one file: `added`, `already` there, `refused` or `left_out` and why; and what is odd about it.

    `problems` are codes of `photo_problems`.
    """

    file: str
    status: str
    scene: int | None = None
    reason: str = ""
    note: str = ""
    problems: tuple[str, ...] = ()


def ingest_photos(
    paths: Iterable[Path], *, progress: Progress = no_progress, **told: Unpack[Told]
) -> list[FileReport]:
    """Take in photos, several at a time, each as `photo_steps` do; one that is refused does not stop the rest."""

    def reported_photo(path: Path, decoder: Decoder) -> Steps[FileReport]:
        return report_steps(shown_name(path), photo_steps(path, decoder, **told))

    return side_by_side([partial(reported_photo, path) for path in paths], progress)


def ingest_files(
    paths: Iterable[Path], ingest_one: Callable[[Path], Ingested], progress: Progress = no_progress
) -> list[FileReport]:
    """Take in each file; one that is refused does not stop the rest."""
    paths = list(paths)
    reports = []
    for done, path in enumerate(paths, start=1):
        reports.append(reported(shown_name(path), partial(ingest_one, path)))
        progress(done, len(paths))
    return reports


def photos_in(paths: Iterable[Path]) -> list[Path]:
    """The files named, and the photos below the folders named, in order."""
    return [found.path for found in images_in(paths) if found.kind == Kind.PHOTO]


def passed_over_in(paths: Iterable[Path]) -> list[FileReport]:
    """The images below the folders named that do not come in.

    Links to files outside are refused, whoever put them there; formats that are not read are left out.
    """
    return [
        FileReport(
            shown_name(found.path),
            "refused" if found.kind == Kind.LINK_OUTSIDE else "left_out",
            reason=str(PASSED_OVER[found.kind]),
        )
        for found in images_in(paths)
        if found.kind in PASSED_OVER
    ]


def reported(name: str, ingest: Callable[[], Ingested]) -> FileReport:
    """Take in a file, and say what became of it, whatever happens."""
    return finished(report_steps(name, at_once(ingest)))


def report_steps(name: str, steps: Steps[Ingested]) -> Steps[FileReport]:
    """Steps of taking in a file that come to what became of it, whatever happens."""
    try:
        with trouble_explained():
            ingested = yield from steps
    except Exception as error:  # noqa: BLE001 (whatever it is, the other files are not to wait for it)
        return FileReport(name, "refused", reason=str(refusal_of(error, name)))
    return FileReport(
        name,
        "already" if ingested.already else "added",
        scene=ingested.scene.pk,
        note=str(notes_of(ingested)),
    )


def refusal_of(error: Exception, name: str) -> Message:
    """Why a file was not taken in, for people; what nobody foresaw is logged."""
    if isinstance(error, Refused):
        return error.message
    if isinstance(error, OSError):  # the file was taken away while it was read
        return _("It cannot be read or stored (%(why)s).") % {"why": error}
    logger.error("%s was not taken in", name, exc_info=error)
    reason = _("Something unforeseen went wrong (%(kind)s: %(words)s).") % {
        "kind": type(error).__name__,
        "words": str(error)[:300],
    }
    return sentences(reason, _("Tell those who look after Damage."))


def notes_of(ingested: Ingested) -> Message:
    """What is odd about an image that came in beside its quality, for people; empty where nothing is."""
    notes = [_("undated")] if ingested.scene.captured_at is None else []
    return listed(*notes, *ingested.warnings)
