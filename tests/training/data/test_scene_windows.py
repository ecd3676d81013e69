"""Training windows are what a prediction will look at: of the model's size, in their real surroundings."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from damage.ingestion.models import Scene
from damage.ingestion.reading import SceneReader, Source
from damage.ingestion.services import ingest_mosaic
from prediction.layouts import TileLayout
from prediction.tiles import tile_image
from prediction.windows import Grid
from tagging.models import Crop
from tests.training.short_lite import SHORT_LITE
from training.data.crop_files import CropImage
from training.data.crop_images import crop_windows
from training.data.scene_windows import SceneWindow
from training.networks.dense import AFTER_PX, BEFORE_PX, input_px
from training.networks.model_input import ModelInput

WIDTH, HEIGHT, SIDE = 150, 120, 32
CROP = CropImage("0" * 64, lambda: b"")


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(1, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def path(tmp_path, pixels):
    path = tmp_path / "scene.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=WIDTH, height=HEIGHT, count=3, dtype="uint8",
        crs="EPSG:32614", transform=from_origin(500_000, 2_000_000, 0.5, 0.5),
    ) as dataset:  # fmt: skip
        dataset.write(pixels.transpose(2, 0, 1))
    return path


def window(path, x, y, *, side_px=SIDE, scale=1, in_surroundings=True):
    return SceneWindow(
        CROP, Source(str(path)), "a scene", WIDTH, HEIGHT, scale, x, y, side_px, in_surroundings
    )


@pytest.mark.parametrize(("x", "y"), [(60, 50), (0, 0), (WIDTH - SIDE, HEIGHT - SIDE)])
def test_a_window_stands_in_what_lies_around_it_mirrored_at_the_scenes_edge(path, pixels, x, y):
    with closing(SceneReader()) as scenes:
        seen = window(path, x, y).dense_input(SIDE, scenes)
    margin = 90
    around = np.pad(pixels, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
    left, top = x + margin - BEFORE_PX, y + margin - BEFORE_PX
    assert seen.shape[0] == input_px(SIDE) >= BEFORE_PX + SIDE + AFTER_PX
    assert np.array_equal(seen, around[top : top + input_px(SIDE), left : left + input_px(SIDE)])


def test_it_is_scaled_as_the_tiles_of_a_mosaic_are(path):
    side_px, network_px, tile_px = 24, 64, 64
    layout = TileLayout(Grid(WIDTH, HEIGHT, side_px, side_px), network_px, tile_px=tile_px)
    with closing(SceneReader()) as scenes:
        tile = tile_image(scenes.read(Source(str(path)), 1, (0, 0, WIDTH, HEIGHT)), layout, 1, 2)
        seen = window(path, 2 * side_px, side_px, side_px=side_px).dense_input(network_px, scenes)
    assert np.array_equal(seen, tile.transpose(1, 2, 0))


def test_a_window_alone_is_mirrored_in_itself(path, pixels):
    square = pixels[50 : 50 + SIDE, 60 : 60 + SIDE]
    after = input_px(SIDE) - SIDE - BEFORE_PX
    with closing(SceneReader()) as scenes:
        alone = window(path, 60, 50, in_surroundings=False)
        seen, shown = alone.prepared(replace(SHORT_LITE, size_px=SIDE), scenes), alone.square(SIDE, scenes)
    padded = np.pad(square, ((BEFORE_PX, after), (BEFORE_PX, after), (0, 0)), mode="reflect")
    assert np.array_equal(shown, square)
    assert np.array_equal(seen, padded)


def test_a_reduced_scene_is_read_reduced(path, pixels):
    with closing(SceneReader()) as scenes:
        seen = window(path, 10, 20, side_px=16, scale=2).square(16, scenes)
    means = pixels[40:72, 20:52].reshape(16, 2, 16, 2, 3).mean((1, 3))
    assert np.array_equal(seen, np.floor(means + 0.5))


@pytest.mark.parametrize(
    "changes",
    [
        {"x": 1},
        {"y": 1},
        {"side_px": 33},
        {"scale": 2},
        {"in_surroundings": False},
        {"scene_sha256": "other"},
    ],
)
def test_whatever_changes_its_pixels_changes_its_digest(path, changes):
    assert window(path, 0, 0).sha256 == window(path.with_name("moved.tif"), 0, 0).sha256
    assert replace(window(path, 0, 0), **changes).sha256 != window(path, 0, 0).sha256


@pytest.fixture
def scene(event, path):
    return ingest_mosaic(path, event=event.name, town="Norte").scene


def crop_of(scene: Scene | None, **place) -> Crop:
    return Crop(scene=scene, sha256="1" * 64, **place)


MODEL = ModelInput(input_size_px=64, crop_size_px=40, crop_size_m=20.0)


def test_windows_are_of_the_models_size_around_the_middle_of_the_crop(db, scene):
    (found,) = crop_windows([crop_of(scene, x_px=50, y_px=30, size_px=20)], MODEL, in_surroundings=True)
    assert isinstance(found, SceneWindow)
    # 20 m are 40 px of 0.5 m; the crop's middle is (60, 40).
    assert (found.x, found.y, found.side_px, found.scale) == (40, 20, 40, 1)
    assert found.scene_sha256 == scene.sha256


def test_where_no_prediction_could_look_the_crop_is_taken_as_it_is(db, scene, tmp_path):
    place = {"x_px": 50, "y_px": 30, "size_px": 20}
    coarse = ModelInput(
        input_size_px=64, crop_size_px=400, crop_size_m=20.0
    )  # 5 cm a pixel, the scene has 50
    lost = crop_of(Scene(in_place_path=str(tmp_path / "gone.tif"), gsd_m=0.5), **place)
    found = [
        *crop_windows([crop_of(None, size_px=20)], MODEL, in_surroundings=True),
        *crop_windows([crop_of(scene, **place)], coarse, in_surroundings=True),
        *crop_windows([lost], MODEL, in_surroundings=True),
    ]
    assert [type(each) for each in found] == [CropImage] * 3


def test_photos_are_left_alone_where_they_may_not_be_decoded(db, event, tmp_path):
    from damage.ingestion.services import ingest_photo

    path = tmp_path / "photo.png"
    Image.fromarray(np.zeros((120, 150, 3), np.uint8)).save(path)
    photo = ingest_photo(path, event=event.name, town="Norte").scene
    crop = crop_of(photo, x_px=50, y_px=30, size_px=20)
    (decoded,) = crop_windows([crop], MODEL, in_surroundings=True)
    (kept,) = crop_windows([crop], MODEL, in_surroundings=True, photos=False)
    assert isinstance(decoded, SceneWindow)
    assert isinstance(kept, CropImage)
