"""Blocks of scenes, judged window by window by a network whose answers are known."""

import tracemalloc

import numpy as np
import pytest
import rasterio
from affine import Affine

from damage.ingestion.reading import Source, is_tiled
from damage.ingestion.unreadable import SceneUnreadable
from prediction.layouts import WindowLayout
from prediction.postprocess import boxes_above
from prediction.score_rasters import read_score_raster, write_score_raster
from prediction.windows import Grid
from tests.prediction.blocks import values_of

pytestmark = pytest.mark.usefixtures("engine")
TILED = {"tiled": True, "blockxsize": 64, "blockysize": 64}


@pytest.fixture
def scene(tmp_path, write_scene):
    return lambda pixels, **options: write_scene(tmp_path / "scene.tif", pixels, **options)


def window_scores(path, grid, *, block_px=10**6):
    layout = WindowLayout(grid, 32, whole_rows=not is_tiled(Source(str(path))), block_px=block_px)
    return values_of(path, layout)


def grid_of(pixels, window=32, stride=22, scale=1):
    return Grid(pixels.shape[1], pixels.shape[0], window, stride, scale)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (184, 0), (0, 134), (184, 134)])
def test_damage_in_each_corner_is_found_where_it_is(scene, grey_ground, paint, engine, x, y):
    pixels = paint(grey_ground(200, 150), x, y, 16)
    grid = grid_of(pixels)
    scores = window_scores(scene(pixels), grid)
    boxes, above = boxes_above(scores, grid, threshold=0.25)  # 16² / 32²
    corner = [0 if x == 0 else 200 - 32, 0 if y == 0 else 150 - 32, 32, 32]
    assert boxes.tolist() == [corner]
    assert above.tolist() == [0.25]


def test_an_object_on_a_seam_of_blocks_and_windows_is_found_once(scene, grey_ground, paint):
    pixels = paint(grey_ground(200, 150), 22 * 3 + 1, 22 * 2 + 1, 8)  # in the overlap of four windows
    grid = grid_of(pixels)
    scores = window_scores(scene(pixels, **TILED), grid, block_px=54)
    assert (scores > 0).sum() == 4
    boxes, _ = boxes_above(scores, grid, threshold=8 * 8 / 32**2, max_iou=0)
    assert boxes.tolist() == [[44, 22, 32, 32]]  # equal scores: the northmost, then the westmost


@pytest.mark.parametrize("layout", [TILED, {}])
@pytest.mark.parametrize("block_px", [1, 60, 100, 10**6])
def test_blocks_do_not_change_a_score(scene, engine, layout, block_px):
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (150, 200, 3), dtype=np.uint8)
    path, grid = scene(pixels, **layout), grid_of(pixels)
    scores = window_scores(path, grid, block_px=block_px)
    assert max(engine.batches) <= 8
    whole = window_scores(path, grid, block_px=10**9)
    assert np.array_equal(scores, whole)
    red = (pixels[44:76, 66:98, 0].astype(int) - pixels[44:76, 66:98, 1] > 100).mean()
    assert scores[2, 3] == pytest.approx(red)


def test_windows_with_little_ground_are_not_shown_to_the_network(scene, grey_ground, engine):
    pixels = grey_ground(128, 64)
    valid = np.zeros((64, 128), dtype=bool)
    valid[:, 48:] = True  # half of the second window, none of the first
    scores = window_scores(scene(pixels, valid=valid), grid_of(pixels, 32, 32))
    assert np.isnan(scores).tolist() == [[True, False, False, False]] * 2
    assert sum(engine.batches) == 6


@pytest.mark.parametrize("kind", ["alpha", "nodata", "black"])
def test_alpha_nodata_and_plain_black_are_no_ground(scene, grey_ground, engine, kind):
    pixels = grey_ground(128, 64, bands=4 if kind == "alpha" else 3)
    if kind == "alpha":
        pixels[:, :, 3] = 255
        pixels[:, :64, 3] = 0
    else:
        pixels[:, :64] = 255 if kind == "nodata" else 0
    options = {"nodata": 255} if kind == "nodata" else {}
    if kind == "alpha":
        options["alpha"] = "yes"
    scores = window_scores(scene(pixels, **options), grid_of(pixels, 32, 32))
    assert np.isnan(scores).tolist() == [[True, True, False, False]] * 2


def test_what_lies_under_the_mask_is_shown_as_black(engine, grey_ground, paint, scene):
    pixels = paint(grey_ground(32, 32), 0, 0, 16)
    valid = np.ones((32, 32), dtype=bool)
    valid[:8] = False
    scores = window_scores(scene(pixels, valid=valid), grid_of(pixels))
    assert scores.tolist() == [[16 * 8 / 32**2]]


def test_a_scene_smaller_than_a_window_is_filled_up_with_its_mirror_image(scene, grey_ground, paint):
    pixels = paint(grey_ground(16, 8), 0, 0, 8)
    grid = grid_of(pixels)
    scores = window_scores(scene(pixels), grid)
    boxes, above = boxes_above(scores, grid, threshold=0.05)
    assert boxes.tolist() == [[0, 0, 16, 8]]
    # Of 32 columns 0 to 7 show damage, and of their mirror image about column 15: 23 to 31 (7 to 0, then 1).
    assert above.tolist() == [17 / 32]


@pytest.mark.parametrize("overviews", [(), (2, 4)])
@pytest.mark.parametrize("block_px", [1, 10**6])
def test_a_reduced_scene_is_read_through_its_overview_or_averaged(
    scene, grey_ground, paint, engine, overviews, block_px
):
    pixels = paint(grey_ground(203, 150), 203 - 11, 150 - 10, 16)
    grid = grid_of(pixels, window=16, stride=10, scale=4)
    path = scene(pixels, overviews=overviews, **TILED)
    scores = window_scores(path, grid, block_px=block_px)
    boxes, _ = boxes_above(scores, grid, threshold=0.01)
    # 203 / 4 makes 51 reduced pixels: the last window starts at 35 * 4 and ends with the scene.
    assert boxes.tolist() == [[140, 88, 63, 62]]


def test_a_file_that_broke_after_ingestion_is_named(scene):
    pixels = np.random.default_rng(0).integers(1, 255, (150, 200, 3), dtype=np.uint8)
    path = scene(pixels, compress="deflate")
    path.write_bytes(path.read_bytes()[:40_000])
    with pytest.raises(SceneUnreadable, match=r"scene\.tif cannot be read"):
        window_scores(path, grid_of(pixels))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SceneUnreadable, match=r"gone\.tif"):
        window_scores(tmp_path / "gone.tif", Grid(100, 100, 32, 22))


def test_the_score_raster_gives_back_the_same_boxes_at_any_threshold(tmp_path):
    grid = Grid(203, 150, 16, 10, 4)
    scores = np.random.default_rng(0).random(grid.shape, dtype=np.float32)
    scores[0, 0] = np.nan
    transform = Affine(0.5, 0, 300_000, 0, -0.5, 4_160_000)
    write_score_raster(tmp_path / "s.tif", scores, grid, transform=transform[:6], crs_wkt="EPSG:32637")
    read, grid_read = read_score_raster(tmp_path / "s.tif")
    assert grid_read == grid
    assert np.array_equal(read, scores, equal_nan=True)
    for threshold in (0.1, 0.5, 0.9):
        assert np.array_equal(
            boxes_above(read, grid_read, threshold=threshold)[0],
            boxes_above(scores, grid, threshold=threshold)[0],
        )


def test_a_score_pixel_lies_around_its_windows_centre(tmp_path):
    grid = Grid(2000, 2000, 299, 209, 2)
    scores = np.zeros(grid.shape, dtype=np.float32)
    transform = [0.5, 0, 300_000, 0, -0.5, 4_160_000]
    write_score_raster(tmp_path / "s.tif", scores, grid, transform=transform, crs_wkt="EPSG:32637")
    with rasterio.open(tmp_path / "s.tif") as raster:
        assert raster.crs.to_epsg() == 32637
        assert np.isnan(raster.nodata)
        # Window (0, 1): 209..508 read pixels of 1 m, its centre at 358.5 m east and 149.5 m south.
        assert raster.xy(0, 1) == pytest.approx((300_358.5, 4_159_850.5))


def test_memory_does_not_grow_with_the_mosaic(tmp_path, engine, write_scene):
    def peak(side):
        path = write_scene(tmp_path / f"{side}.tif", np.full((side, side, 3), 9, dtype=np.uint8), **TILED)
        tracemalloc.start()
        values_of(path, WindowLayout(Grid(side, side, 64, 45), 32, block_px=512))
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    peak(1024)  # what is allocated once
    assert peak(3072) < 1.3 * peak(1536)  # 4 times the pixels, several blocks at a time
