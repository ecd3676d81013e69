"""Draws what is untidy but whole: building sites, gravel yards, market stalls, tents. Pure."""

from dataclasses import dataclass

import numpy as np

from damage.practice.canvas import Canvas, Patch, paint, patch_round, rgb
from damage.practice.looks import Colour, Look
from damage.practice.plan import Lookalike, Place
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


@dataclass(frozen=True)
class _Ground:
    """What a lookalike is drawn on, and with."""

    canvas: Canvas
    place: Place
    patch: Patch
    look: Look
    pattern: Textures
    rng: np.random.Generator
    seed: int

    def noise(self, tile: np.ndarray, shift: int = 0, scale: float = 1.0) -> np.ndarray:
        return self.pattern.at(tile, self.patch.u, self.patch.v, self.seed + shift, scale)

    def cover(self, base: Colour) -> None:
        """Lay bare ground of this colour."""
        lumps, fine = self.noise(self.pattern.cloud), self.noise(self.pattern.grain)
        colour = rgb(base) + (lumps * 10 + fine * 5)[..., None]
        paint(self.canvas, self.patch, inside(self.place, self.patch), colour)


def draw_lookalike(canvas: Canvas, lookalike: Lookalike, look: Look, pattern: Textures) -> None:
    """Draw the ground of a lookalike and what stands on it."""
    patch = patch_round(canvas, lookalike.place)
    if patch is None:
        return
    rng = np.random.default_rng(lookalike.seed)
    ground = _Ground(canvas, lookalike.place, patch, look, pattern, rng, lookalike.seed)
    DRAWN[lookalike.kind](ground)


def _draw_site(ground: _Ground) -> None:
    """A bare concrete floor with columns, formwork, heaps of sand and stacks of blocks."""
    canvas, place, patch, rng = ground.canvas, ground.place, ground.patch, ground.rng
    ground.cover(ground.look.soil)
    stains = ground.noise(ground.pattern.cloud, 5)[..., None]
    along, across = patch.u, patch.v + 0.12 * place.depth_m
    on_floor = (abs(along) < place.width_m * 0.39) & (abs(across) < place.depth_m * 0.3)
    top_m = float(rng.choice([0.3, 3.2]))
    paint(canvas, patch, on_floor, rgb((168, 168, 164)) + stains * 7, top_m)
    planked = on_floor & (along > place.width_m * float(rng.uniform(0.0, 0.2)))
    planks = np.where((across % 0.3 < 0.05)[..., None], rgb((112, 84, 54)), rgb((178, 142, 92)))
    paint(canvas, patch, planked, planks + stains * 8, top_m + 0.1)
    column = on_floor & (abs(along % 3.4 - 1.7) < 0.22) & (abs(across % 3.1 - 1.55) < 0.22)
    paint(canvas, patch, column, (150, 148, 144), top_m + 2.2)
    for _ in range(int(rng.integers(3, 7))):
        spot = float(rng.uniform(-0.42, 0.42)), float(rng.uniform(0.28, 0.44))
        if rng.random() < 0.5:
            _draw_heap(ground, *spot, float(rng.uniform(0.9, 1.7)))
        else:
            stack = place.part(*spot, float(rng.uniform(1, 2.4)), 1.0, float(rng.uniform(0, 0.1)))
            shade = rgb((168, 96, 72) if rng.random() < 0.5 else (164, 164, 160))
            draw_box(canvas, stack, shade, float(rng.uniform(0.6, 1.3)))


def _draw_heap(ground: _Ground, along: float, across: float, radius_m: float) -> None:
    """A cone of sand, gravel or earth."""
    rng, pattern = ground.rng, ground.pattern
    colour = rgb(HEAPS[int(rng.integers(len(HEAPS)))])
    seed = int(rng.integers(2**20))
    patch = patch_round(
        ground.canvas, ground.place.part(along, across, 2 * radius_m, 2 * radius_m), margin_m=0.4
    )
    if patch is None:
        return
    lumps = pattern.at(pattern.cloud, patch.u, patch.v, seed)
    grains = pattern.at(pattern.grain, patch.u, patch.v, seed)
    radius = np.hypot(patch.u, patch.v) / radius_m + 0.06 * lumps
    cover = np.clip((1 - radius) * 8, 0, 1)
    height_m = 0.7 * radius_m * np.clip(1 - radius, 0, 1)
    paint(ground.canvas, patch, cover, colour + (grains * 7 + lumps * 5)[..., None], height_m)


def _draw_gravel(ground: _Ground) -> None:
    """Loose stones all over, with tyre tracks and a few heaps."""
    patch, rng, pattern = ground.patch, ground.rng, ground.pattern
    tone = ground.noise(pattern.piece_tone, scale=0.4)
    lie_m = ground.noise(pattern.piece_height_m, scale=0.4)
    lumps = ground.noise(pattern.cloud, scale=2.0)
    base = rgb((160, 156, 148)) * float(rng.uniform(0.66, 0.8)) + rgb(ground.look.soil) * 0.22
    colour = base * (0.55 + 0.45 * tone + 0.04 * lumps)[..., None]
    bend = patch.v - 0.02 * (patch.u - 2) ** 2 - float(rng.uniform(-2, 2))
    tracks = (abs(abs(bend) - 0.8) < 0.16)[..., None] * np.float32(0.12)
    paint(ground.canvas, patch, inside(ground.place, patch), colour * (1 - tracks), lie_m * 0.2)
    for _ in range(int(rng.integers(1, 5))):
        along, across = rng.uniform(-0.36, 0.36, 2)
        _draw_heap(ground, float(along), float(across), float(rng.uniform(1.2, 2.4)))


def _draw_market(ground: _Ground) -> None:
    """Rows of stalls under awnings, plain or striped, goods and people between them."""
    patch, place, rng = ground.patch, ground.place, ground.rng
    ground.cover((158, 154, 148))
    u, v = np.floor(patch.u / 0.35) * 1.3, np.floor(patch.v / 0.35) * 1.7
    dots = ground.pattern.at(ground.pattern.grain, u, v, ground.seed)
    goods = inside(place, patch) & (dots > 1.7)
    which = (abs(dots) * 37).astype(int) % len(AWNINGS)
    paint(ground.canvas, patch, goods, np.array(AWNINGS, np.float32)[which], 0.8)
    for along in np.arange(-place.width_m / 2 + 1.7, place.width_m / 2 - 1.2, 2.9) / place.width_m:
        for across in np.arange(-place.depth_m / 2 + 1.8, place.depth_m / 2 - 1.2, 3.5) / place.depth_m:
            if rng.random() > 0.12:
                width_m, depth_m = (float(one) for one in rng.uniform(2.1, 2.9, 2))
                stall = place.part(along, across, width_m, depth_m, float(rng.normal(0, 0.06)))
                _draw_awning(ground.canvas, stall, rng)


def _draw_awning(canvas: Canvas, stall: Place, rng: np.random.Generator) -> None:
    first = rgb(AWNINGS[int(rng.integers(len(AWNINGS)))])
    second = first if rng.random() < 0.5 else rgb((232, 228, 218))
    if patch := patch_round(canvas, stall):
        colour = np.where((np.floor(patch.u / 0.35) % 2 == 0)[..., None], first, second)
        paint(canvas, patch, inside(stall, patch), colour, 2.5 - 0.35 * abs(patch.v))


def _draw_tents(ground: _Ground) -> None:
    """Ridge tents in rows on trodden grass."""
    place, rng = ground.place, ground.rng
    r, g, b = (rgb(ground.look.grass) + rgb(ground.look.soil)) / 2
    ground.cover((float(r), float(g), float(b)))
    cloth = rgb(TENTS[int(rng.integers(len(TENTS)))])
    for along in np.arange(-place.width_m / 2 + 2.2, place.width_m / 2 - 1.6, 3.9) / place.width_m:
        for across in np.arange(-place.depth_m / 2 + 2.6, place.depth_m / 2 - 2, 5.2) / place.depth_m:
            tent = place.part(along, across, 3.1, 4.3, float(rng.normal(0, 0.07)))
            if patch := patch_round(ground.canvas, tent):
                folds = ground.pattern.at(ground.pattern.cloud, patch.u, patch.v, ground.seed)
                colour = cloth * (1 + 0.03 * folds)[..., None]
                paint(ground.canvas, patch, inside(tent, patch), colour, 2.1 - 0.75 * abs(patch.u))


DRAWN = {"building_site": _draw_site, "gravel": _draw_gravel, "market": _draw_market, "tents": _draw_tents}
