"""Cells cover a scene whole, and those without ground are known."""

import numpy as np
import pytest

from damage.ingestion.services import ingest_mosaic
from tagging.cells import Cells, box_means, cells_of, ground_shares
from tests.ingestion.conftest import geotiff  # noqa: F401


@pytest.mark.parametrize(
    ("length_px", "side_px", "starts"),
    [
        (600, 300, (0, 300)),
        (601, 300, (0, 151, 301)),  # 301 free pixels in two steps: 150.5 is rounded up
        (250, 100, (0, 75, 150)),
        (100, 100, (0,)),
        (90, 100, (0,)),  # the cell has 90 px then
        (1000, 300, (0, 233, 467, 700)),  # 700 in three steps
    ],
)
def test_cells_are_spread_evenly_over_a_scene(length_px, side_px, starts):
    cells = cells_of(length_px, 5000, side_px)
    assert cells.xs == starts
    assert cells.xs[-1] + cells.size_px == length_px


def test_a_narrow_scene_makes_cells_smaller_both_ways():
    cells = cells_of(250, 80, 100)
    assert (cells.size_px, cells.ys) == (80, (0,))
    assert cells.xs == (0, 57, 113, 170)  # 170 in three steps: 56.67, 113.33


@pytest.mark.parametrize("width_px", [300, 301, 437, 599, 600, 899])
def test_every_pixel_lies_in_a_cell_and_no_cell_is_left_out_by_its_neighbours(width_px):
    cells = cells_of(width_px, 300, 300)
    covered = np.zeros(width_px, int)
    for x in cells.xs:
        covered[x : x + 300] += 1
    assert covered.min() >= 1
    assert len(set(cells.xs)) == len(cells.xs)


def test_shares_of_ground_by_hand():
    """A mask of half the scale: the left column of cells is half ground, the right one whole but for a corner."""
    ground = np.zeros((4, 8), bool)
    ground[:, 2:] = True
    ground[3, 7] = False
    shares = box_means(ground, (0.5, 0.5), Cells(8, (0, 8), (0,)))
    assert shares.tolist() == [[0.5, 15 / 16]]


def test_a_mosaics_ground_is_known_by_its_mask(geotiff, db):  # noqa: F811
    mask = np.zeros((200, 300), np.uint8)
    mask[:, :150] = 255
    scene = ingest_mosaic(
        geotiff(pixels=np.full((3, 200, 300), 90, np.uint8), mask=mask), event="Spared", town="Lejos"
    ).scene
    shares = ground_shares(scene.view_path, cells_of(300, 200, 100))
    assert shares.shape == (2, 3)
    assert shares[:, 0].tolist() == [1, 1]
    assert shares[:, 1] == pytest.approx([0.5, 0.5], abs=0.13)  # eight measured pixels a side
    assert shares[:, 2].tolist() == [0, 0]


def test_a_black_border_is_no_ground_where_nothing_says_what_is(geotiff, db):  # noqa: F811
    pixels = np.full((3, 200, 300), 90, np.uint8)
    pixels[:, :, 200:] = 0
    scene = ingest_mosaic(geotiff(pixels=pixels), event="Spared", town="Lejos").scene
    assert ground_shares(scene.view_path, cells_of(300, 200, 100)).round().tolist() == [[1, 1, 0]] * 2
