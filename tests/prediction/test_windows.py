"""Where windows lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from damage.errors import Refused
from prediction.windows import Block, Grid, grid_for, grid_from_json, starts
from training.networks.model_input import ModelInput

THESIS = ModelInput(input_size_px=224, crop_size_px=299, crop_size_m=29.9)


def test_the_thesis_windows_start_every_209_pixels():
    grid, warnings = grid_for(THESIS, width_px=1000, height_px=508, gsd_m=0.1)
    assert (grid.window_px, grid.stride_px, grid.scale, warnings) == (299, 209, 1, [])
    assert grid.xs.tolist() == [0, 209, 418, 627, 701]  # 701 + 299 = 1000: the last is shifted in
    assert grid.ys.tolist() == [0, 209]  # 209 + 299 = 508: fits without a shift


def test_windows_cover_the_ground_that_the_crops_covered():
    model_input = ModelInput(input_size_px=224, crop_size_px=80, crop_size_m=40)
    grid, _ = grid_for(model_input, width_px=1000, height_px=1000, gsd_m=0.3)
    assert grid.window_px == 133  # 40 m / 0.3 m
    assert grid.stride_px == 133 - 40  # 133 * 90 / 299 = 40.03


def test_a_scene_smaller_than_a_window_gets_one_window_and_a_box_cut_to_the_scene():
    grid = Grid(100, 40, window_px=60, stride_px=40)
    assert grid.shape == (1, 2)
    assert grid.boxes(np.array([0, 0]), np.array([0, 1])).tolist() == [[0, 0, 60, 40], [40, 0, 60, 40]]


def test_a_fine_mosaic_is_read_reduced_to_the_resolution_of_the_training():
    model_input = ModelInput(input_size_px=224, crop_size_px=80, crop_size_m=40)
    grid, warnings = grid_for(model_input, width_px=3001, height_px=2000, gsd_m=0.07)
    assert grid.scale == 4  # 0.5 / 0.07 = 7.1: a quarter is the last power of two that is not coarser
    assert grid.window_px == 143  # 40 / 0.07 / 4
    assert (grid.width_px, grid.height_px) == (751, 500)
    assert grid.boxes(np.array([0]), np.array([-1])).tolist() == [[2432, 0, 569, 572]]  # (751 - 143) * 4
    assert warnings == []


def test_crops_larger_than_the_input_are_read_reduced_too():
    model_input = ModelInput(input_size_px=224, crop_size_px=900, crop_size_m=90)
    grid, _ = grid_for(model_input, width_px=9000, height_px=9000, gsd_m=0.1)
    assert (grid.scale, grid.window_px) == (4, 225)


def test_a_model_without_ground_size_uses_pixels_and_says_so():
    model_input = ModelInput(input_size_px=224, crop_size_px=80)
    grid, warnings = grid_for(model_input, width_px=1000, height_px=1000, gsd_m=0.3)
    assert grid.window_px == 80
    assert len(warnings) == 1
    assert "80 scene pixels" in warnings[0]


@pytest.mark.parametrize("gsd_m", [0.8, 1.9, 0.05])
def test_it_warns_when_the_ground_sample_distance_is_far_from_the_trainings(gsd_m):
    model_input = ModelInput(input_size_px=224, crop_size_px=80, crop_size_m=40)
    _, warnings = grid_for(model_input, width_px=1000, height_px=1000, gsd_m=gsd_m)
    assert "more mistakes" in warnings[0]


@pytest.mark.parametrize("gsd_m", [2.1, 0.01])
def test_it_refuses_when_the_ground_sample_distance_is_too_far(gsd_m):
    model_input = ModelInput(input_size_px=224, crop_size_px=80, crop_size_m=40)
    with pytest.raises(Refused, match=r"trained at 0\.5 m"):
        grid_for(model_input, width_px=1000, height_px=1000, gsd_m=gsd_m)


@given(
    length=st.integers(1, 3000),
    window=st.integers(8, 400),
    overlap=st.floats(0, 0.7),
)
def test_every_pixel_is_covered(length, window, overlap):
    stride = window - round(window * overlap)
    begins = starts(length, window, stride)
    seen = np.zeros(max(length, window), dtype=bool)
    for begin in begins:
        seen[begin : begin + window] = True
    assert seen.all()
    assert begins[-1] == max(0, length - window)
    assert (np.diff(begins) > 0).all()


def test_the_area_of_the_last_block_ends_with_the_scene():
    grid = Grid(1000, 508, 299, 209)
    assert grid.area(Block(top=1, bottom=2, left=3, right=5)) == (627, 209, 373, 299)


def test_a_grid_survives_being_written_down():
    grid = Grid(1000, 508, 299, 209, 2)
    assert grid_from_json(grid.as_json()) == grid
