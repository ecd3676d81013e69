from io import BytesIO

import numpy as np
import pytest
from affine import Affine
from PIL import Image, ImageOps
from pyproj import Transformer

from damage.errors import NotNow, Refused
from damage.ingestion.map_tiles import read_map_tile
from damage.ingestion.rasters import (
    OutsideScene,
    is_whole,
    max_zoom,
    read_pixel_tile,
    read_reduced,
    read_small_square,
    read_square,
    squares_of,
)
from damage.ingestion.viewing import write_mosaic_view


@pytest.fixture
def numbered(geotiff):
    """4 x 3 pixels whose red is 10 * row + column."""
    rows, columns = np.mgrid[:3, :4]
    red = (10 * rows + columns).astype("uint8")
    return geotiff("numbered.tif", pixels=np.stack([red, red + 100, red + 200]))


def test_a_square_is_cut_where_it_is_asked_for(numbered):
    square = read_square(numbered, 2, 1, 2)
    assert square.dtype == np.uint8
    assert square[..., 0].tolist() == [[12, 13], [22, 23]]
    assert square[..., 2].tolist() == [[212, 213], [222, 223]]


@pytest.mark.parametrize("name", ["mosaic.tif", "photo.jpg"])
@pytest.mark.parametrize("square", [(59, 0, 2), (0, 39, 2), (-1, 0, 2), (0, -1, 2), (0, 0, 41), (0, 0, 0)])
def test_a_square_that_leaves_the_scene_is_refused(geotiff, photo, name, square):
    path = geotiff() if name == "mosaic.tif" else photo(name, pixels=np.zeros((40, 60, 3), np.uint8))
    with pytest.raises(Refused, match="60 x 40"):
        read_square(path, *square)


@pytest.mark.parametrize("name", ["photo.png", "photo.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_squares_are_cut_from_the_photo_as_it_is_shown(photo, name, orientation):
    path = photo(name, orientation=orientation)
    with Image.open(path) as stored:
        shown = np.asarray(ImageOps.exif_transpose(stored))  # Pillow's own reading of the tag
    square = read_square(path, 1, 20, 33, orientation=orientation)
    assert (square == shown[20:53, 1:34]).all()


@pytest.mark.parametrize("name", ["photo.png", "photo.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_many_squares_of_one_scene_are_those_that_are_cut_one_by_one(photo, name, orientation):
    path = photo(name, orientation=orientation)
    with Image.open(path) as stored:
        shown = np.asarray(ImageOps.exif_transpose(stored))
    with squares_of(path, orientation=orientation) as square_at:
        assert (square_at(1, 20, 33) == shown[20:53, 1:34]).all()
        assert (square_at(0, 0, 16) == shown[:16, :16]).all()
        with pytest.raises(OutsideScene):
            square_at(1, 20, 999)


def test_a_photo_is_opened_once_for_many_squares(photo, monkeypatch):
    path = photo("photo.png")
    opened = []
    really_open = Image.open
    monkeypatch.setattr(
        Image, "open", lambda *args, **kwargs: opened.append(1) or really_open(*args, **kwargs)
    )
    with squares_of(path) as square_at:
        for x_px in range(5):
            square_at(x_px, 0, 16)
    assert len(opened) == 1


def test_a_small_square_is_read_reduced_from_a_view(geotiff):
    rows, columns = np.mgrid[:40, :60]
    path = geotiff(pixels=np.stack([columns, rows, rows * 0]).astype("uint8"))
    small = read_small_square(path, 10, 0, 40, longest_px=20)
    assert small.shape == (20, 20, 3)
    assert small[3, 4, 0] == pytest.approx(18.5, abs=0.5)  # the mean of columns 18 and 19
    assert read_small_square(path, 10, 0, 16, longest_px=20).shape == (16, 16, 3)
    with pytest.raises(OutsideScene):
        read_small_square(path, 30, 0, 40, longest_px=20)


def test_a_file_that_changed_is_read_anew(tmp_path):
    path = tmp_path / "photo.png"
    for value in (10, 77):
        Image.new("RGB", (30 + value, 30), (value, value, value)).save(path)
        assert (read_square(path, 0, 0, 20) == value).all()


def test_what_is_given_can_be_changed_without_changing_the_next(photo):
    path = photo("photo.png")
    first = read_square(path, 0, 0, 20)
    before = first.copy()
    first[:] = 0
    assert (read_square(path, 0, 0, 20) == before).all()


@pytest.mark.parametrize(
    ("width", "height", "zoom"),
    [(1, 1, 0), (256, 256, 0), (257, 10, 1), (10, 512, 1), (513, 512, 2), (4000, 3000, 4), (4097, 1, 5)],
)
def test_the_pyramid_is_as_high_as_one_tile_on_top_needs(width, height, zoom):
    assert max_zoom(width, height) == zoom


@pytest.fixture
def quarters(geotiff):
    """700 x 600 pixels: red 50 left of column 512, else 200; green 50 above row 256, else 200."""
    pixels = np.full((3, 600, 700), 50, np.uint8)
    pixels[0, :, 512:] = 200
    pixels[1, 256:] = 200
    return geotiff("quarters.tif", pixels=pixels, tiled=True, blockxsize=256, blockysize=256, overviews=[2])


@pytest.mark.parametrize(
    ("z", "x", "y", "inside", "first", "last"),
    [
        (2, 0, 0, (256, 256), (50, 50), (50, 50)),
        (2, 2, 1, (188, 256), (200, 200), (200, 200)),
        (2, 2, 2, (188, 88), (200, 200), (200, 200)),
        (1, 0, 0, (256, 256), (50, 50), (50, 200)),
        (1, 1, 1, (94, 44), (200, 200), (200, 200)),
        (0, 0, 0, (175, 150), (50, 50), (200, 200)),
    ],
)
def test_tiles_hold_the_pixels_of_their_place_and_grey_beyond_the_edge(
    quarters, z, x, y, inside, first, last
):
    tile = read_pixel_tile(quarters, z, x, y)
    width, height = inside
    assert tile.shape == (256, 256, 3)
    assert tuple(tile[0, 0, :2]) == first
    assert tuple(tile[height - 1, width - 1, :2]) == last
    assert (tile[height:] == 128).all()
    assert (tile[:, width:] == 128).all()


@pytest.mark.parametrize(
    "tile", [(2, 3, 0), (2, 0, 3), (3, 0, 0), (0, 1, 0), (-1, 0, 0), (2, -1, 0), (99, 0, 0)]
)
def test_there_is_no_tile_beyond_the_scene(quarters, tile):
    with pytest.raises(Refused):
        read_pixel_tile(quarters, *tile)


@pytest.mark.parametrize("name", ["gone.tif", "gone.jpg"])
def test_a_scene_whose_file_was_moved_away_is_refused(tmp_path, name):
    with pytest.raises(NotNow, match="no longer"):
        read_square(tmp_path / name, 0, 0, 1)


@pytest.mark.parametrize("turn", [0, 30])
@pytest.mark.parametrize("flip", [1, -1])
def test_a_map_tile_shows_a_place_where_it_lies(geotiff, tmp_path, turn, flip):
    pixels = np.full((3, 400, 600), 60, np.uint8)
    pixels[0, 130:170, 430:470] = 250  # red, about column 450 and row 150
    transform = Affine(0.5, 0, 500_000, 0, -0.5 * flip, 4_160_000) @ Affine.rotation(turn)
    view = tmp_path / "view.tif"
    write_mosaic_view(geotiff(pixels=pixels, transform=transform), view)
    to_mercator = Transformer.from_crs("EPSG:32637", "EPSG:3857", always_xy=True)
    east, north = to_mercator.transform(*(transform @ (450, 150)))
    half_world, tile_m = 20_037_508.342789244, 2 * 20_037_508.342789244 / 2**17
    column, row = (east + half_world) / tile_m, (half_world - north) / tile_m
    with Image.open(BytesIO(read_map_tile(view, 17, int(column), int(row)))) as tile:
        colours = np.asarray(tile.convert("RGBA")).astype(int)
    rows, columns = np.nonzero((colours[..., 0] > 160) & (colours[..., 3] > 0))
    assert columns.mean() + 0.5 == pytest.approx((column % 1) * 256, abs=1)
    assert rows.mean() + 0.5 == pytest.approx((row % 1) * 256, abs=1)


def test_a_scene_is_read_reduced_with_what_is_valid(geotiff):
    """Four by two pixels by half: each is the mean of four; the right half has no data."""
    pixels = np.zeros((3, 2, 4), np.uint8)
    pixels[:, :, :2] = [[10, 20], [30, 40]]
    mask = np.array([[255, 255, 0, 0]] * 2, np.uint8)
    reduced, valid = read_reduced(geotiff("half.tif", pixels=pixels, mask=mask), 2)
    assert reduced.shape == (1, 2, 3)
    assert reduced[0, :, 0].tolist() == [25, 0]
    assert valid.tolist() == [[True, False]]


def test_a_tile_of_a_scene_is_read_as_large_as_wanted(geotiff):
    pixels = np.random.default_rng(2).integers(1, 255, (3, 300, 520), dtype=np.uint8)
    path = geotiff("wide.tif", pixels=pixels)
    whole, _valid = read_reduced(path, 1000, tile=(2, 1, 1))  # never enlarged: 44 rows are inside
    assert (whole == pixels[:, 256:300, 256:512].transpose(1, 2, 0)).all()
    with pytest.raises(OutsideScene):
        read_reduced(path, 100, tile=(2, 3, 0))


@pytest.mark.parametrize(("place", "whole"), [((0, 0, 20), True), ((20, 20, 20), True), ((21, 5, 20), False)])
def test_a_square_is_whole_where_every_pixel_holds_data(geotiff, place, whole):
    """Columns from 40 on are marked as empty: by a mask, by an alpha band, by a value."""
    mask = np.full((40, 60), 255, np.uint8)
    mask[:, 40:] = 0
    pixels = np.full((3, 40, 60), 9, np.uint8)
    assert is_whole(geotiff(pixels=pixels, mask=mask), *place) is whole
    assert is_whole(geotiff(pixels=np.concatenate([pixels, mask[None]])), *place) is whole
    assert is_whole(geotiff(pixels=np.where(mask > 0, pixels, 0), nodata=0), *place) is whole


def test_a_turned_square_is_whole_as_it_is_shown(geotiff):
    """Shown turned by a quarter, the empty last columns are the last rows."""
    mask = np.full((40, 60), 255, np.uint8)
    mask[:, 40:] = 0
    path = geotiff(mask=mask)
    assert is_whole(path, 0, 0, 40, orientation=6)
    assert not is_whole(path, 0, 1, 40, orientation=6)
