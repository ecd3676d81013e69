"""From a scene's row to where its pixels are read."""

from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.reading import Source


def source_of(scene: Scene) -> Source:
    """Where the scene's pixels are read: in the imagery as it came, a photo as it is shown."""
    return Source(str(scene.path), scene.exif_orientation if scene.kind == SceneKind.PHOTO else None)
