"""Places drawn by chance: on ground alone, the same for the same seed."""

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from damage.errors import Refused
from damage.ingestion.services import ingest_mosaic
from training.data.unlabelled_windows import drawn_places, fold_numbers, windows_digest
from training.networks.model_input import ModelInput

WIDTH, HEIGHT = 300, 200
INPUT = ModelInput(input_size_px=32, crop_size_px=32, crop_size_m=16.0)


@pytest.fixture
def write(tmp_path, town):
    """Ingest a scene of grey ground that is black, so no ground, where `black` (h, w) says."""

    def written(name, black, gsd_m=0.5):
        pixels = np.full((3, *black.shape), 100, np.uint8)
        pixels[:, black] = 0
        pixels[0, 0, 0] = len(name)  # no two scenes are the same
        path = tmp_path / name
        with rasterio.open(
            path, "w", driver="GTiff", width=black.shape[1], height=black.shape[0], count=3, dtype="uint8",
            crs="EPSG:32614", transform=from_origin(500_000, 2_000_000, gsd_m, gsd_m),
        ) as dataset:  # fmt: skip
            dataset.write(pixels)
        return ingest_mosaic(path, event=town.event.name, town=town.name, in_place=True).scene

    return written


@pytest.fixture
def black():
    """No ground right of column 150, nor in a hole."""
    flags = np.zeros((HEIGHT, WIDTH), bool)
    flags[:, 150:] = True
    flags[60:70, 60:70] = True
    return flags


def draw(scenes, count=60, seed=0):
    return drawn_places(scenes, INPUT, count=count, seed=seed)


def corners(places):
    return [(int(place.x_px - 16), int(place.y_px - 16)) for place in places]


def test_every_window_shows_nothing_but_ground(write, black):
    found = corners(draw([write("holed.tif", black)]))
    assert len(set(found)) == 60
    for x, y in found:
        assert not black[y : y + 32, x : x + 32].any()
        assert min(x, y) >= 0
        assert x + 32 <= 150
        assert y + 32 <= HEIGHT
    # Not from one corner: places spread over the ground.
    assert np.ptp([x for x, _y in found]) > 80
    assert np.ptp([y for _x, y in found]) > 120


def test_a_seed_says_which(write, black):
    scene = write("holed.tif", black)
    assert corners(draw([scene], seed=4)) == corners(draw([scene], seed=4))
    assert corners(draw([scene], seed=4)) != corners(draw([scene], seed=5))


def test_scenes_share_by_their_ground(write):
    """Of places where a window can begin the small scene has 69 * 169 and the large 269 * 169: a fifth."""
    small, large = (
        write(name, np.zeros((HEIGHT, width), bool)) for name, width in (("s.tif", 100), ("large.tif", 300))
    )
    found = [place.scene for place in draw([small, large], count=500)]
    assert found.count(small) / 500 == pytest.approx(69 / (69 + 269), abs=0.06)
    assert found == sorted(found, key=lambda scene: scene != small)


def test_finer_scenes_are_drawn_from_as_they_are_read(write):
    """At 0.1 m a window of 16 m is 160 px, read at a quarter: 40 px."""
    scene = write("fine.tif", np.zeros((800, 900), bool), gsd_m=0.1)
    windows = [place.window(INPUT, in_surroundings=True) for place in draw([scene], count=20)]
    assert {(window.side_px, window.scale) for window in windows} == {(40, 4)}
    assert all(0 <= window.x <= 225 - 40 and 0 <= window.y <= 200 - 40 for window in windows)


@pytest.mark.parametrize("shape", [(20, 20), (HEIGHT, WIDTH)])
def test_too_little_ground_is_refused(write, shape):
    with pytest.raises(Refused, match=r"Hardly a window finds room on the ground of none\.tif"):
        draw([write("none.tif", np.ones(shape, bool))])


def test_more_windows_than_there_are_places_are_refused(write):
    """Three by three places."""
    with pytest.raises(Refused, match="Hardly a window"):
        draw([write("tiny.tif", np.zeros((34, 34), bool))], count=10)


def test_windows_of_one_square_of_ground_share_a_fold(write):
    scene = write("whole.tif", np.zeros((HEIGHT, WIDTH), bool))
    windows = [place.window(INPUT, in_surroundings=True) for place in draw([scene], count=300)]
    folds = fold_numbers(windows, 0)
    squares = {}
    for window, fold in zip(windows, folds, strict=True):
        squares.setdefault(((window.x + 16) // 128, (window.y + 16) // 128), set()).add(fold)
    assert len(squares) == 6
    assert all(len(numbers) == 1 for numbers in squares.values())
    assert len(set(folds)) == 5
    assert windows_digest(windows) != windows_digest(windows[1:])


def test_ground_that_cannot_be_left_out_is_refused(write):
    scene = write("small.tif", np.zeros((90, 90), bool))
    windows = [place.window(INPUT, in_surroundings=True) for place in draw([scene])]
    with pytest.raises(Refused, match="so small that no part of their ground can be left out"):
        fold_numbers(windows, 0)
