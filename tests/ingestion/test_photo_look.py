"""What is measured of a photo's pixels: answers that were worked out by hand."""

import numpy as np
import pytest
from PIL import Image

from damage.ingestion.image_hashes import difference_hash
from damage.ingestion.photo_look import laplacian_variance, look_of, reduced_luminance


def test_the_laplacian_of_a_checkerboard():
    # Every inner pixel differs by 100 from its four neighbours: 4 * 100 up or down, so the variance is 400 squared.
    board = np.indices((10, 12)).sum(axis=0) % 2 * 100
    assert laplacian_variance(board.astype(np.uint8)) == 160_000


def test_the_laplacian_of_a_single_bright_pixel():
    # Inside a border lie 3 x 3 pixels: -4 * 30 in the middle, 30 at its four neighbours, 0 in the corners. Their mean
    # is 0, so the variance is (120^2 + 4 * 30^2) / 9 = 18,000 / 9.
    grey = np.zeros((5, 5), np.uint8)
    grey[2, 2] = 30
    assert laplacian_variance(grey) == 2000


def test_a_slope_is_not_sharp_however_steep():
    slope = np.tile(np.arange(0, 250, 10, dtype=np.uint8), (20, 1))
    assert laplacian_variance(slope) == 0


@pytest.mark.parametrize("shape", [(1, 1), (2, 50), (50, 2)])
def test_a_picture_without_inner_pixels_has_no_sharpness(shape):
    assert laplacian_variance(np.full(shape, 7, np.uint8)) == 0


def test_photos_are_measured_at_nearly_one_size_and_small_ones_at_theirs():
    assert reduced_luminance(Image.fromarray(np.zeros((3000, 4000, 3), np.uint8))).shape == (750, 1000)
    assert reduced_luminance(Image.fromarray(np.zeros((5472, 3648, 3), np.uint8))).shape == (
        1095,
        730,
    )  # fifths, the last ones smaller
    assert reduced_luminance(Image.fromarray(np.zeros((60, 80, 3), np.uint8))).shape == (60, 80)


def test_reducing_averages_so_that_the_finest_grain_does_not_count():
    # Of a checkerboard of single pixels, halved, nothing is left but its mean.
    board = (np.indices((1024, 2048)).sum(axis=0) % 2 * 100).astype(np.uint8)
    look = look_of(Image.fromarray(np.repeat(board[..., None], 3, axis=2)))
    assert (look.sharpness, look.mean_luminance) == (0, 50)


def test_the_shares_of_black_and_white():
    pixels = np.full((10, 10, 3), 128, np.uint8)
    pixels[:3] = 12  # still black
    pixels[3] = 13
    pixels[4:6] = 250
    pixels[6] = 249
    look = look_of(Image.fromarray(pixels))
    assert (look.dark_share, look.bright_share) == (0.3, 0.2)
    assert look.mean_luminance == pytest.approx((30 * 12 + 10 * 13 + 20 * 250 + 10 * 249 + 30 * 128) / 100)


def test_green_stands_for_luminance():
    for colour, luminance in (((255, 0, 0), 0), ((0, 255, 0), 255), ((10, 120, 90), 120)):
        assert look_of(Image.fromarray(np.full((8, 8, 3), colour, np.uint8))).mean_luminance == luminance


def test_the_hash_tells_where_it_grows_brighter():
    # 16 comparisons in each of 16 rows: all of them in a picture that grows brighter to the right, none in its mirror.
    slope = np.tile(np.arange(0, 170, 10, dtype=np.uint8), (16, 1))
    assert np.bitwise_count(difference_hash(slope)).sum() == 256
    assert np.bitwise_count(difference_hash(slope[:, ::-1])).sum() == 0
    assert look_of(Image.fromarray(np.repeat(slope[..., None], 3, axis=2))).hash_hex == "ff" * 32
