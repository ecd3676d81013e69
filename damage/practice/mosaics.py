"""Orthomosaics of a practice town: GeoTIFF in UTM with a ragged border. Pure."""

from pathlib import Path

import numpy as np
import rasterio
from PIL import Image, ImageDraw, ImageFilter

from damage.practice.plan import BORDER_M
from damage.practice.sites import EPSG, Site

JPEG_QUALITY = 90
SOFTNESS_PX = 0.5  # a mosaic is made of resampled photos


def write_mosaic(path: Path, town: np.ndarray, gsd_m: float, site: Site, *, seed: int) -> None:
    """Store a town's picture as an orthomosaic: JPEG in tiles, what was not flown masked out."""
    size_px = town.shape[0]
    flown = flown_area(size_px, gsd_m, seed=seed)
    soft = np.array(Image.fromarray(town).filter(ImageFilter.GaussianBlur(SOFTNESS_PX)))
    soft[~flown] = 0
    profile = {
        "driver": "GTiff",
        "dtype": "uint8",
        "count": 3,
        "width": size_px,
        "height": size_px,
        "crs": f"EPSG:{EPSG}",
        "transform": site.transform(gsd_m),
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "JPEG",
        "photometric": "YCBCR",
        "JPEG_QUALITY": JPEG_QUALITY,
    }
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", **profile) as mosaic:
        mosaic.write(np.moveaxis(soft, 2, 0))
        mosaic.write_mask(flown)


def flown_area(size_px: int, gsd_m: float, *, seed: int) -> np.ndarray:
    """Where there is a picture, bool (size, size): all but a ragged border of less than `BORDER_M`."""
    rng = np.random.default_rng(seed)
    count = 30
    depths_m = rng.uniform(0.15, 0.9, (4, count)) * BORDER_M
    along = np.linspace(0.02, 0.98, count) * size_px
    inward = depths_m / gsd_m
    corners = [
        *zip(along, inward[0], strict=True),
        *zip(size_px - inward[1], along, strict=True),
        *zip(along[::-1], size_px - inward[2], strict=True),
        *zip(inward[3], along[::-1], strict=True),
    ]
    image = Image.new("1", (size_px, size_px), 0)
    ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in corners], fill=1)
    return np.array(image)
