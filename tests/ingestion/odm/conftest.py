"""A folder as OpenDroneMap leaves it, of a flight whose geometry is known by hand.

Two photos of 80 x 60 px, taken straight down from 100 m above ground at 1000 m, with a focal length of 24/36 of the
picture's width: 150 m of ground across and 112.5 m along, 1.875 m to the pixel. UTM 37N, near its central meridian.
"""

import json
from collections.abc import Callable
from math import pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import ExifTags, Image
from pyproj import Transformer

from damage.ingestion.exif_values import number

UTM = Transformer.from_crs("EPSG:32637", "EPSG:4326", always_xy=True)
GROUND_M, HEIGHT_M = 1000.0, 100.0
# Where the cameras were, in UTM.
CAMERAS = {"DJI_0001.JPG": (500_100.0, 4_159_900.0), "DJI_0002.JPG": (500_180.0, 4_159_900.0)}
NORTH_UP = (pi, 0.0, 0.0)  # half a turn about east: the lens looks down, the top of the picture points north
# Half a turn about the direction n between east and south takes v to 2 (v n) n - v, which is east to up in the picture,
# (0, -1, 0) of the camera.
EAST_UP = (pi / sqrt(2), -pi / sqrt(2), 0.0)
TAKEN = 1_675_850_400.0  # 2023-02-08T10:00:00Z


def lonlat_of(name: str) -> tuple[float, float]:
    lon, lat = UTM.transform(*CAMERAS[name])
    return lon, lat


def write_photo(path: Path, *, lonlat: tuple[float, float] | None, seed: int, orientation: int = 1) -> Path:
    """A photo whose EXIF tells its position and no more."""
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 80, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    if lonlat:
        place = [(int(degree), (degree - int(degree)) * 60, 0.0) for degree in lonlat]
        assert all(number(part) is not None for parts in place for part in parts)
        exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: place[1], 3: "E", 4: place[0]})
    path.parent.mkdir(exist_ok=True, parents=True)
    Image.fromarray(pixels).save(path, exif=exif)
    return path


def shot(name: str, *, rotation: tuple[float, ...] = NORTH_UP, **properties: Any) -> dict[str, Any]:
    """A feature of shots.geojson, as opendm/shots.py writes it."""
    east, north = CAMERAS.get(name, CAMERAS["DJI_0001.JPG"])
    return {
        "type": "Feature",
        "properties": {
            "filename": name,
            "camera": "v2 dji fc3170 80 60 brown 0.6666",
            "focal": 24 / 36,
            "width": 80,
            "height": 60,
            "capture_time": TAKEN,
            "translation": [east, north, GROUND_M + HEIGHT_M],
            "rotation": list(rotation),
            **properties,
        },
        "geometry": {"type": "Point", "coordinates": [*UTM.transform(east, north), GROUND_M + HEIGHT_M]},
    }


def write_raster(path: Path, pixels: np.ndarray, **changes: Any) -> Path:
    """Pixels (bands, H, W) of 2 m, from 200 m west and 100 m north of the first camera."""
    path.parent.mkdir(exist_ok=True, parents=True)
    profile = {
        "driver": "GTiff", "count": pixels.shape[0], "height": pixels.shape[1], "width": pixels.shape[2],
        "dtype": pixels.dtype, "crs": "EPSG:32637", "transform": Affine(2, 0, 499_900, 0, -2, 4_160_000),
    }  # fmt: skip
    with rasterio.open(path, "w", **profile | changes) as file:
        file.write(pixels)
    return path


def statistics(mean_height_m: float) -> dict[str, Any]:
    """odm_report/stats.json, with what `pdal info` says of the point cloud."""
    means = {"X": 500_100.0, "Y": 4_159_900.0, "Z": mean_height_m}
    statistic = [
        {"name": name, "average": mean, "position": i} for i, (name, mean) in enumerate(means.items())
    ]
    return {
        "processing_statistics": {"date": "08/02/2023 at 12:00:00"},
        "point_cloud_statistics": {"stats": {"bbox": {}, "statistic": statistic}, "dense": True},
        "odm_processing_statistics": {"average_gsd": 187.5},
    }


@pytest.fixture
def project(tmp_path) -> Callable[..., Path]:
    """Write a project's folder: `shots` are its features; what is None is left out."""

    def write(
        *,
        shots: Any = None,
        ground_m: float | None = GROUND_M,
        mean_height_m: float | None = 990.0,
        has_images: bool = True,
        has_orthophoto: bool = True,
        cameras: Any = None,
    ) -> Path:
        folder = tmp_path / "flight"
        (folder / "odm_report").mkdir(parents=True)
        if has_orthophoto:
            pixels = np.random.default_rng(1).integers(1, 255, (3, 120, 240), dtype=np.uint8)
            write_raster(folder / "odm_orthophoto" / "odm_orthophoto.tif", pixels, photometric="rgb")
        if ground_m is not None:
            write_raster(folder / "odm_dem" / "dsm.tif", np.full((1, 120, 240), ground_m, np.float32))
        if mean_height_m is not None:
            (folder / "odm_report" / "stats.json").write_text(json.dumps(statistics(mean_height_m)))
        if cameras is not None:
            (folder / "cameras.json").write_text(json.dumps(cameras))
        features = [shot(name) for name in CAMERAS] if shots is None else shots
        collection = {"type": "FeatureCollection", "features": features}
        (folder / "odm_report" / "shots.geojson").write_text(json.dumps(collection))
        if has_images:
            for seed, name in enumerate(CAMERAS):
                write_photo(folder / "images" / name, lonlat=lonlat_of(name), seed=seed)
        return folder

    return write
