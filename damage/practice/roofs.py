"""Draws roofs that stand: tiles on a gable or a hip, flat concrete with what stands on it, corrugated metal. Pure."""

from math import pi

import numpy as np

from damage.practice.canvas import Canvas, Patch, paint, patch_round, rgb
from damage.practice.plan import Building, Place
from damage.practice.textures import Textures

TILE_ROW_M, TILE_COLUMN_M, CORRUGATION_M = 0.34, 0.26, 0.3
PITCH = {"gable": 0.5, "hip": 0.5, "metal": 0.16}
PARAPET_M, PARAPET_WIDTH_M = 0.55, 0.24
TANKS = ((36, 38, 42), (206, 208, 206), (52, 92, 150))


def draw_roof(canvas: Canvas, building: Building, pattern: Textures) -> None:
    """Draw the whole roof of a building that stands."""
    patch = patch_round(canvas, building.place)
    if patch is None:
        return
    colour, height_m = roof(building, patch, pattern)
    paint(canvas, patch, inside(building.place, patch), colour, height_m)
    if building.roof == "flat":
        _furnish(canvas, building)


def inside(place: Place, patch: Patch) -> np.ndarray:
    return (abs(patch.u) < place.width_m / 2) & (abs(patch.v) < place.depth_m / 2)


def roof(building: Building, patch: Patch, pattern: Textures) -> tuple[np.ndarray, np.ndarray]:
    """Colour (h, w, 3) and height in metres (h, w) of a roof, valid inside the building's place."""
    return {"gable": _tiled, "hip": _tiled, "flat": _flat, "metal": _metal}[building.roof](
        building, patch, pattern
    )


def _tiled(building: Building, patch: Patch, pattern: Textures) -> tuple[np.ndarray, np.ndarray]:
    half_u, half_v = building.place.width_m / 2, building.place.depth_m / 2
    from_eaves = half_v - abs(patch.v)
    along = patch.u
    if building.roof == "hip":
        is_end = half_u - abs(patch.u) < from_eaves
        along = np.where(is_end, patch.v, patch.u)
        from_eaves = np.minimum(from_eaves, half_u - abs(patch.u))
    row = np.floor(from_eaves / TILE_ROW_M)
    waves = np.sin(along * (2 * pi / TILE_COLUMN_M))
    lip = (from_eaves / TILE_ROW_M - row) < 0.22
    each = pattern.at(pattern.grain, np.floor(along / TILE_COLUMN_M) * 1.7, row * 1.3, building.seed)
    lumps = pattern.at(pattern.cloud, patch.u, patch.v, building.seed, 2.0)
    light = 1 + 0.07 * waves - 0.16 * lip + 0.06 * each + 0.06 * lumps
    colour = rgb(building.colour) * light[..., None]
    is_ridge = abs(patch.v) < 0.16
    if building.roof == "hip":
        is_ridge = abs((half_v - abs(patch.v)) - (half_u - abs(patch.u))) < 0.16
        is_ridge |= (abs(patch.v) < 0.16) & (half_u - abs(patch.u) > half_v)
    colour = np.where(is_ridge[..., None], colour * 0.6 + 76, colour)
    height = building.height_m + from_eaves * PITCH[building.roof] + 0.02 * waves
    return colour, height


def _metal(building: Building, patch: Patch, pattern: Textures) -> tuple[np.ndarray, np.ndarray]:
    half_v = building.place.depth_m / 2
    ribs = np.sin(patch.u * (2 * pi / CORRUGATION_M))
    sheet = pattern.at(
        pattern.grain, np.floor(patch.u / 0.9) * 1.3, np.floor(patch.v / 2.4) * 1.9, building.seed
    )
    streaks = pattern.at(pattern.cloud, patch.u * 2.5, patch.v * 0.35, building.seed)
    lumps = pattern.at(pattern.cloud, patch.u, patch.v, building.seed + 11, 2.0)
    light = 1 + 0.05 * ribs + 0.055 * sheet
    seams = (patch.u % 0.9 < 0.05) | (patch.v % 2.4 < 0.06)
    colour = rgb(building.colour) * (light - 0.12 * seams)[..., None]
    rust = np.clip(streaks * 0.5 + lumps * 0.4 - 0.35, 0, 0.75)[..., None]
    colour = colour * (1 - rust) + rgb((138, 86, 58)) * rust
    height = building.height_m + (half_v - abs(patch.v)) * PITCH["metal"] + 0.015 * ribs
    return colour, height


def _flat(building: Building, patch: Patch, pattern: Textures) -> tuple[np.ndarray, np.ndarray]:
    half_u, half_v = building.place.width_m / 2, building.place.depth_m / 2
    to_edge = np.minimum(half_u - abs(patch.u), half_v - abs(patch.v))
    stains = pattern.at(pattern.cloud, patch.u, patch.v, building.seed, 1.6)
    fine = pattern.at(pattern.grain, patch.u, patch.v, building.seed)
    damp = np.clip(stains - 0.4, 0, 1.5) * 0.14 + np.clip(0.9 - to_edge, 0, 0.9) * 0.1
    light = 1 + 0.035 * stains + 0.02 * fine - damp
    colour = rgb(building.colour) * light[..., None]
    is_parapet = to_edge < PARAPET_WIDTH_M
    colour = np.where(is_parapet[..., None], colour * 0.55 + 92, colour)
    return colour, building.height_m + np.where(is_parapet, PARAPET_M, 0.0)


def _furnish(canvas: Canvas, building: Building) -> None:
    """Water tanks, solar panels and a stair head stand on flat roofs."""
    rng = np.random.default_rng(building.seed)
    place, top_m = building.place, building.height_m
    if rng.random() < 0.6:
        draw_box(canvas, _on(place, rng, 2.4, 2.2), rgb(building.colour) * 1.08, top_m + 2.2)
    for _ in range(int(rng.integers(0, 4))):
        tank = TANKS[int(rng.integers(len(TANKS)))]
        draw_drum(canvas, _on(place, rng, 1.3, 1.3), tank, top_m + 1.5)
    if rng.random() < 0.45:
        _draw_panels(canvas, _on(place, rng, float(rng.choice([2.2, 4.3])), 1.8), top_m)


def _on(place: Place, rng: np.random.Generator, width_m: float, depth_m: float) -> Place:
    """A rectangle somewhere on a roof, turned like it."""
    room = np.maximum(0.0, [1 - (width_m + 1) / place.width_m, 1 - (depth_m + 1) / place.depth_m])
    along, across = rng.uniform(-0.5, 0.5, 2) * room
    return place.part(float(along), float(across), width_m, depth_m)


def draw_box(canvas: Canvas, place: Place, colour: np.ndarray, top_m: float) -> None:
    if patch := patch_round(canvas, place):
        paint(canvas, patch, inside(place, patch), np.clip(colour, 0, 240), top_m)


def draw_drum(canvas: Canvas, place: Place, colour: tuple[int, int, int], top_m: float) -> None:
    """An upright cylinder with a domed lid."""
    if patch := patch_round(canvas, place):
        radius = np.hypot(patch.u, patch.v) / (place.width_m / 2)
        dome = top_m + 0.25 * (1 - radius**2)
        paint(canvas, patch, radius < 1, rgb(colour) * (1.1 - 0.25 * radius[..., None]), dome)


def _draw_panels(canvas: Canvas, place: Place, top_m: float) -> None:
    if patch := patch_round(canvas, place):
        lines = (patch.u % 1.05 < 0.07) | (patch.v % 0.9 < 0.06)
        colour = np.where(lines[..., None], (150, 156, 164), (34, 46, 82))
        paint(canvas, patch, inside(place, patch), colour, top_m + 0.5 + patch.v * 0.25)
