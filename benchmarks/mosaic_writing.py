"""Writes an orthomosaic as large as a town's, of one picture mirrored over and over. Pure.

The shape is that of the thesis's mosaic of Juchitán, the border slants as a flight does that was not flown north-up.
"""

from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from PIL import Image, ImageDraw
from rasterio.enums import Resampling

from damage.practice.draw import town_image
from damage.practice.layout import town_plan
from damage.practice.looks import town_look
from damage.practice.textures import textures
from damage.work.progress import Progress, no_progress

JUCHITAN_PX = (42_375, 28_831)
EPSG, WEST_M, NORTH_M = 32615, 240_000.0, 1_820_000.0
GSD_M = 0.07
TILE_PX = 512
JPEG_QUALITY = 85
OVERVIEWS = (2, 4, 8, 16, 32, 64)
CACHE_BYTES = 256 * 2**20
PICTURE_M = 230.0
# How far along each side of the mosaic the flown area's corner lies; the teeth of its edge, and their greatest depth.
SLANT = 0.085
TEETH, TEETH_DEPTH = 24, 0.012
REAL_TILE = "mosaics/kampala_a_oam_7cm.tif"


@dataclass(frozen=True)
class MosaicFacts:
    """What a mosaic is like."""

    width_px: int
    height_px: int
    gsd_m: float
    tile_px: int
    compression: str
    nodata_share: float
    size_mb: float
    overviews: list[int]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def mpx(self) -> float:
        return self.width_px * self.height_px / 1e6

    @property
    def valid_mpx(self) -> float:
        return self.mpx * (1 - self.nodata_share)


def size_of(gpx: float) -> tuple[int, int]:
    """Width and height of a mosaic of so many billion pixels, in the shape of Juchitán's."""
    width, height = JUCHITAN_PX
    if round(width * height / 1e9, 2) == gpx:
        return JUCHITAN_PX
    side = sqrt(gpx * 1e9 / (width * height))
    return max(1, round(width * side)), max(1, round(height * side))


def practice_picture(*, seed: int = 1, size_m: float = PICTURE_M) -> np.ndarray:
    """A practice town after the earthquake from above, uint8 (side, side, 3)."""
    rng = np.random.default_rng(seed)
    pattern = textures(rng, gsd_m=GSD_M)
    look = town_look(rng, 0)
    return town_image(town_plan(rng, look, size_m=size_m), look, pattern, seed=seed)


def real_picture(data: Path) -> np.ndarray:
    """A real mosaic of the developers' folder, of nearly the same ground sample distance."""
    with rasterio.open(data / REAL_TILE) as dataset:
        return np.ascontiguousarray(dataset.read((1, 2, 3)).transpose(1, 2, 0))


def write_big_mosaic(
    path: Path,
    picture: np.ndarray,
    *,
    size_px: tuple[int, int],
    seed: int = 1,
    progress: Progress = no_progress,
) -> None:
    """Write the mosaic row by row of tiles, then its overviews: whole or not at all, in little memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".unfinished-{path.name}")
    with rasterio.Env(
        GDAL_TIFF_INTERNAL_MASK=True,
        GDAL_NUM_THREADS="ALL_CPUS",
        GDAL_CACHEMAX=CACHE_BYTES,
        JPEG_QUALITY_OVERVIEW=JPEG_QUALITY,
    ):
        _write_strips(unfinished, picture, size_px, seed, progress)
        with rasterio.open(unfinished, "r+") as dataset:
            dataset.build_overviews([f for f in OVERVIEWS if min(size_px) >= f * 16], Resampling.average)
    unfinished.replace(path)


def read_facts(path: Path) -> MosaicFacts:
    """What the mosaic that was written is like, from the file itself."""
    with rasterio.open(path) as dataset:
        return MosaicFacts(
            width_px=dataset.width,
            height_px=dataset.height,
            gsd_m=dataset.res[0],
            tile_px=dataset.block_shapes[0][0],
            compression=f"{dataset.compression.value}, {dataset.photometric.value}",
            nodata_share=float(dataset.tags()["nodata_share"]),
            size_mb=round(path.stat().st_size / 1e6, 1),
            overviews=dataset.overviews(1),
        )


def flight_outline(*, seed: int) -> np.ndarray:
    """The flown area's outline (N, 2), as shares of the mosaic's width and height: slanted, with a ragged edge."""
    rng = np.random.default_rng(seed)
    corners = np.array([(SLANT, 0), (1, SLANT), (1 - SLANT, 1), (0, 1 - SLANT)])
    points = []
    for start, end in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inward = np.array([start[1] - end[1], end[0] - start[0]])
        for share in np.linspace(0, 1, TEETH, endpoint=False):
            depth = rng.uniform(0, TEETH_DEPTH)
            # Each flight line ends square to its course: two points of one depth.
            points += [start + (end - start) * one + inward * depth for one in (share, share + 0.9 / TEETH)]
    return np.array(points)


def _write_strips(
    path: Path, picture: np.ndarray, size_px: tuple[int, int], seed: int, progress: Progress
) -> None:
    width, height = size_px
    outline = flight_outline(seed=seed) * size_px
    columns = mirrored(np.arange(width), picture.shape[1])
    valid_px = 0
    with rasterio.open(path, "w", **_profile(width, height)) as dataset:
        for top in range(0, height, TILE_PX):
            rows = mirrored(np.arange(top, min(top + TILE_PX, height)), picture.shape[0])
            flown = _flown(outline, width, top, len(rows))
            strip = picture[rows[:, None], columns]
            strip[~flown] = 0
            window = rasterio.windows.Window(0, top, width, len(rows))
            dataset.write(strip.transpose(2, 0, 1), window=window)
            dataset.write_mask(flown, window=window)
            valid_px += int(flown.sum())
            progress(top + len(rows), height)
        dataset.update_tags(nodata_share=f"{1 - valid_px / (width * height):.6f}")


def _profile(width: int, height: int) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 3,
        "width": width,
        "height": height,
        "crs": f"EPSG:{EPSG}",
        "transform": Affine(GSD_M, 0, WEST_M, 0, -GSD_M, NORTH_M),
        "tiled": True,
        "blockxsize": TILE_PX,
        "blockysize": TILE_PX,
        "compress": "JPEG",
        "photometric": "YCBCR",
        "JPEG_QUALITY": JPEG_QUALITY,
        "BIGTIFF": "IF_SAFER",
    }


def mirrored(places: np.ndarray, length: int) -> np.ndarray:
    """Where in a picture of this length the places fall, when it is followed by its mirror image and so on."""
    there_and_back = places % (2 * length)
    return np.minimum(there_and_back, 2 * length - 1 - there_and_back)


def _flown(outline: np.ndarray, width: int, top: int, height: int) -> np.ndarray:
    """Which pixels of a strip are flown, bool (height, width)."""
    image = Image.new("1", (width, height), 0)
    ImageDraw.Draw(image).polygon([(float(x), float(y) - top) for x, y in outline], fill=1)
    return np.array(image)
