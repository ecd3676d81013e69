"""Views of photos are written tile by tile without GDAL: other readers see in them what was put in."""

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.windows import Window
from rio_cogeo import cog_validate

from damage.ingestion.tiff_structure import read_blocks
from damage.ingestion.tiled_jpeg import write_tiled_jpeg

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
NEAR = 3  # levels that JPEG may change of an even colour


def written(tmp_path, pixels, *, tile_px=64, overviews=0):
    write_tiled_jpeg(Image.fromarray(pixels), tmp_path / "a.tif", tile_px=tile_px, overviews=overviews)
    return tmp_path / "a.tif"


def patches(rows, columns, *, side_px=64):
    """(rows * side, columns * side, 3): squares of one colour each, no two alike."""
    colours = np.random.default_rng(4).integers(20, 236, (rows, columns, 3), dtype=np.uint8)
    return colours.repeat(side_px, 0).repeat(side_px, 1)


def seen(path):
    with rasterio.open(path) as file:
        return file.read().transpose(1, 2, 0).astype(int)


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 9), (9, 1), (3, 5), (8, 4)])
def test_each_tile_is_in_its_place(tmp_path, rows, columns):
    pixels = patches(rows, columns)
    assert np.abs(seen(written(tmp_path, pixels)) - pixels).max() <= NEAR


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (63, 64), (65, 64), (64, 65), (130, 100), (5, 200)])
def test_sizes_that_are_no_multiples_of_tiles_keep_their_edges(tmp_path, size):
    """Beyond the edge JPEG needs something: were it black, the last rows and columns would be darker."""
    pixels = np.full((*size, 3), (200, 120, 220), np.uint8)
    shown = seen(written(tmp_path, pixels))
    assert shown.shape == pixels.shape
    assert np.abs(shown - pixels).max() <= NEAR


@pytest.mark.parametrize("kind", ["smooth", "grain"])
def test_pixels_are_as_near_as_in_what_gdal_writes_by_itself(tmp_path, kind):
    random = np.random.default_rng(5)
    clouds = random.integers(0, 255, (30, 40, 3), dtype=np.uint8)
    if kind == "smooth":
        pixels = np.asarray(Image.fromarray(clouds).resize((700, 500), Image.Resampling.BICUBIC))
    else:
        pixels = random.integers(100, 150, (500, 700, 3), dtype=np.uint8)
    form = {"driver": "GTiff", "width": 700, "height": 500, "count": 3, "dtype": "uint8", "tiled": True}
    form |= {"compress": "jpeg", "photometric": "ycbcr", "blockxsize": 256, "blockysize": 256}
    with rasterio.open(tmp_path / "gdal.tif", "w", **form) as file:
        file.write(pixels.transpose(2, 0, 1))
    paths = (written(tmp_path, pixels, tile_px=256), tmp_path / "gdal.tif")
    ours, gdals = (float(np.square(seen(path) - pixels).mean()) for path in paths)
    assert ours == pytest.approx(gdals, rel=0.05)


def test_overviews_are_means_of_what_is_below_them(tmp_path):
    pixels = patches(5, 3)[:298, :178]
    path = written(tmp_path, pixels, tile_px=32, overviews=2)
    with rasterio.open(path) as file:
        assert file.overviews(1) == [2, 4]
    with rasterio.open(path, overview_level=0) as half:
        expected = pixels.reshape(149, 2, 89, 2, 3).mean(axis=(1, 3))
        assert np.abs(half.read().transpose(1, 2, 0) - expected).max() <= NEAR
    with rasterio.open(path, overview_level=1) as quarter:
        assert quarter.shape == (75, 45)
        inner = expected[:148, :88].reshape(74, 2, 44, 2, 3).mean(axis=(1, 3))
        assert np.abs(quarter.read().transpose(1, 2, 0)[:74, :44] - inner).max() <= NEAR


def test_it_is_a_cloud_optimised_geotiff(tmp_path):
    path = written(tmp_path, patches(3, 4, side_px=250), tile_px=256, overviews=2)
    is_valid, errors, warnings = cog_validate(path, strict=True)
    assert (is_valid, errors, warnings) == (True, [], [])
    with rasterio.open(path) as file:
        assert file.profile["compress"] == "jpeg"
        assert file.profile["photometric"] == "ycbcr"
        assert file.block_shapes == [(256, 256)] * 3
        assert [meaning.name for meaning in file.colorinterp] == ["red", "green", "blue"]
        assert file.tags(ns="IMAGE_STRUCTURE")["COMPRESSION"] == "YCbCr JPEG"
    assert [len(blocks.offsets) for blocks in read_blocks(path)] == [12, 4, 1]
    assert all(blocks.are_all_there for blocks in read_blocks(path))


def test_readers_other_than_gdal_see_it_too(tmp_path):
    pixels = patches(3, 2)
    with Image.open(written(tmp_path, pixels)) as image:
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - pixels).max() <= NEAR


def test_an_image_wider_than_a_jpeg_can_be(tmp_path):
    pixels = np.zeros((20, 70_000, 3), np.uint8)
    pixels[:, 65_000:66_000] = 200
    path = written(tmp_path, pixels, tile_px=256)
    with rasterio.open(path) as file:
        assert file.shape == (20, 70_000)
        for left, level in (
            (64_000, 0),
            (65_100, 200),
            (65_480, 200),
            (65_600, 200),
            (66_100, 0),
            (69_900, 0),
        ):
            assert np.abs(file.read(window=Window(left, 0, 50, 20)).astype(int) - level).max() <= NEAR
