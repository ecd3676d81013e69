"""Patterns that repeat without a seam, drawn once a town and looked up in metres. Pure."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

TILE_PX = 1024  # a power of two: places wrap by masking
RUBBLE_PIECES = 9000
MOST_PIECE_M = 0.34


@dataclass(frozen=True)
class Textures:
    """Square tiles of `TILE_PX`, each float32 unless said otherwise.

    `cloud` is soft and `grain` is sharp noise, both of mean 0 and deviation 1. Of rubble, `piece_height_m` is
    how high the pieces lie, `piece_tone` their brightness (mean about 1), `piece_kind` (uint8) tells
    concrete (0), brick or tile (1) and wood (2) apart.
    """

    gsd_m: float
    cloud: np.ndarray
    grain: np.ndarray
    piece_height_m: np.ndarray
    piece_tone: np.ndarray
    piece_kind: np.ndarray

    def at(self, tile: np.ndarray, u: np.ndarray, v: np.ndarray, seed: int, scale: float = 1.0) -> np.ndarray:
        """Look a tile up at places in metres; `scale` above 1 makes the pattern larger, `seed` shifts it."""
        step = np.float32(1 / (self.gsd_m * scale))
        columns = (u * step).astype(np.int32) + seed % 7919 & TILE_PX - 1
        rows = (v * step).astype(np.int32) + seed % 6997 & TILE_PX - 1
        return np.take(tile.reshape(-1), rows * TILE_PX + columns)


def textures(rng: np.random.Generator, *, gsd_m: float) -> Textures:
    """Draw the patterns for pixels of this size."""
    heights, tones, kinds = _rubble(rng, gsd_m)
    return Textures(
        gsd_m=gsd_m,
        cloud=_cloud(rng, gsd_m),
        grain=rng.standard_normal((TILE_PX, TILE_PX), dtype=np.float32),
        piece_height_m=heights,
        piece_tone=tones,
        piece_kind=kinds,
    )


def broad_noise(rng: np.random.Generator, size_px: int, *, cell_px: float) -> np.ndarray:
    """Smooth noise over a whole town, mean 0 and deviation about 1, its lumps `cell_px` across."""
    count = max(3, int(size_px / cell_px) + 2)
    small = Image.fromarray(rng.standard_normal((count, count), dtype=np.float32))
    return np.asarray(small.resize((size_px, size_px), Image.Resampling.BICUBIC))


def _cloud(rng: np.random.Generator, gsd_m: float) -> np.ndarray:
    """Noise whose lumps have all sizes from a pixel to about four metres (1/f in between)."""
    spectrum = np.fft.rfft2(rng.standard_normal((TILE_PX, TILE_PX), dtype=np.float32))
    fy, fx = np.fft.fftfreq(TILE_PX)[:, None], np.fft.rfftfreq(TILE_PX)[None]
    frequency = np.hypot(fx, fy)
    noise = np.fft.irfft2(spectrum / np.maximum(frequency, gsd_m / 4.0), s=(TILE_PX, TILE_PX))
    return (noise / noise.std()).astype(np.float32)


def _rubble(rng: np.random.Generator, gsd_m: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pieces of all sizes thrown on each other, large ones first, each a tilted plate of four corners."""
    heights, tones = Image.new("L", (TILE_PX, TILE_PX), 60), Image.new("L", (TILE_PX, TILE_PX), 110)
    kinds = Image.new("L", (TILE_PX, TILE_PX), 0)
    pens = [ImageDraw.Draw(one) for one in (heights, tones, kinds)]
    sizes_m = np.sort(np.clip(0.16 * rng.pareto(1.5, RUBBLE_PIECES) + 0.1, 0.1, 2.6))[::-1]
    for size_m in sizes_m:
        corners = _piece(rng, size_m / gsd_m)
        kind = int(rng.choice(3, p=(0.7, 0.24, 0.06)))
        if kind == 2:
            corners = _stick(rng, rng.uniform(1.2, 3.0) / gsd_m, 0.09 / gsd_m)
        values = (int(rng.integers(40, 255)), int(np.clip(rng.normal(128, 30), 45, 225)), kind)
        offset = rng.uniform(0, TILE_PX, 2)
        for shift in _wrapped(corners + offset):
            for pen, value in zip(pens, values, strict=True):
                pen.polygon([tuple(corner) for corner in shift], fill=value)
    height = np.asarray(heights, np.float32) / 255 * MOST_PIECE_M
    height = ndimage.gaussian_filter(height, 0.04 / gsd_m, mode="wrap")
    return height, np.asarray(tones, np.float32) / 120, np.asarray(kinds)


def _piece(rng: np.random.Generator, size: float) -> np.ndarray:
    """An irregular plate of four to six corners round the origin."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 7))))
    radii = rng.uniform(0.6, 1.0, len(angles)) * size / 2
    turn = rng.uniform(0, np.pi)
    x, y = np.cos(angles) * radii, np.sin(angles) * radii * rng.uniform(0.45, 1.0)
    return np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)


def _stick(rng: np.random.Generator, length: float, width: float) -> np.ndarray:
    turn = rng.uniform(0, np.pi)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    width = max(width, 1.2)
    return np.array(
        [along * a * length / 2 + across * b * width / 2 for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    )


def _wrapped(corners: np.ndarray) -> list[np.ndarray]:
    """The shape, and its copies where it crosses the tile's edge."""
    shapes = [corners]
    for axis in (0, 1):
        low, high = corners[:, axis].min() < 0, corners[:, axis].max() > TILE_PX
        if low or high:
            move = np.zeros(2)
            move[axis] = TILE_PX if low else -TILE_PX
            shapes += [shape + move for shape in shapes]
    return shapes
