"""Scenes whose source is gone or another, and whose view does not show them."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from damage.disk import trouble_of
from damage.doctor.findings import Finding, Severity
from damage.errors import Refused, Text
from damage.ingestion.models import Scene
from damage.ingestion.opening import is_tiff
from damage.ingestion.rasters import squares_of
from damage.ingestion.scene_sources import changed, known_facts
from damage.ingestion.services import make_view, note_source
from damage.ingestion.source_facts import is_unchanged
from damage.ingestion.tiff_structure import check_whole
from damage.ingestion.view_checks import check_view
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress

# With these a view cannot be written from the source.
UNSOUND = frozenset({"source_missing", "source_changed", "source_truncated"})
SCENES_AT_ONCE = 200
logger = logging.getLogger(__name__)


def scene_findings(*, thorough: bool = False, progress: Progress = no_progress) -> Iterator[Finding]:
    """What is wrong with each scene; one that cannot even be looked at is a finding too, and the next has its turn.

    Decodes hardly more than each view's coarsest overview; with `thorough` every view whole, and every source is read
    for its digest. Scenes from before their source's facts were written down get them, where it is as large as it was.
    """
    total = Scene.objects.count()
    for done, scene in enumerate(_all_scenes(), start=1):
        try:
            yield from _findings_of(scene, thorough=thorough)
        except Exception as error:  # whatever it is, the other scenes are to be looked at all the same
            logger.exception("Scene %s could not be looked at", scene.pk)
            yield _finding(scene, "scene_not_checked", trouble_of(error) or _of_kind(error))
        progress(done, total)


def _all_scenes() -> Iterator[Scene]:
    """All scenes, some at a time: no question to the database stays open while files are looked at."""
    scenes, last = Scene.objects.defer("crs_wkt", "footprint_4326").order_by("pk"), 0
    while some := list(scenes.filter(pk__gt=last)[:SCENES_AT_ONCE]):
        yield from some
        last = some[-1].pk


def _findings_of(scene: Scene, *, thorough: bool) -> Iterator[Finding]:
    source = list(_source_findings(scene, thorough=thorough))
    yield from source
    is_source_sound = not any(finding.check in UNSOUND for finding in source)
    try:
        _check_view(scene, thorough=thorough, is_source_sound=is_source_sound)
    except Refused as broken:
        mend = partial(_written_again, scene) if is_source_sound else None
        remedy = (
            _("Write it again: manage.py doctor --mend")
            if is_source_sound
            else _("Put its source right first, then: manage.py doctor --mend")
        )
        yield _finding(scene, "view_broken", Refused(broken.reason, remedy), mend=mend)


def _source_findings(scene: Scene, *, thorough: bool) -> Iterator[Finding]:
    path = scene.path
    if not path.is_file():
        gone = _("%(name)s is no longer where it was when the scene was taken in.") % {"name": path.name}
        remedy = _("Put it back: %(path)s") % {"path": str(path)}
        yield _finding(scene, "source_missing", Refused(gone, remedy))
        return
    known = known_facts(scene)
    is_same = path.stat().st_size == scene.size_bytes if known is None else is_unchanged(path, known)
    if not is_same or (thorough and _sha256(path) != scene.sha256):
        yield _finding(scene, "source_changed", changed(scene))
        return
    if known is None:
        _note(scene)
    elif path.stat().st_mtime_ns != known.mtime_ns:
        what = _("Its source was written anew or copied back; its size and both its ends are the same.")
        remedy = _("Have all of it compared: manage.py doctor --mend")
        finding = _finding(scene, "source_touched", Refused(what, remedy), mend=partial(_compared, scene))
        finding.severity = Severity.NOTE
        yield finding
    if is_tiff(path):
        try:
            check_whole(path)
        except Refused as truncated:
            yield _finding(scene, "source_truncated", truncated)


def _check_view(scene: Scene, *, thorough: bool, is_source_sound: bool) -> None:
    """Raise `Refused` where the scene's view is missing or broken."""
    if not scene.view_file:
        raise Refused(_("It has no view."))
    view = Path(scene.view_file.path)
    if not view.is_file():
        raise Refused(_("The file of its view is gone."))
    check = partial(check_view, view, width_px=scene.width_px, height_px=scene.height_px)
    shows_something = check(thorough=thorough)
    if is_source_sound and (thorough or not shows_something):
        with ExitStack() as stack:
            like = stack.enter_context(squares_of(scene.path, orientation=scene.exif_orientation))
            check(like=like)


def _written_again(scene: Scene) -> Text:
    make_view(scene)
    return _("Its view was written again.")


def _compared(scene: Scene) -> Text:
    if _sha256(scene.path) != scene.sha256:
        raise changed(scene)
    _note(scene)
    return _("All of it is the same.")


def _note(scene: Scene) -> None:
    note_source(scene)
    scene.save(update_fields=["source_mtime_ns", "source_ends_sha256"])


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _finding(
    scene: Scene, check: str, problem: Refused, *, mend: Callable[[], Text] | None = None
) -> Finding:
    subject = _("scene %(scene)s (%(name)s)") % {"scene": scene.pk, "name": scene.name}
    # What an admin has taken out of use harms nobody.
    severity = Severity.NOTE if scene.is_quarantined else Severity.ERROR
    return Finding(check, severity, subject, problem.reason, problem.remedy, mend)


def _of_kind(error: Exception) -> Refused:
    return Refused(
        _("It could not be looked at (%(kind)s: %(words)s).")
        % {"kind": type(error).__name__, "words": str(error)[:300]},
        _("Tell those who look after Damage."),
    )
