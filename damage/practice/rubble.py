"""Draws what an earthquake leaves of a building. Pure."""

import numpy as np
from scipy import ndimage

from damage.practice.canvas import Canvas, Patch, paint, patch_round, rgb
from damage.practice.looks import Look
from damage.practice.plan import Building, Place
from damage.practice.roofs import roof
from damage.practice.textures import MOST_PIECE_M, Textures
from damage.practice.wrecks import partial_wreck

DUST = (188, 180, 166)
WOOD = (122, 92, 62)
BRICK = (164, 92, 70)


def draw_collapsed(canvas: Canvas, building: Building, look: Look, pattern: Textures) -> None:
    """A heap of slabs, blocks and broken tiles that spills over the building's outline, in a halo of dust."""
    rng = np.random.default_rng(building.seed)
    place = building.place
    patch = patch_round(canvas, place, margin_m=4.0)
    if patch is None:
        return
    beyond = _beyond(place, patch)
    ragged = beyond + _ragged(pattern, patch, building.seed)
    halo = np.clip(0.75 * np.exp(-np.clip(ragged, 0, None) / 1.5), 0, 1) * (ragged < 3.6)
    paint(canvas, patch, halo, _dust(look, pattern, patch, building.seed))
    heap = ragged < float(rng.uniform(0.3, 1.1))
    bulk_m = float(rng.uniform(0.5, 1.3)) * np.clip((1.2 - ragged) / (place.depth_m * 0.35), 0, 1)
    bulk_m = bulk_m * (1 + 0.3 * pattern.at(pattern.cloud, patch.u, patch.v, building.seed + 3, 1.5))
    _lay_rubble(canvas, patch, heap, building, look, pattern, bulk_m)
    high = pattern.at(pattern.piece_height_m, patch.u, patch.v, building.seed + 5) > 0.85 * MOST_PIECE_M
    scattered = (ragged < 3.0) & high
    _lay_rubble(canvas, patch, scattered & ~heap, building, look, pattern, np.zeros_like(bulk_m))
    for _ in range(int(rng.integers(2, 7))):
        _draw_slab(canvas, building, rng, pattern)


def draw_partial(canvas: Canvas, building: Building, look: Look, pattern: Textures) -> None:
    """Part of the roof fallen in, or a wall fallen out beside a roof that stands; over a roof already drawn."""
    patch = patch_round(canvas, building.place, margin_m=4.0)
    if patch is None:
        return
    place, wreck = building.place, partial_wreck(building)
    along, half = (patch.u, place.width_m / 2) if wreck.is_end else (patch.v, place.depth_m / 2)
    across, half_across = (patch.v, place.depth_m / 2) if wreck.is_end else (patch.u, place.width_m / 2)
    along = along * wreck.side
    ragged, beyond = _ragged(pattern, patch, building.seed), _beyond(place, patch)
    fallen = (beyond < 0) & (along > half * (1 - 2 * wreck.share) + 0.9 * ragged)
    outside = (beyond >= 0) & (along > half - 0.4) & (abs(across) < half_across * 1.08)
    spill = outside & (beyond + 0.9 * ragged < wreck.spill_m)
    dust = np.where(outside | fallen, 0.8 * np.exp(-np.clip(beyond, 0, None) / 2.2), 0)
    soft = ndimage.gaussian_filter(dust.astype(np.float32), 0.15 / canvas.gsd_m)
    paint(canvas, patch, soft, _dust(look, pattern, patch, building.seed))
    _lay_rubble(canvas, patch, fallen, building, look, pattern, np.full_like(along, 0.6))
    slope_m = np.clip(1 - beyond / wreck.spill_m, 0, 1) * 0.9
    _lay_rubble(canvas, patch, spill, building, look, pattern, slope_m)


def _beyond(place: Place, patch: Patch) -> np.ndarray:
    """How far outside the building's outline a pixel lies, in metres; negative inside."""
    out_u, out_v = abs(patch.u) - place.width_m / 2, abs(patch.v) - place.depth_m / 2
    corner = np.hypot(np.clip(out_u, 0, None), np.clip(out_v, 0, None))
    return np.asarray(np.where((out_u > 0) & (out_v > 0), corner, np.maximum(out_u, out_v)))


def _ragged(pattern: Textures, patch: Patch, seed: int) -> np.ndarray:
    """Noise in metres that makes an edge irregular."""
    broad = pattern.at(pattern.cloud, patch.u, patch.v, seed, 2.2)
    return np.asarray(0.8 * broad + 0.25 * pattern.at(pattern.cloud, patch.u, patch.v, seed + 17, 0.6))


def _dust(look: Look, pattern: Textures, patch: Patch, seed: int) -> np.ndarray:
    lumps = pattern.at(pattern.cloud, patch.u, patch.v, seed)
    fine = pattern.at(pattern.grain, patch.u, patch.v, seed)
    return np.asarray((rgb(DUST) * 0.7 + rgb(look.soil) * 0.3) + (lumps * 9 + fine * 8)[..., None])


def _lay_rubble(
    canvas: Canvas,
    patch: Patch,
    cover: np.ndarray,
    building: Building,
    look: Look,
    pattern: Textures,
    bulk_m: np.ndarray,
) -> None:
    """Cover part of a patch with pieces of the building, on a heap of the given height."""
    tone, kind, lie_m = (
        pattern.at(tile, patch.u, patch.v, building.seed)
        for tile in (pattern.piece_tone, pattern.piece_kind, pattern.piece_height_m)
    )
    has_tiles = building.roof in ("gable", "hip")
    brick = np.array(building.colour if has_tiles else BRICK)
    concrete = rgb(DUST) * 0.7 + rgb(look.soil) * 0.32
    table = np.array([concrete, brick * 0.7 + concrete * (0.3 if has_tiles else 0.35), WOOD])
    if building.roof == "metal":
        table[1] = rgb(building.colour) * 0.9
    dusty = np.clip(0.36 + 0.2 * pattern.at(pattern.cloud, patch.u, patch.v, building.seed + 9, 1.5), 0, 0.7)
    colour = table[kind] * tone[..., None]
    colour = colour * (1 - dusty[..., None]) + rgb(DUST) * dusty[..., None]
    paint(canvas, patch, cover, colour, bulk_m + lie_m * 0.8)


def _draw_slab(canvas: Canvas, building: Building, rng: np.random.Generator, pattern: Textures) -> None:
    """A large piece of the roof that lies tilted on the heap."""
    along, across = rng.uniform(-0.38, 0.38, 2)
    size_m = float(rng.uniform(1.6, 4.2)), float(rng.uniform(1.2, 2.8))
    slab = building.place.part(float(along), float(across), *size_m, float(rng.normal(0, 0.5)))
    patch = patch_round(canvas, slab)
    if patch is None:
        return
    ragged = 0.22 * pattern.at(pattern.cloud, patch.u, patch.v, building.seed + 23)
    cover = (abs(patch.u) + ragged < slab.width_m / 2) & (abs(patch.v) + ragged < slab.depth_m / 2)
    colour, _ = roof(building, patch, pattern)
    dusty = colour * 0.55 + rgb(DUST) * 0.4
    tilt = rng.uniform(-0.3, 0.3, 2)
    paint(canvas, patch, cover, dusty, 1.1 + patch.u * tilt[0] + patch.v * tilt[1])
