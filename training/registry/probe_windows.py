"""Windows that any machine makes alike, to see whether a model that travelled still gives the same scores. Pure."""

import hashlib

import numpy as np

# Sides of the squares of one colour, in pixels, and how far colours lie from grey.
GRAINS_PX, SPREADS = (1, 4, 16), (20, 60, 120)


def probe_windows(size_px: int) -> np.ndarray:
    """Return noise of several grains and contrasts, uint8 (9, size_px, size_px, 3); the same in any numpy."""
    return np.stack([_noise(size_px, grain_px, spread) for grain_px in GRAINS_PX for spread in SPREADS])


def _noise(size_px: int, grain_px: int, spread: int) -> np.ndarray:
    cells = -(-size_px // grain_px)
    drawn = hashlib.shake_256(f"damage probe {grain_px} {spread}".encode()).digest(cells * cells * 3)
    coarse = np.frombuffer(drawn, np.uint8).reshape(cells, cells, 3).astype(int)
    colours = (128 + (coarse - 128) * spread // 128).astype(np.uint8)
    return colours.repeat(grain_px, axis=0).repeat(grain_px, axis=1)[:size_px, :size_px]
