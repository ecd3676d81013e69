"""Draws what is untidy but whole: building sites, gravel yards, market stalls, tents. Pure."""

import numpy as np

from damage.practice.canvas import Canvas, Patch, paint, patch_round, rgb
from damage.practice.layout import Lookalike, Place
from damage.practice.looks import Colour, Look
from damage.practice.roofs import draw_box, inside
from damage.practice.textures import Textures

AWNINGS: tuple[Colour, ...] = (
    (176, 44, 40),
    (44, 84, 152),
    (220, 170, 60),
    (46, 122, 84),
    (226, 222, 212),
    (196, 98, 44),
)
TENTS: tuple[Colour, ...] = ((226, 224, 216), (206, 206, 196), (74, 108, 160), (150, 146, 112))
HEAPS: tuple[Colour, ...] = ((202, 180, 140), (134, 130, 126), (150, 116, 88))


def draw_lookalike(canvas: Canvas, lookalike: Lookalike, look: Look, pattern: Textures) -> None:
    """Draw the ground of a lookalike and what stands on it."""
    patch = patch_round(canvas, lookalike.place)
    if patch is None:
        return
    rng = np.random.default_rng(lookalike.seed)
    draw_one = {
        "building_site": _draw_site,
        "gravel": _draw_gravel,
        "market": _draw_market,
        "tents": _draw_tents,
    }[lookalike.kind]
    draw_one(canvas, lookalike, patch, look, pattern, rng)


def _soil(lookalike: Lookalike, patch: Patch, base: Colour, pattern: Textures) -> np.ndarray:
    lumps = pattern.at(pattern.cloud, patch.u, patch.v, lookalike.seed)
    fine = pattern.at(pattern.grain, patch.u, patch.v, lookalike.seed)
    return np.asarray(rgb(base) + (lumps * 10 + fine * 5)[..., None])


def _draw_site(
    canvas: Canvas,
    lookalike: Lookalike,
    patch: Patch,
    look: Look,
    pattern: Textures,
    rng: np.random.Generator,
) -> None:
    """A bare concrete floor with columns, formwork, heaps of sand and stacks of blocks."""
    place = lookalike.place
    paint(canvas, patch, inside(place, patch), _soil(lookalike, patch, look.soil, pattern))
    floor = Place(
        *place.points_m(np.array([(0.0, -0.12)]))[0],
        place.width_m * 0.78,
        place.depth_m * 0.6,
        place.angle_rad,
    )
    stains = pattern.at(pattern.cloud, patch.u, patch.v, lookalike.seed + 5)
    along, across = patch.u, patch.v + 0.12 * place.depth_m
    on_floor = (abs(along) < floor.width_m / 2) & (abs(across) < floor.depth_m / 2)
    top_m = float(rng.choice([0.3, 3.2]))
    paint(canvas, patch, on_floor, rgb((168, 168, 164)) + stains[..., None] * 7, top_m)
    planked = on_floor & (along > floor.width_m * float(rng.uniform(0.0, 0.25)))
    planks = np.where((across % 0.3 < 0.05)[..., None], (112, 84, 54), (178, 142, 92))
    paint(canvas, patch, planked, planks + stains[..., None] * 8, top_m + 0.1)
    column = on_floor & (abs(along % 3.4 - 1.7) < 0.22) & (abs(across % 3.1 - 1.55) < 0.22)
    paint(canvas, patch, column, (150, 148, 144), top_m + 2.2)
    for _ in range(int(rng.integers(3, 7))):
        spot = place.points_m(np.array([(rng.uniform(-0.42, 0.42), rng.uniform(0.28, 0.44))]))[0]
        if rng.random() < 0.5:
            _draw_heap(canvas, spot, float(rng.uniform(0.9, 1.7)), rng, pattern)
        else:
            stack = Place(
                *spot, float(rng.uniform(1, 2.4)), 1.0, place.angle_rad + float(rng.choice([0.0, 0.1]))
            )
            shade = np.array((168, 96, 72) if rng.random() < 0.5 else (164, 164, 160))
            draw_box(canvas, stack, shade, float(rng.uniform(0.6, 1.3)))


def _draw_heap(
    canvas: Canvas, spot: np.ndarray, radius_m: float, rng: np.random.Generator, pattern: Textures
) -> None:
    """A cone of sand, gravel or earth."""
    place = Place(float(spot[0]), float(spot[1]), 2 * radius_m, 2 * radius_m, 0.0)
    if patch := patch_round(canvas, place, margin_m=0.4):
        seed = int(rng.integers(2**20))
        lumps = pattern.at(pattern.cloud, patch.u, patch.v, seed)
        radius = np.hypot(patch.u, patch.v) / radius_m + 0.06 * lumps
        colour = np.array(HEAPS[int(rng.integers(len(HEAPS)))])
        grains = pattern.at(pattern.grain, patch.u, patch.v, seed)
        height = 0.7 * radius_m * np.clip(1 - radius, 0, 1)
        paint(
            canvas,
            patch,
            np.clip((1 - radius) * 8, 0, 1),
            colour + (grains * 7 + lumps * 5)[..., None],
            height,
        )


def _draw_gravel(
    canvas: Canvas,
    lookalike: Lookalike,
    patch: Patch,
    look: Look,
    pattern: Textures,
    rng: np.random.Generator,
) -> None:
    """Loose stones all over, with tyre tracks and a few heaps."""
    tone = pattern.at(pattern.piece_tone, patch.u, patch.v, lookalike.seed, 0.4)
    lie_m = pattern.at(pattern.piece_height_m, patch.u, patch.v, lookalike.seed, 0.4)
    lumps = pattern.at(pattern.cloud, patch.u, patch.v, lookalike.seed, 2.0)
    base = rgb((160, 156, 148)) * rng.uniform(0.88, 1.06) * 0.75 + rgb(look.soil) * 0.22
    colour = base * (0.55 + 0.45 * tone + 0.04 * lumps)[..., None]
    bend = patch.v - 0.02 * (patch.u - 2) ** 2 - rng.uniform(-2, 2)
    tracks = (abs(abs(bend) - 0.8) < 0.16)[..., None] * 0.12
    paint(canvas, patch, inside(lookalike.place, patch), colour * (1 - tracks), lie_m * 0.14)
    for _ in range(int(rng.integers(1, 5))):
        spot = lookalike.place.points_m(rng.uniform(-0.36, 0.36, (1, 2)))[0]
        _draw_heap(canvas, spot, float(rng.uniform(1.2, 2.4)), rng, pattern)


def _draw_market(
    canvas: Canvas,
    lookalike: Lookalike,
    patch: Patch,
    look: Look,
    pattern: Textures,
    rng: np.random.Generator,
) -> None:
    """Rows of stalls under awnings, plain or striped, goods and people between them."""
    place = lookalike.place
    paint(canvas, patch, inside(place, patch), _soil(lookalike, patch, (158, 154, 148), pattern))
    dots = pattern.at(
        pattern.grain, np.floor(patch.u / 0.35) * 1.3, np.floor(patch.v / 0.35) * 1.7, lookalike.seed
    )
    goods = inside(place, patch) & (dots > 1.7)
    paint(canvas, patch, goods, np.array(AWNINGS)[(abs(dots) * 37).astype(int) % len(AWNINGS)], 0.8)
    for u in np.arange(-place.width_m / 2 + 1.7, place.width_m / 2 - 1.2, 2.9):
        for v in np.arange(-place.depth_m / 2 + 1.8, place.depth_m / 2 - 1.2, 3.5):
            if rng.random() < 0.12:
                continue
            shares = np.array([(u / place.width_m, v / place.depth_m)]) + rng.normal(0, 0.008, 2)
            size = rng.uniform(2.1, 2.9, 2)
            stall = Place(*place.points_m(shares)[0], *size, place.angle_rad + float(rng.normal(0, 0.06)))
            _draw_awning(canvas, stall, rng)


def _draw_awning(canvas: Canvas, stall: Place, rng: np.random.Generator) -> None:
    if patch := patch_round(canvas, stall):
        first = np.array(AWNINGS[int(rng.integers(len(AWNINGS)))])
        second = first if rng.random() < 0.5 else rgb((232, 228, 218))
        colour = np.where((np.floor(patch.u / 0.35) % 2 == 0)[..., None], first, second)
        paint(canvas, patch, inside(stall, patch), colour, 2.5 - 0.35 * abs(patch.v))


def _draw_tents(
    canvas: Canvas,
    lookalike: Lookalike,
    patch: Patch,
    look: Look,
    pattern: Textures,
    rng: np.random.Generator,
) -> None:
    """Ridge tents in rows on trodden grass."""
    place = lookalike.place
    mixed = tuple((a + b) / 2 for a, b in zip(look.grass, look.soil, strict=True))
    paint(
        canvas, patch, inside(place, patch), _soil(lookalike, patch, (mixed[0], mixed[1], mixed[2]), pattern)
    )
    cloth = np.array(TENTS[int(rng.integers(len(TENTS)))])
    for u in np.arange(-place.width_m / 2 + 2.2, place.width_m / 2 - 1.6, 3.9):
        for v in np.arange(-place.depth_m / 2 + 2.6, place.depth_m / 2 - 2, 5.2):
            shares = np.array([(u / place.width_m, v / place.depth_m)]) + rng.normal(0, 0.012, 2)
            tent = Place(*place.points_m(shares)[0], 3.1, 4.3, place.angle_rad + float(rng.normal(0, 0.07)))
            if part := patch_round(canvas, tent):
                folds = pattern.at(pattern.cloud, part.u, part.v, lookalike.seed)
                colour = cloth * (1 + 0.03 * folds)[..., None]
                paint(canvas, part, inside(tent, part), colour, 2.1 - 0.75 * abs(part.u))
