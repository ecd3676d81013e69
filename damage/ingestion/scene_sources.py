"""From a scene's row to where its pixels are read, where the file there is still the one that was taken in."""

from pathlib import Path

from damage.errors import FileUnreadable
from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.reading import Source
from damage.ingestion.source_facts import SourceFacts, is_unchanged
from damage.messages import Message as _

INGEST_COMMANDS = {SceneKind.MOSAIC: "ingest_mosaic", SceneKind.PHOTO: "ingest_photos"}


class SourceChanged(FileUnreadable):
    """Another file lies where the scene's source was, or it was changed."""


def source_of(scene: Scene) -> Source:
    """Where the scene's pixels are read: in the imagery as it came, a photo as it is shown. Raises `SourceChanged`."""
    path = checked_path(scene)
    return Source(str(path), scene.exif_orientation if scene.kind == SceneKind.PHOTO else None)


def checked_path(scene: Scene) -> Path:
    """The path of the imagery as it came; raises `SourceChanged`. That it is gone is told by whoever reads it."""
    path = scene.path
    known = known_facts(scene)
    try:
        is_same = known is None or is_unchanged(path, known)
    except FileNotFoundError:
        return path
    if not is_same:
        raise changed(scene)
    return path


def known_facts(scene: Scene) -> SourceFacts | None:
    """What the row knows of its source; None for scenes that came in before it was written down."""
    if scene.source_mtime_ns is None:
        return None
    return SourceFacts(scene.size_bytes, scene.source_mtime_ns, scene.source_ends_sha256)


def changed(scene: Scene) -> SourceChanged:
    """The refusal of a scene whose source is another than the one that was taken in."""
    return SourceChanged(
        _("%(name)s was replaced or changed after it was taken in as scene %(scene)s.")
        % {"name": scene.name, "scene": scene.pk},
        _(
            "An admin puts the file back as it was; or takes in the present one as a scene of its own "
            "(manage.py %(command)s) and takes this one out of use (manage.py quarantine --scene %(scene)s)."
        )
        % {"command": INGEST_COMMANDS[SceneKind(scene.kind)], "scene": scene.pk},
    )
