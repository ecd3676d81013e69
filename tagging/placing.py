"""Crops of photos whose ground came to be known, or is known better, get their place anew."""

from collections.abc import Iterable, Sequence

from damage.batches import write_in_batches
from damage.ingestion.models import Scene
from damage.ingestion.scene_places import square_lonlat
from tagging.models import Crop


def place_crops(scenes: Iterable[Scene]) -> int:
    """Give the scenes' crops their longitude and latitude; how many. What a list told of imported ones stays."""
    crops = []
    for scene in scenes:
        for crop in Crop.objects.filter(scene=scene, source_name=""):
            crop.lon, crop.lat = square_lonlat(scene, crop.x_px or 0, crop.y_px or 0, crop.size_px)
            crops.append(crop)
    write_in_batches(crops, _save)
    return len(crops)


def _save(crops: Sequence[Crop]) -> None:
    Crop.objects.bulk_update(crops, ["lon", "lat"])
