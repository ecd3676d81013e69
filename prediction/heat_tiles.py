"""A run's heat map as web-mercator tiles, coloured for the eye."""

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from damage.ingestion.map_tiles import map_tile

# The colours of the map's scores (static/js/lib/scores.js), here without steps, and how much they cover (0-255):
# little is drawn where the score is low, so that the picture underneath stays to be seen.
STOPS = (0.0, 0.2, 0.5, 0.7, 0.85, 0.95, 1.0)
COLOURS = np.array(
    [
        (255, 243, 176, 0),
        (255, 243, 176, 30),
        (255, 197, 61, 130),
        (255, 122, 26, 170),
        (224, 22, 75, 195),
        (138, 10, 143, 210),
        (138, 10, 143, 215),
    ]
)


def coloured(scores: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Scores (h, w) from 0 to 1 as RGBA (h, w, 4), uint8; transparent where nothing is known."""
    bands = [np.interp(scores, STOPS, band) for band in COLOURS.T]
    rgba = (np.stack(bands, axis=-1) + 0.5).astype(np.uint8)
    rgba[~known] = 0
    return rgba


def read_heat_tile(path: Path, z: int, x: int, y: int) -> bytes:
    """A tile of 256 px as WebP; raises `OutsideScene` where the heat map does not reach."""
    tile = map_tile(path, z, x, y, bands=lambda dataset: (1,))
    known = tile.mask > 0
    rgba = coloured(np.where(known, tile.data[0], 0), known)
    content = BytesIO()
    Image.fromarray(rgba).save(content, "WEBP", quality=80)
    return content.getvalue()
