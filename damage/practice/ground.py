"""Draws what lies on the ground: open land, streets with their markings, yards and their walls. Pure."""

import numpy as np
from PIL import Image, ImageDraw

from damage.practice.canvas import STRIP_ROWS, Canvas, paint, patch_round, rgb
from damage.practice.looks import Colour, Look
from damage.practice.plan import AVENUE_M, Plan, Street, Yard
from damage.practice.textures import TILE_PX, Textures, broad_noise

LAND, PAVEMENT, ASPHALT, DIRT, MARKING = range(5)
PAVEMENT_M = 1.5
DASH_M, GAP_M = 3.0, 4.0
WALLS: tuple[Colour, ...] = ((196, 190, 180), (168, 160, 150), (170, 120, 96), (214, 210, 204))


def draw_ground(canvas: Canvas, plan: Plan, look: Look, pattern: Textures, rng: np.random.Generator) -> None:
    """Fill the canvas with land and streets."""
    kinds = _kinds(canvas, plan)
    size = canvas.size_px
    green = broad_noise(rng, size, cell_px=12 / canvas.gsd_m)
    worn = broad_noise(rng, size, cell_px=16 / canvas.gsd_m)
    soil, grass = np.array(look.soil, np.float32), np.array(look.grass, np.float32)
    r, g, b = look.asphalt
    colours = np.array(
        [soil, (164, 160, 152), (r, g, b), (soil + 12), (222, 220, 210)], np.float32
    )  # by kind, in the order above
    soft = np.array([13, 5, 5, 9, 10], np.float32)
    sharp = np.array([6, 3, 3.5, 4, 4], np.float32)
    cloud, grain = (_tiled(tile, size) for tile in (pattern.cloud, pattern.grain))
    for top in range(0, size, STRIP_ROWS):
        rows = slice(top, min(top + STRIP_ROWS, size))
        kind = kinds[rows]
        in_tile = np.arange(rows.start, rows.stop) % TILE_PX
        lumps = cloud[in_tile]
        colour = colours[kind]
        is_green = (kind == LAND) / (1 + np.exp(-3 * (green[rows] + 0.5 * lumps)))
        colour += is_green[..., None] * (grass - soil)
        noise = lumps * soft[kind] + grain[in_tile] * sharp[kind] + worn[rows] * 5
        canvas.colour[rows] = np.clip(colour + noise[..., None], 0, 255).astype(np.uint8)


def _tiled(tile: np.ndarray, size_px: int) -> np.ndarray:
    """A tile repeated sideways to the canvas's width."""
    return np.tile(tile, (1, size_px // TILE_PX + 1))[:, :size_px]


def _kinds(canvas: Canvas, plan: Plan) -> np.ndarray:
    """What kind of ground each pixel is."""
    image = Image.new("L", (canvas.size_px, canvas.size_px), LAND)
    pen = ImageDraw.Draw(image)
    for street in plan.streets:
        width = street.width_m + (2 * PAVEMENT_M if street.paved else 0)
        pen.polygon(_band(street, width, canvas.gsd_m), fill=PAVEMENT if street.paved else DIRT)
    for street in plan.streets:
        if street.paved:
            pen.polygon(_band(street, street.width_m, canvas.gsd_m), fill=ASPHALT)
    for street in plan.streets:
        if street.paved and street.width_m == AVENUE_M:
            for first, last in _dashes(street.points_m):
                ends = [tuple(first / canvas.gsd_m), tuple(last / canvas.gsd_m)]
                pen.line(ends, fill=MARKING, width=max(1, round(0.15 / canvas.gsd_m)))
    return np.asarray(image)


def _band(street: Street, width_m: float, gsd_m: float) -> list[tuple[float, float]]:
    """The outline, in pixels, of a street of this width."""
    along = np.gradient(street.points_m, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1) / np.linalg.norm(along, axis=1, keepdims=True)
    left, right = (street.points_m + side * across * width_m / 2 for side in (-1, 1))
    return [tuple(point) for point in np.concatenate([left, right[::-1]]) / gsd_m]


def _dashes(points_m: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The ends of the dashes of a middle line."""
    lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points_m, axis=0), axis=1))])
    starts = np.arange(0, lengths[-1] - DASH_M, DASH_M + GAP_M)

    def at(distances: np.ndarray) -> np.ndarray:
        return np.stack([np.interp(distances, lengths, points_m[:, axis]) for axis in (0, 1)], axis=1)

    return list(zip(at(starts), at(starts + DASH_M), strict=True))


def draw_yard(canvas: Canvas, yard: Yard, look: Look, pattern: Textures) -> None:
    """A parcel's ground, and the wall round it."""
    patch = patch_round(canvas, yard.place)
    if patch is None:
        return
    half_u, half_v = yard.place.width_m / 2, yard.place.depth_m / 2
    inside = (abs(patch.u) < half_u) & (abs(patch.v) < half_v)
    lumps = pattern.at(pattern.cloud, patch.u, patch.v, yard.seed)
    fine = pattern.at(pattern.grain, patch.u, patch.v, yard.seed)
    rng = np.random.default_rng(yard.seed)
    if yard.ground == "grass":
        share = 1 / (1 + np.exp(-2.5 * (lumps + rng.uniform(0, 0.9))))
        base = rgb(look.soil) + share[..., None] * (rgb(look.grass) - look.soil)
        colour = base + (lumps * 6 + fine * 7)[..., None]
    elif yard.ground == "dirt":
        colour = rgb(look.soil) + rng.normal(0, 7) + (lumps * 11 + fine * 5)[..., None]
    else:
        slabs = 1 - 0.12 * ((abs(patch.u % 1.2) < 0.06) | (abs(patch.v % 1.2) < 0.06))
        colour = (
            (float(rng.uniform(150, 190)) + lumps * 7 + fine * 3)[..., None]
            * slabs[..., None]
            * (1, 0.98, 0.94)
        )
    paint(canvas, patch, inside * 0.92, colour)
    if yard.walled:
        wall = inside & ((half_u - abs(patch.u) < 0.2) | (half_v - abs(patch.v) < 0.2))
        gate = (abs(patch.u - rng.uniform(-0.3, 0.3) * half_u) < 1.6) & (abs(patch.v) > half_v - 0.3)
        shade = WALLS[int(rng.integers(len(WALLS)))]
        paint(canvas, patch, wall & ~gate, rgb(shade) + lumps[..., None] * 6, 1.9)
