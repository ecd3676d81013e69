"""Where on earth the pixels of a scene lie: by a mosaic's georeference, or by what is known of a photo's camera."""

from collections.abc import Sequence

import numpy as np

from damage.ingestion.footprints import Ground, photo_lonlat
from damage.ingestion.georeference import box_ring_4326, lonlat
from damage.ingestion.models import GroundSource, Scene


def scene_lonlat(scene: Scene, x_px: np.ndarray, y_px: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Longitude and latitude of positions in scene pixels; None for a photo whose ground is unknown."""
    if scene.transform:
        return lonlat(x_px, y_px, transform=scene.transform, crs_wkt=scene.crs_wkt)
    if scene.ground_corners_4326:
        return photo_lonlat(
            x_px,
            y_px,
            corners_4326=scene.ground_corners_4326,
            width_px=scene.width_px,
            height_px=scene.height_px,
        )
    return None


def square_lonlat(
    scene: Scene, x_px: int, y_px: int, size_px: int
) -> tuple[float, float] | tuple[None, None]:
    """Longitude and latitude of the centre of a square; None for both where the ground is unknown."""
    place = scene_lonlat(scene, np.array(x_px + size_px / 2), np.array(y_px + size_px / 2))
    return (float(place[0]), float(place[1])) if place else (None, None)


def box_ring(scene: Scene, box: Sequence[int]) -> list[tuple[float, float]] | None:
    """A box's outline on the ground as a closed ring of five (lon, lat); None where the ground is unknown."""
    if scene.transform:
        return box_ring_4326(box, transform=scene.transform, crs_wkt=scene.crs_wkt)
    x, y, width, height = box
    corners = np.array([(x, y + height), (x + width, y + height), (x + width, y), (x, y)])
    place = scene_lonlat(scene, corners[:, 0], corners[:, 1])
    if place is None:
        return None
    ring = [(round(float(lon), 7), round(float(lat), 7)) for lon, lat in zip(*place, strict=True)]
    return [*ring, ring[0]]


def set_ground(scene: Scene, ground: Ground | None, source: GroundSource) -> None:
    """Note the ground of a photo on its row; the caller saves `GROUND_FIELDS`."""
    scene.ground_corners_4326 = ground and ground.corners_4326
    scene.footprint_4326 = ground and ground.footprint_4326
    scene.ground_source = source if ground else GroundSource.NONE


GROUND_FIELDS = ("ground_corners_4326", "footprint_4326", "ground_source")
