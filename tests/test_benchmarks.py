"""The large mosaic that the benchmark predicts is what it says it is."""

import numpy as np
import pytest
import rasterio
from rasterio.enums import MaskFlags

from benchmarks.mosaic_writing import mirrored, read_facts, size_of, write_big_mosaic
from benchmarks.peers import middle_share

WIDTH, HEIGHT = 1300, 900


@pytest.fixture(scope="module")
def picture():
    """Red grows from left to right, green from top to bottom."""
    picture = np.full((200, 240, 3), 90, dtype=np.uint8)
    picture[..., 0] = np.arange(240) // 2 + 60
    picture[..., 1] = np.arange(200)[:, None] // 2 + 60
    return picture


@pytest.fixture(scope="module")
def path(picture, tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "mosaic.tif"
    write_big_mosaic(path, picture, size_px=(WIDTH, HEIGHT))
    return path


def test_it_is_stored_as_orthomosaics_are(path):
    with rasterio.open(path) as dataset:
        assert (dataset.width, dataset.height, dataset.count) == (WIDTH, HEIGHT, 3)
        assert dataset.block_shapes == [(512, 512)] * 3
        assert (dataset.compression.value, dataset.photometric.value) == ("JPEG", "YCbCr")
        assert dataset.mask_flag_enums == ([MaskFlags.per_dataset],) * 3
        assert dataset.overviews(1) == [2, 4, 8, 16, 32]
        assert dataset.crs.to_epsg() == 32615
        assert tuple(dataset.transform)[:6] == (0.07, 0, 240_000, 0, -0.07, 1_820_000)
    assert [file.name for file in path.parent.iterdir()] == ["mosaic.tif"]


def test_it_says_how_much_of_it_was_not_flown(path):
    with rasterio.open(path) as dataset:
        mask = dataset.dataset_mask()
        through_an_overview = dataset.dataset_mask(out_shape=(225, 325))
    assert read_facts(path).nodata_share == pytest.approx((mask == 0).mean(), abs=1e-6)
    assert 0.15 <= read_facts(path).nodata_share <= 0.20
    assert (through_an_overview == 0).mean() == pytest.approx((mask == 0).mean(), abs=0.02)
    assert not mask[[0, 0, -1, -1], [0, -1, 0, -1]].any()


def test_peers_are_measured_where_all_is_ground(path):
    share = middle_share(WIDTH, HEIGHT)
    with rasterio.open(path) as dataset:
        mask = dataset.dataset_mask()
    rows = slice(share.top_px, share.top_px + share.height_px)
    assert mask[rows, share.left_px : share.left_px + share.width_px].all()
    assert share.mpx > 0.6 * mask.size / 1e6


def test_the_picture_goes_on_as_its_mirror_image(path, picture):
    with rasterio.open(path) as dataset:
        x, y = 500, 420  # the picture is 240 x 200: (500 - 480, 420 - 400) in the third one along both sides
        there = dataset.read(window=rasterio.windows.Window(x, y, 1, 1)).ravel()
        mirror = dataset.read(window=rasterio.windows.Window(459, 379, 1, 1)).ravel()
    assert there == pytest.approx(picture[20, 20], abs=6)
    assert mirror == pytest.approx(picture[20, 20], abs=6)
    assert mirrored(np.arange(7), 3).tolist() == [0, 1, 2, 2, 1, 0, 0]


def test_sizes_keep_the_shape_of_the_largest():
    assert size_of(1.22) == (42_375, 28_831)
    width, height = size_of(0.1)
    assert width * height == pytest.approx(1e8, rel=1e-3)
    assert width / height == pytest.approx(42_375 / 28_831, rel=1e-3)
