"""Photos and orthomosaics as the tests need them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import ExifTags, Image

UTM_37N = "EPSG:32637"
# Half a metre to the pixel; on the central meridian, so that its side on the ground is 0.5 / 0.9996 m.
NORTH_UP = Affine(0.5, 0, 500_000, 0, -0.5, 4_160_000)


@pytest.fixture
def geotiff(tmp_path) -> Callable[..., Path]:
    """Write a GeoTIFF (by default 3 bands of 40 x 60 px) and return its path."""

    def write(name: str = "mosaic.tif", *, pixels: np.ndarray | None = None, **changes: Any) -> Path:
        if pixels is None:
            pixels = np.random.default_rng(1).integers(1, 255, (3, 40, 60), dtype=np.uint8)
        mask = changes.pop("mask", None)
        overviews = changes.pop("overviews", None)
        domains = changes.pop("domains", {})
        rpcs = changes.pop("rpcs", None)
        meanings, palette = changes.pop("meanings", None), changes.pop("palette", None)
        profile = {
            "driver": "GTiff",
            "count": pixels.shape[0],
            "height": pixels.shape[1],
            "width": pixels.shape[2],
            "dtype": pixels.dtype,
            "crs": UTM_37N,
            "transform": NORTH_UP,
            **({"photometric": "rgb"} if pixels.shape[0] in (3, 4) and not meanings else {}),
            **({"alpha": "yes"} if pixels.shape[0] == 4 and not meanings else {}),
            **({"photometric": "minisblack", "alpha": "no"} if meanings else {}),
        } | changes
        if gcps := profile.pop("gcps", None):
            profile |= {"gcps": gcps[0], "crs": gcps[1]}
        with (
            rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
            rasterio.open(tmp_path / name, "w", **profile) as file,
        ):
            if meanings:
                file.colorinterp = meanings
            if rpcs:
                file.rpcs = rpcs
            if palette:
                file.write_colormap(1, palette)
            file.write(pixels)
            if mask is not None:
                file.write_mask(mask)
            if overviews:
                file.build_overviews(overviews)
            for domain, items in domains.items():
                file.update_tags(ns=domain, **items)
        return tmp_path / name

    return write


@pytest.fixture
def photo(tmp_path) -> Callable[..., Path]:
    """Write a photo (by default 80 x 60 px) with EXIF and DJI's XMP, and return its path."""

    def write(
        name: str = "DJI_0001.JPG",
        *,
        pixels: np.ndarray | None = None,
        gps: dict[int, Any] | None = None,
        details: dict[int, Any] | None = None,
        orientation: int = 1,
        xmp: dict[str, str] | None = None,
    ) -> Path:
        if pixels is None:
            pixels = np.random.default_rng(len(name)).integers(0, 255, (60, 80, 3), dtype=np.uint8)
        exif = Image.Exif()
        exif[ExifTags.Base.Make] = "DJI"
        exif[ExifTags.Base.Model] = "FC3170"
        exif[ExifTags.Base.Orientation] = orientation
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
        exif.get_ifd(ExifTags.IFD.Exif).update(details or {})
        values = " ".join(f'drone-dji:{key}="{value}"' for key, value in (xmp or {}).items())
        kind = {"exif": exif}
        if name.lower().endswith((".jpg", ".jpeg")):
            kind["xmp"] = f"<x:xmpmeta><rdf:Description {values}/></x:xmpmeta>".encode()
        Image.fromarray(pixels).save(tmp_path / name, **kind)
        return tmp_path / name

    return write
