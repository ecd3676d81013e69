import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from pyproj import Transformer
from rasterio.windows import Window
from rio_cogeo import cog_validate

from damage.errors import Refused
from damage.ingestion.viewing import write_mosaic_view, write_photo_view
from tests.ingestion.conftest import NORTH_UP

ROOT = Path(__file__).parents[2]
SOUTH_UP = Affine(0.5, 0, 500_000, 0, 0.5, 4_160_000)


@pytest.fixture
def patch():
    """3 x 600 x 800: grey 100, and red in its top left quarter."""
    pixels = np.full((3, 600, 800), 100, np.uint8)
    pixels[:, :300, :400] = np.array([200, 0, 0], np.uint8)[:, None, None]
    return pixels


@pytest.mark.parametrize("transform", [NORTH_UP, SOUTH_UP, NORTH_UP @ Affine.rotation(30)])
def test_the_view_of_a_mosaic_keeps_its_pixels_and_its_place(geotiff, tmp_path, patch, transform):
    write_mosaic_view(geotiff(pixels=patch, transform=transform), tmp_path / "view.tif")
    assert cog_validate(tmp_path / "view.tif")[0]
    with rasterio.open(tmp_path / "view.tif") as view:
        assert view.shape == (600, 800)
        assert view.transform.almost_equals(transform)
        assert view.overviews(1) == [2, 4]
        red, _, blue = view.read(window=Window(0, 0, 400, 300)).astype(int)
        assert abs(red[20:280, 20:380] - 200).max() <= 4
        assert blue[20:280, 20:380].max() <= 4
        assert abs(view.read(1).astype(int)[320:, 420:] - 100).max() <= 4


@pytest.mark.parametrize("how", ["nodata", "alpha", "mask"])
def test_the_view_of_a_mosaic_has_its_holes(geotiff, tmp_path, patch, how):
    mask = np.full((600, 800), 255, np.uint8)
    mask[:, 500:] = 0
    if how == "nodata":
        path = geotiff(pixels=np.where(mask, patch, 7), nodata=7)
    elif how == "alpha":
        path = geotiff(pixels=np.concatenate([patch, mask[None]]))
    else:
        path = geotiff(pixels=patch, mask=mask)
    write_mosaic_view(path, tmp_path / "view.tif")
    with rasterio.open(tmp_path / "view.tif") as view:
        assert view.count == 3
        assert (view.dataset_mask() == mask).all()
        assert (view.dataset_mask(out_shape=(150, 200)) == mask[::4, ::4]).all()


def test_a_photo_gets_a_view_of_what_is_shown(tmp_path, patch):
    write_photo_view(Image.fromarray(patch.transpose(1, 2, 0)), tmp_path / "view.tif")
    assert cog_validate(tmp_path / "view.tif")[0]
    with rasterio.open(tmp_path / "view.tif") as view:
        assert (view.shape, view.block_shapes[0], view.overviews(1)) == ((600, 800), (256, 256), [2, 4])
        assert abs(view.read(1).astype(int)[:280, :380] - 200).max() <= 4


def test_pixels_that_cannot_be_decoded_are_refused(geotiff, tmp_path):
    pixels = np.random.default_rng(3).integers(0, 255, (3, 600, 800), dtype=np.uint8)
    path = geotiff(pixels=pixels, compress="lzw", tiled=True, blockxsize=256, blockysize=256)
    broken = bytearray(path.read_bytes())
    broken[len(broken) // 2 : len(broken) // 2 + 2000] = bytes(2000)
    path.write_bytes(broken)
    with pytest.raises(Refused, match="cannot be read"):
        write_mosaic_view(path, tmp_path / "view.tif")


def test_the_first_tiles_of_a_map_may_be_drawn_at_once(geotiff, tmp_path, patch):
    """A page asks for all its tiles at once, and threads that import a library together find it half made."""
    view = tmp_path / "view.tif"
    write_mosaic_view(geotiff(pixels=patch, transform=NORTH_UP), view)
    to_mercator = Transformer.from_crs("EPSG:32637", "EPSG:3857", always_xy=True)
    east, north = to_mercator.transform(*(NORTH_UP @ (400, 300)))
    half_world, tile_m = 20_037_508.342789244, 2 * 20_037_508.342789244 / 2**17
    place = (17, int((east + half_world) / tile_m), int((half_world - north) / tile_m))
    drawn = subprocess.run(
        [sys.executable, "-m", "tests.ingestion.first_tiles", str(view), *map(str, place)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "damage.settings"},
        check=True,
        capture_output=True,
        text=True,
    )
    report = json.loads(drawn.stdout)
    assert (report["tiles"], report["different"]) == (8, 1)
    assert {"rio_tiler", "rasterio", "numpy", "PIL", "morecantile"}.isdisjoint(report["late"])
