"""The ground of photos that came in before it was looked at, by their cameras."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from damage.batches import write_in_batches
from damage.disk import trouble_explained
from damage.ingestion.decoding import decode_photo_facts
from damage.ingestion.footprints import camera_ground
from damage.ingestion.models import GroundSource, Scene
from damage.ingestion.reports import refusal_of
from damage.ingestion.scene_places import GROUND_FIELDS, set_ground
from damage.ingestion.scene_sources import checked_path
from damage.messages import Message
from damage.work.progress import Progress, no_progress


@dataclass
class CameraGrounds:
    """Photos whose ground is known now, those that do not tell it, and those that could not be read, with why."""

    placed: list[Scene] = field(default_factory=list)
    unknown: int = 0
    refused: dict[int, Message] = field(default_factory=dict)


def place_by_cameras(photos: Sequence[Scene], progress: Progress = no_progress) -> CameraGrounds:
    """Find the ground of photos by their EXIF and XMP; one that cannot be read does not stop the rest."""
    found = CameraGrounds()
    for done, scene in enumerate(photos, start=1):
        try:
            with trouble_explained():
                facts = decode_photo_facts(checked_path(scene))
        except Exception as error:  # noqa: BLE001 (whatever it is, the others are not to wait for it)
            found.refused[scene.pk] = refusal_of(error, scene.name)
        else:
            ground = camera_ground(facts, width_px=scene.width_px, height_px=scene.height_px)
            set_ground(scene, ground, GroundSource.CAMERA)
            found.placed += [scene] if ground else []
            found.unknown += not ground
        progress(done, len(photos))
    write_in_batches(found.placed, _save)
    return found


def _save(scenes: Sequence[Scene]) -> None:
    with transaction.atomic():
        for scene in scenes:
            scene.save(update_fields=GROUND_FIELDS)
