"""A square stands in the middle of its picture, whatever lies around it."""

import numpy as np
import pytest
import rasterio

from damage.errors import NotNow
from damage.ingestion.rasters import OutsideScene
from tagging.pictures import LONGEST_PX, picture_side_px, read_picture
from tagging.squares import Square


@pytest.fixture
def view(tmp_path):
    """1000 x 800 px without loss; red counts tens of columns, green tens of rows."""
    rows, columns = np.indices((800, 1000))
    pixels = np.stack([columns // 10, rows // 10, np.full_like(rows, 7)]).astype(np.uint8)
    path = tmp_path / "view.tif"
    with rasterio.open(path, "w", driver="GTiff", width=1000, height=800, count=3, dtype="uint8") as file:
        file.write(pixels)
    return path


def test_a_square_inside_comes_with_its_surroundings_pixel_by_pixel(view):
    picture = read_picture(view, Square(400, 300, 100))
    assert picture.shape == (240, 240, 3)  # 2.4 times 100, smaller than the longest
    assert picture[0, 0].tolist() == [33, 23, 7]  # 70 px before each edge: x 330, y 230
    assert picture[70, 70].tolist() == [40, 30, 7]
    assert picture[239, 239].tolist() == [56, 46, 7]  # x 569, y 469


def test_beyond_the_scene_it_is_grey_and_the_square_stays_in_the_middle(view):
    picture = read_picture(view, Square(0, 0, 100))
    assert picture[69, 120].tolist() == [128] * 3
    assert picture[120, 69].tolist() == [128] * 3
    assert picture[70, 70].tolist() == [0, 0, 7]
    corner = read_picture(view, Square(900, 700, 100))
    assert corner[169, 169].tolist() == [99, 79, 7]
    assert corner[170, 120].tolist() == [128] * 3


def test_a_large_square_is_reduced(view):
    picture = read_picture(view, Square(300, 200, 400))
    assert picture.shape == (LONGEST_PX, LONGEST_PX, 3)
    assert picture[320, 320, :2].tolist() == pytest.approx([50, 40], abs=1)  # its middle


def test_in_coarse_imagery_more_of_the_surroundings_is_shown(view):
    """A square of 30 px stands in 160, not in 72."""
    assert [picture_side_px(side) for side in (30, 66, 67, 300)] == [160, 160, 161, 720]
    picture = read_picture(view, Square(400, 300, 30))
    assert picture.shape == (160, 160, 3)
    assert picture[65, 65].tolist() == [40, 30, 7]  # (160 - 30) / 2 before each edge


@pytest.mark.parametrize(
    "square", [Square(901, 0, 100), Square(0, 0, 801), Square(2**33, 0, 100), Square(0, 0, 0)]
)
def test_a_square_that_leaves_the_scene_has_no_picture(view, square):
    with pytest.raises(OutsideScene):
        read_picture(view, square)


def test_a_view_that_is_gone_is_said(tmp_path):
    with pytest.raises(NotNow):
        read_picture(tmp_path / "gone.tif", Square(0, 0, 10))
