"""Dense tiles: a network that sees only the cell it judges, so that every value can be worked out by hand."""

from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prediction.layouts import TileLayout, fitting_tile_px
from prediction.postprocess import boxes_above, digest, scores_of
from prediction.windows import Grid
from tests.prediction.blocks import jobs_of, values_of
from training.networks.asynchronous import Immediate

TILED = {"tiled": True, "blockxsize": 64, "blockysize": 64}


class RedCells:
    """A dense network whose logit is the share of red in the sixteen pixels that a cell stands for."""

    def __init__(self):
        self.tiles = 0

    def __call__(self, planes):
        assert planes.dtype == np.uint8
        assert planes.shape[:2] == (1, 3)
        self.tiles += 1
        red = (planes[0, 0].astype(int) - planes[0, 1] > 100)[8:-8, 8:-8]  # cells begin at pixel 8
        side = red.shape[0] // 16
        shares = red.reshape(side, 16, side, 16).mean(axis=(1, 3), dtype=np.float32)
        return np.pad(shares, (0, 1))[None, :, :, None]


@pytest.fixture
def cells(monkeypatch):
    network = RedCells()
    monkeypatch.setattr("prediction.blocks.open_network", lambda *args, **kwargs: Immediate(network))
    return network


@pytest.fixture
def scene(tmp_path, write_scene):
    return lambda pixels, **options: write_scene(tmp_path / "scene.tif", pixels, **options)


def layout_of(pixels, *, window=64, network=64, tile=64, **options):
    grid = Grid(
        pixels.shape[1], pixels.shape[0], window, window - round(window * 0.3), options.pop("scale", 1)
    )
    return TileLayout(grid, network, tile_px=tile, **options)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (3, 4), (4, 3), (9, 12), (0, 12), (9, 0)])
def test_a_cell_stands_for_its_own_sixteen_pixels(scene, cells, grey_ground, paint, row, column):
    """Also on both sides of the seams, between cells 3 and 4, 7 and 8 and so on, and in the corners."""
    pixels = paint(grey_ground(208, 160), 16 * column, 16 * row, 16)
    layout = layout_of(pixels, block_px=64)
    values = values_of(scene(pixels, **TILED), layout)
    expected = np.zeros((10, 13))
    expected[row, column] = 1
    assert layout.shape == (10, 13)
    assert np.array_equal(values, expected)


def test_an_object_on_the_seams_of_tiles_and_blocks_is_found_once(scene, cells, grey_ground, paint):
    pixels = paint(grey_ground(300, 300), 120, 120, 16)  # tiles of 64 px meet at 128
    layout = layout_of(pixels, block_px=64)
    values = values_of(scene(pixels, **TILED), layout)
    scores = scores_of(values, layout)
    # Where it lies wholly in a window, the mean logit is 16² / 64²; the logistic function of it:
    boxes, above = boxes_above(scores, layout.grid, threshold=0.51, max_iou=0)
    assert len(boxes) == 1
    assert above[0] == pytest.approx(1 / (1 + np.exp(-1 / 16)), abs=1e-6)
    x, y, width, height = boxes[0]
    assert x <= 120 <= x + width - 16
    assert y <= 120 <= y + height - 16


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    width=st.integers(20, 330),
    height=st.integers(20, 330),
    window=st.integers(33, 127),
    block=st.integers(1, 400),
    whole_rows=st.booleans(),
    scale=st.sampled_from([1, 2]),
    holes=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_values_depend_on_nothing_but_the_scene(
    tmp_path_factory,
    cells,
    write_scene,
    width,
    height,
    window,
    block,
    whole_rows,
    scale,
    holes,
    order: Random,
):
    """Not on the size of blocks, nor on which is done first, nor on what was read with them."""
    random = np.random.default_rng(width * 1000 + height)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    valid = random.random((height, width)) > 0.4 if holes else None
    path = write_scene(tmp_path_factory.mktemp("scene") / "s.tif", pixels, valid=valid, **TILED)
    options = {"window": max(33, window // scale), "scale": scale}
    whole = layout_of(pixels, block_px=10**6, **options)
    parts = layout_of(pixels, block_px=block, whole_rows=whole_rows, **options)
    jobs = jobs_of(path, parts)
    order.shuffle(jobs)
    assert sum(parts.pixels(job.block) for job in jobs) == width * height
    assert digest(values_of(path, parts, jobs)) == digest(values_of(path, whole))


def test_a_cell_shows_ground_when_half_of_it_is_valid(scene, cells, grey_ground):
    pixels = grey_ground(160, 96)
    valid = np.zeros((96, 160), dtype=bool)
    valid[:, 40:] = True  # cells 0 and 1 show none, the right half of cell 2 does
    valid[:9, 48:64] = False  # more than half of cell (0, 3)
    values = values_of(scene(pixels, valid=valid), layout_of(pixels))
    expected = np.zeros((6, 10), dtype=bool)
    expected[:, :2] = expected[0, 3] = True
    assert np.array_equal(np.isnan(values), expected)


def test_where_the_overview_shows_no_ground_nothing_is_read_and_nothing_changes(
    scene, cells, grey_ground, paint
):
    pixels = paint(grey_ground(1024, 512), 900, 100, 40)
    valid = np.zeros((512, 1024), dtype=bool)
    valid[:, 700:] = True
    layout = layout_of(pixels, block_px=64)
    plain = values_of(scene(pixels, valid=valid, **TILED), layout)
    assert cells.tiles == 5 * 8  # of 16 x 8 tiles those from 704 on: less than half a cell before is ground
    seen_from_afar = values_of(scene(pixels, valid=valid, overviews=(2, 4, 8), **TILED), layout)
    assert np.array_equal(plain, seen_from_afar, equal_nan=True)
    assert np.nanmax(plain) > 0.9


def test_a_scene_smaller_than_a_window_is_judged_by_what_there_is(scene, cells, grey_ground, paint):
    pixels = paint(grey_ground(40, 24), 0, 0, 16)
    layout = layout_of(pixels)
    scores = scores_of(values_of(scene(pixels), layout), layout)
    # 3 x 2 cells, one of them red. Of the last row half is the mirror image about pixel row 23: its own last row, 31,
    # shows row 15, the last red one, which is a sixteenth of a cell.
    assert scores.shape == (1, 1)
    assert scores[0, 0] == pytest.approx(1 / (1 + np.exp(-(1 + 1 / 16) / 6)), abs=1e-6)


@pytest.mark.parametrize("overviews", [(), (2, 4)])
def test_a_reduced_scene_is_read_through_its_overview_or_averaged(
    scene, cells, grey_ground, paint, overviews
):
    pixels = paint(grey_ground(403, 300), 256, 128, 64)  # cell (2, 4) at a quarter of the size
    values = values_of(scene(pixels, overviews=overviews, **TILED), layout_of(pixels, scale=4))
    expected = np.zeros((5, 7))
    expected[2, 4] = 1
    assert np.array_equal(values, expected)


def test_tiles_are_as_large_as_suits_the_scene():
    """With 128 px of surroundings, two tiles of 608 cover 1200 px with less than one of 960 and its rest."""
    assert fitting_tile_px(Grid(1200, 500, 64, 32), 64) == 608
    assert fitting_tile_px(Grid(400, 500, 64, 32), 64) == 512
    assert fitting_tile_px(Grid(11_520, 11_520, 64, 32), 64) == 960
