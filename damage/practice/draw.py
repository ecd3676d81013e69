"""Draws a whole town: ground, yards, buildings, lookalikes, cars, trees, then light. Pure."""

from dataclasses import replace

import numpy as np

from damage.practice.canvas import Canvas, blank_canvas, lit, paint, patch_round, rgb
from damage.practice.ground import draw_ground, draw_yard
from damage.practice.lookalikes import draw_lookalike
from damage.practice.looks import Look
from damage.practice.plan import Car, Place, Plan, Tree
from damage.practice.roofs import draw_roof
from damage.practice.rubble import draw_collapsed, draw_partial
from damage.practice.textures import Textures


def town_image(plan: Plan, look: Look, pattern: Textures, *, seed: int) -> np.ndarray:
    """The town from above, uint8 (size, size, 3), north up; the same seed draws the same ground."""
    rng = np.random.default_rng(seed)
    canvas = blank_canvas(plan.size_m, pattern.gsd_m)
    draw_ground(canvas, plan, look, pattern, rng)
    for yard in plan.yards:
        draw_yard(canvas, yard, look, pattern)
    for lookalike in plan.lookalikes:
        draw_lookalike(canvas, lookalike, look, pattern)
    for car in plan.cars:
        draw_car(canvas, car)
    _draw_buildings(canvas, plan, look, pattern)
    for tree in plan.trees:
        draw_tree(canvas, tree, look, pattern)
    return lit(canvas, look)


def _draw_buildings(canvas: Canvas, plan: Plan, look: Look, pattern: Textures) -> None:
    """Collapsed ones first: their dust lies on the ground, not on the neighbours' roofs."""
    for building in plan.buildings:
        if building.damage == "collapsed":
            draw_collapsed(canvas, building, look, pattern)
    for building in plan.buildings:
        if building.damage != "collapsed":
            draw_roof(canvas, building, pattern)
        if building.damage == "partial":
            draw_partial(canvas, building, look, pattern)


def draw_tree(canvas: Canvas, tree: Tree, look: Look, pattern: Textures) -> None:
    """A crown of leaves in clumps, soft at its edge."""
    place = Place(tree.x_m, tree.y_m, 2 * tree.radius_m, 2 * tree.radius_m, 0.0)
    patch = patch_round(canvas, place, margin_m=0.4)
    if patch is None:
        return
    rng = np.random.default_rng(tree.seed)
    clumps = pattern.at(pattern.cloud, patch.u, patch.v, tree.seed, 0.7)
    leaves = pattern.at(pattern.grain, patch.u, patch.v, tree.seed)
    angle = np.arctan2(patch.v, patch.u)
    lobes = 1 + 0.1 * np.sin(angle * int(rng.integers(3, 6)) + rng.uniform(0, 6)) + 0.09 * clumps
    radius = np.hypot(patch.u, patch.v) / (tree.radius_m * lobes)
    cover = np.clip((1.0 - radius) * 6, 0, 0.97)
    green = rgb(look.grass) * rng.uniform(0.62, 0.92) * (0.86, 1.0, 0.78)
    colour = green * (1 + 0.16 * clumps + 0.13 * leaves - 0.18 * radius)[..., None]
    crown = tree.radius_m * (1.1 + 0.9 * np.sqrt(np.clip(1 - radius**2, 0, 1))) + 0.28 * clumps
    below = canvas.height_m[patch.rows, patch.columns]
    paint(canvas, patch, cover, colour, np.maximum(crown, below))


def draw_car(canvas: Canvas, car: Car) -> None:
    """A body with rounded corners, dark windows and a roof."""
    patch = patch_round(canvas, car.place)
    if patch is None:
        return
    along, across = abs(patch.u) / (car.place.width_m / 2), abs(patch.v) / (car.place.depth_m / 2)
    body = along**6 + across**6 < 1
    paint(canvas, patch, body, car.colour, 0.9)
    cabin = replace(car.place, width_m=car.place.width_m * 0.56)
    shift = patch.u + 0.25
    glass = (abs(shift) < cabin.width_m / 2) & (across < 0.84)
    paint(canvas, patch, glass, (46, 50, 56), 1.25)
    top = (abs(shift) < cabin.width_m / 2 - 0.5) & (across < 0.72)
    paint(canvas, patch, top, rgb(car.colour) * 1.04, 1.45)
