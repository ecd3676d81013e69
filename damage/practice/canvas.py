"""The picture under way: what colour the ground has and how high it lies; and light on it. Pure."""

from dataclasses import dataclass
from math import ceil, cos, hypot, log2, sin, tan

import numpy as np
from scipy import ndimage

from damage.practice.looks import Colour, Look
from damage.practice.plan import Place

STRIP_ROWS = 256
# What the sky gives to all and the sun to flat ground, by red, green, blue.
SKY = np.array([0.41, 0.435, 0.475], np.float32)
SUN = np.array([0.62, 0.60, 0.56], np.float32)
STEEPEST = 1.3  # a wall seen from above is one pixel wide; its slope must not outshine the town


@dataclass(frozen=True)
class Canvas:
    """`colour` uint8 (size, size, 3) without light; `height_m` float32 (size, size) above the ground."""

    gsd_m: float
    colour: np.ndarray
    height_m: np.ndarray

    @property
    def size_px(self) -> int:
        return int(self.height_m.shape[0])


@dataclass(frozen=True)
class Patch:
    """The part of a canvas round a place; `u` along and `v` across the place, in metres from its centre."""

    rows: slice
    columns: slice
    u: np.ndarray
    v: np.ndarray


def blank_canvas(size_m: float, gsd_m: float) -> Canvas:
    size_px = round(size_m / gsd_m)
    return Canvas(gsd_m, np.zeros((size_px, size_px, 3), np.uint8), np.zeros((size_px, size_px), np.float32))


def patch_round(canvas: Canvas, place: Place, *, margin_m: float = 0.0) -> Patch | None:
    """The patch that a place covers with a margin; None where it lies outside the canvas."""
    # Plain floats keep the arrays float32.
    c, s = float(cos(place.angle_rad)), float(sin(place.angle_rad))
    half_u, half_v = place.width_m / 2 + margin_m, place.depth_m / 2 + margin_m
    reach_x, reach_y = abs(c) * half_u + abs(s) * half_v, abs(s) * half_u + abs(c) * half_v
    columns = _span(place.x_m, reach_x, canvas)
    rows = _span(place.y_m, reach_y, canvas)
    if columns.stop <= columns.start or rows.stop <= rows.start:
        return None
    x = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5) * canvas.gsd_m - float(place.x_m)
    y = ((np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5) * canvas.gsd_m - float(place.y_m))[
        :, None
    ]
    return Patch(rows, columns, x * c + y * s, y * c - x * s)


def _span(centre_m: float, reach_m: float, canvas: Canvas) -> slice:
    first = int((centre_m - reach_m) / canvas.gsd_m)
    return slice(max(0, first), min(canvas.size_px, ceil((centre_m + reach_m) / canvas.gsd_m) + 1))


def rgb(colour: Colour | tuple[int, int, int]) -> np.ndarray:
    """A colour as float32, so that arrays made with it stay small."""
    return np.array(colour, np.float32)


def paint(
    canvas: Canvas,
    patch: Patch,
    cover: np.ndarray,
    colour: np.ndarray | Colour,
    height_m: np.ndarray | float | None = None,
) -> None:
    """Lay a colour over a patch where `cover` (0 to 1, or a mask) says, and set the height where it is over half."""
    below = canvas.colour[patch.rows, patch.columns]
    share = cover.astype(np.float32)[..., None]
    mixed = below * (1 - share) + np.asarray(colour, np.float32) * share
    canvas.colour[patch.rows, patch.columns] = np.clip(mixed, 0, 255).astype(np.uint8)
    if height_m is not None:
        heights = canvas.height_m[patch.rows, patch.columns]
        canvas.height_m[patch.rows, patch.columns] = np.where(cover > 0.5, height_m, heights)


def lit(canvas: Canvas, look: Look) -> np.ndarray:
    """The canvas in the sun: shaded slopes, cast shadows, haze; uint8 (size, size, 3)."""
    to_sun = np.array([sin(look.sun_azimuth_rad), -cos(look.sun_azimuth_rad)])  # x east, y south
    shade = _shadow(canvas, to_sun, look.sun_elevation_rad)
    image = np.empty_like(canvas.colour)
    sun = SUN * np.array([1 + look.warmth, 1.0, 1 - look.warmth], np.float32)
    for top in range(0, canvas.size_px, STRIP_ROWS):
        rows = slice(top, top + STRIP_ROWS)
        slope = _slope_light(canvas, rows, to_sun, look.sun_elevation_rad)
        light = SKY + (slope * (1 - shade[rows]))[..., None] * sun
        colour = canvas.colour[rows] * light
        colour = colour * (1 - look.haze) + 205 * look.haze
        image[rows] = np.clip(colour, 0, 255).astype(np.uint8)
    return image


def _slope_light(canvas: Canvas, rows: slice, to_sun: np.ndarray, elevation_rad: float) -> np.ndarray:
    """Lambert's cosine of each pixel's slope, relative to flat ground."""
    top, bottom = max(rows.start - 1, 0), min(rows.stop + 1, canvas.size_px)
    heights = canvas.height_m[top:bottom]
    down, right = np.gradient(heights, canvas.gsd_m)
    inner = slice(rows.start - top, rows.start - top + min(rows.stop, canvas.size_px) - rows.start)
    down, right = (np.clip(one[inner], -STEEPEST, STEEPEST) for one in (down, right))
    towards = -(right * to_sun[0] + down * to_sun[1]) / tan(elevation_rad)
    cosine = (1 + towards) / np.sqrt(1 + right * right + down * down)
    return np.clip(cosine, 0, 1.35).astype(np.float32)


def _shadow(canvas: Canvas, to_sun: np.ndarray, elevation_rad: float) -> np.ndarray:
    """How far each pixel lies in shadow, 0 to 1.

    The surface that the sun just skims is the maximum over steps s of height(p + s * to_sun) - s * tan(elevation);
    steps double, so that a shadow of n pixels costs log2(n) passes over the canvas.
    """
    step_m = canvas.gsd_m * tan(elevation_rad)
    longest_px = float(canvas.height_m.max()) / step_m + 2
    skimmed = _moved(canvas.height_m, to_sun, 1, step_m)
    for power in range(ceil(log2(max(longest_px, 2)))):
        distance = 2**power
        moved = _moved(skimmed, to_sun, distance, step_m * distance)
        np.maximum(skimmed, moved, out=skimmed)
    depth = skimmed - canvas.height_m
    shade = np.clip(depth / 0.12, 0, 1)
    return ndimage.uniform_filter(shade, 3)


def _moved(heights: np.ndarray, to_sun: np.ndarray, distance_px: int, lower_by_m: float) -> np.ndarray:
    """The heights as seen `distance_px` nearer to the sun; outside the canvas lies nothing high."""
    right, down = (round(float(part) * distance_px) for part in to_sun / hypot(*to_sun))
    moved = np.full_like(heights, -100.0)
    rows, columns = heights.shape
    into = (slice(max(0, -down), rows - max(0, down)), slice(max(0, -right), columns - max(0, right)))
    source = (slice(max(0, down), rows - max(0, -down)), slice(max(0, right), columns - max(0, -right)))
    moved[into] = heights[source] - np.float32(lower_by_m)
    return moved
