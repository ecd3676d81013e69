"""Crops of photos whose ground came to be known, or is known better, get their place anew."""

from collections.abc import Iterable, Sequence

from damage.batches import write_in_batches
from damage.ingestion.models import Scene
from damage.ingestion.scene_places import square_lonlat
from tagging.models import Crop


def place_crops(photos: Iterable[Scene]) -> int:
    """Give the photos' crops the longitude and latitude of their ground; how many had another.

    What a list told of imported ones stays.
    """
    moved = []
    for photo in photos:
        for crop in Crop.objects.filter(scene=photo, source_name="").only(
            "x_px", "y_px", "size_px", "lon", "lat"
        ):
            lon, lat = square_lonlat(photo, crop.x_px or 0, crop.y_px or 0, crop.size_px)
            if (crop.lon, crop.lat) != (lon, lat):
                crop.lon, crop.lat = lon, lat
                moved.append(crop)
    write_in_batches(moved, _save)
    return len(moved)


def _save(crops: Sequence[Crop]) -> None:
    Crop.objects.bulk_update(crops, ["lon", "lat"])
