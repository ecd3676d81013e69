"""Where a scene was fetched from: kept in the scene's own transaction."""

from dataclasses import dataclass
from datetime import datetime

from damage.ingestion.capture_time import is_believable
from damage.ingestion.models import FetchedSource, Scene


@dataclass(frozen=True)
class Origin:
    """The address of a file, the version that was fetched, and what the list said of it; see `FetchedSource`."""

    address: str
    etag: str = ""
    last_modified: str = ""
    taken: str = ""
    phase: str = ""

    @property
    def captured_at(self) -> datetime | None:
        """The moment at which the list says that it was taken; None for a mere day, or what cannot be true."""
        if "T" not in self.taken:
            return None
        moment = datetime.fromisoformat(self.taken)
        return moment if is_believable(moment) else None


def record_origin(scene: Scene, origin: Origin) -> None:
    """Keep where a stored scene came from; the same address again is the same row."""
    FetchedSource.objects.update_or_create(
        address=origin.address,
        scene=scene,
        defaults={
            "etag": origin.etag,
            "last_modified": origin.last_modified,
            "size_bytes": scene.size_bytes,
            "sha256": scene.sha256,
            "taken": origin.taken,
            "phase": origin.phase,
        },
    )
