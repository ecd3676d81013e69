"""A picture that everybody can check, and how a scene is seen through each of its doors."""

from io import BytesIO

import numpy as np
from PIL import Image

from damage.ingestion.models import Scene
from damage.ingestion.rasters import max_zoom, read_pixel_tile, read_square, squares_of
from damage.ingestion.reading import Pixels, SceneReader
from damage.ingestion.scene_sources import source_of

PATCH_PX = 32
# Two rows of three colours, no two alike in any channel, and in none the same when two channels change places.
COLOURS = np.array(
    [
        [(200, 30, 60), (20, 180, 90), (40, 70, 220)],
        [(240, 210, 130), (90, 120, 30), (160, 100, 190)],
    ],
    np.uint8,
)


def picture() -> np.ndarray:
    """Six patches of 32 px (64, 96, 3)."""
    return COLOURS.repeat(PATCH_PX, axis=0).repeat(PATCH_PX, axis=1)


def middles(pixels: np.ndarray) -> np.ndarray:
    """The colours in the middles of patches of a picture: JPEG blurs where they meet."""
    return pixels[PATCH_PX // 2 :: PATCH_PX, PATCH_PX // 2 :: PATCH_PX].astype(int)


def tile_of(scene: Scene) -> np.ndarray:
    """The scene's pixels (H, W, 3), small ones, as its tile shows them."""
    tile = read_pixel_tile(scene.view_path, max_zoom(scene.width_px, scene.height_px), 0, 0)
    return tile[: scene.height_px, : scene.width_px]


def crops_of(scene: Scene) -> np.ndarray:
    """The scene's pixels (H, W, 3), put together of squares that are cut from it one by one and all at once."""
    corners = [
        (x, y) for y in range(0, scene.height_px, PATCH_PX) for x in range(0, scene.width_px, PATCH_PX)
    ]
    together = np.zeros((scene.height_px, scene.width_px, 3), np.uint8)
    with squares_of(scene.path, orientation=scene.exif_orientation) as square_at:
        for x, y in corners:
            square = read_square(scene.path, x, y, PATCH_PX, orientation=scene.exif_orientation)
            assert (square == square_at(x, y, PATCH_PX)).all()
            together[y : y + PATCH_PX, x : x + PATCH_PX] = square
    return together


def window_of(scene: Scene, *, scale: int = 1) -> Pixels:
    """The scene as a prediction reads it, at 1/`scale` of its size."""
    return SceneReader().read(
        source_of(scene), scale, (0, 0, scene.width_px // scale, scene.height_px // scale)
    )


def check_is_seen(scene: Scene, expected: np.ndarray, *, lossy: int = 0) -> None:
    """Tile, crops and what a prediction reads show the picture; those of lossy files nearly."""
    assert (scene.height_px, scene.width_px) == expected.shape[:2]
    assert abs(middles(tile_of(scene)) - middles(expected)).max() <= 6 + lossy  # views are JPEG
    assert abs(middles(crops_of(scene)) - middles(expected)).max() <= lossy
    seen = window_of(scene).bands.transpose(1, 2, 0)
    assert abs(middles(seen) - middles(expected)).max() <= lossy
    if not lossy:
        assert (crops_of(scene) == expected).all()
        assert (seen == expected).all()


def map_tile_colours(content: bytes) -> set[tuple[int, int, int]]:
    """The colours of an opaque map tile, to the nearest ten."""
    with Image.open(BytesIO(content)) as tile:
        pixels = np.asarray(tile.convert("RGBA"))
    opaque = pixels[pixels[..., 3] == 255][:, :3]
    return {tuple(colour) for colour in (np.round(opaque / 10).astype(int) * 10).tolist()}
