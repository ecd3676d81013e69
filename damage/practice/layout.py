"""Lays out a practice town: streets, parcels and what stands on them. Pure."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import cos, pi, sin

import numpy as np

from damage.practice.looks import Look
from damage.practice.plan import (
    AVENUE_M,
    LOOKALIKES,
    STREET_M,
    Building,
    Car,
    Lookalike,
    Place,
    Plan,
    Street,
    Tree,
    Yard,
)

# Shares of the parcels well inside the town; at least one of each occurs.
COLLAPSED_SHARE, PARTIAL_SHARE, LOOKALIKE_SHARE = 0.15, 0.15, 0.13


@dataclass(frozen=True)
class _Bend:
    """Turns the straight grid of the plan, and bends it a little, as old towns are."""

    size_m: float
    angle_rad: float
    depth_m: float
    phase: float

    def points(self, points: np.ndarray) -> np.ndarray:
        u, v = points[:, 0], points[:, 1]
        u = u + self.depth_m * np.sin(v * 2 * pi / 170 + self.phase)
        v = v + self.depth_m * np.sin(u * 2 * pi / 210 + 2 * self.phase)
        c, s = cos(self.angle_rad), sin(self.angle_rad)
        return np.stack([u * c - v * s, u * s + v * c], axis=1) + self.size_m / 2

    def place(self, u: float, v: float, width_m: float, depth_m: float) -> Place:
        (x, y), (right_x, right_y) = self.points(np.array([(u, v), (u + 1.0, v)]))
        return Place(float(x), float(y), width_m, depth_m, float(np.arctan2(right_y - y, right_x - x)))


@dataclass(frozen=True)
class _Parcel:
    """A rectangle of the straight grid; its front lies towards -v or +v."""

    u: float
    v: float
    width_m: float
    depth_m: float
    front: int


def town_plan(rng: np.random.Generator, look: Look, *, size_m: float) -> Plan:
    """Lay out a town of the given look."""
    bend = _Bend(size_m, look.grid_angle_rad, look.bend_m, float(rng.uniform(0, 2 * pi)))
    reach = size_m * 0.72
    columns = _lines(rng, reach, 46.0, 62.0)
    rows = _lines(rng, reach, 33.0, 38.0)
    streets = tuple(_streets(bend, columns, rows, reach, look))
    parcels, park = _parcels(rng, columns, rows)
    near = [one for one in parcels if _is_near(bend, one, size_m)]
    yards, buildings, lookalikes, trees = _filled(rng, bend, near, look, size_m)
    trees += _park_trees(rng, bend, park)
    return Plan(
        size_m,
        streets,
        tuple(yards),
        tuple(buildings),
        tuple(lookalikes),
        tuple(trees),
        tuple(_cars(rng, bend, columns, rows, reach, look)),
    )


def _lines(rng: np.random.Generator, reach: float, least: float, most: float) -> list[tuple[float, float]]:
    """Middle lines and widths of parallel streets; the one nearest the centre is the avenue."""
    at = [-reach + float(rng.uniform(0, least))]
    while at[-1] < reach:
        at.append(at[-1] + float(rng.uniform(least, most)))
    avenue = min(range(len(at)), key=lambda number: abs(at[number]))
    return [(line, AVENUE_M if number == avenue else STREET_M) for number, line in enumerate(at)]


def _streets(
    bend: _Bend,
    columns: list[tuple[float, float]],
    rows: list[tuple[float, float]],
    reach: float,
    look: Look,
) -> Iterator[Street]:
    """Side streets first, so that the avenue is drawn over them."""
    along = np.linspace(-reach, reach, 60)
    lines = [(np.stack([np.full(60, u), along], axis=1), width) for u, width in columns]
    lines += [(np.stack([along, np.full(60, v)], axis=1), width) for v, width in rows]
    for number, (points, width) in enumerate(sorted(lines, key=lambda line: line[1])):
        paved = width > STREET_M or number % look.dirt_street_every != 0
        yield Street(bend.points(points), width, paved)


def _parcels(
    rng: np.random.Generator, columns: list[tuple[float, float]], rows: list[tuple[float, float]]
) -> tuple[list[_Parcel], _Parcel]:
    """Blocks cut into two rows of parcels back to back; the block nearest the centre's corner is the park."""
    blocks = [
        (left + lw / 2 + 1.6, right - rw / 2 - 1.6, top + tw / 2 + 1.6, bottom - bw / 2 - 1.6)
        for (left, lw), (right, rw) in itertools.pairwise(columns)
        for (top, tw), (bottom, bw) in itertools.pairwise(rows)
    ]
    park = min(blocks, key=lambda b: abs(b[0]) + abs(b[2]))
    parcels = []
    for block in blocks:
        if block != park:
            parcels += list(_cut(rng, *block))
    u0, u1, v0, v1 = park
    return parcels, _Parcel((u0 + u1) / 2, (v0 + v1) / 2, u1 - u0, v1 - v0, 1)


def _cut(rng: np.random.Generator, u0: float, u1: float, v0: float, v1: float) -> Iterator[_Parcel]:
    depth = (v1 - v0) / 2
    for front, v in ((-1, v0 + depth / 2), (1, v1 - depth / 2)):
        count = max(2, round((u1 - u0) / float(rng.uniform(10.5, 14.5))))
        edges = np.linspace(u0, u1, count + 1)
        edges[1:-1] += rng.uniform(-1.2, 1.2, count - 1)
        for left, right in itertools.pairwise(edges):
            yield _Parcel(float(left + right) / 2, v, float(right - left), depth, front)


def _is_near(bend: _Bend, parcel: _Parcel, size_m: float) -> bool:
    x, y = bend.points(np.array([(parcel.u, parcel.v)]))[0]
    return bool(-12 < x < size_m + 12 and -12 < y < size_m + 12)


def _filled(
    rng: np.random.Generator, bend: _Bend, parcels: list[_Parcel], look: Look, size_m: float
) -> tuple[list[Yard], list[Building], list[Lookalike], list[Tree]]:
    """Give each parcel its yard and what stands on it."""
    yards: list[Yard] = []
    buildings: list[Building] = []
    lookalikes: list[Lookalike] = []
    trees: list[Tree] = []
    for parcel, fate in zip(parcels, _fates(rng, bend, parcels, size_m), strict=True):
        whole = bend.place(parcel.u, parcel.v, parcel.width_m, parcel.depth_m)
        seed = int(rng.integers(2**31))
        if fate in LOOKALIKES:
            lookalikes.append(
                Lookalike(
                    replace(whole, width_m=whole.width_m - 0.8, depth_m=whole.depth_m - 0.8), fate, seed
                )
            )
            continue
        ground = str(rng.choice(["grass", "dirt", "paved"], p=look.yard_mix))
        yards.append(Yard(whole, ground, bool(rng.random() < 0.7), seed))
        if fate != "empty":
            buildings.append(_building(rng, bend, parcel, look, fate))
            if rng.random() < look.shed_share:
                buildings.append(_shed(rng, bend, parcel, look))
        trees += list(_yard_trees(rng, bend, parcel, look, empty=fate == "empty"))
    return yards, buildings, lookalikes, trees


def _fates(rng: np.random.Generator, bend: _Bend, parcels: list[_Parcel], size_m: float) -> list[str]:
    """For each parcel a lookalike's kind, a degree of damage, or `empty`; by quota, so that all occur."""
    plan = Plan(size_m, (), (), (), (), (), ())
    inner = [
        number
        for number, one in enumerate(parcels)
        if plan.holds(bend.place(one.u, one.v, one.width_m + 3, one.depth_m + 3))
    ]
    count = len(inner)
    quota = [LOOKALIKES[n % 4] for n in range(max(4, round(LOOKALIKE_SHARE * count)))]
    quota += ["collapsed"] * max(1, round(COLLAPSED_SHARE * count))
    quota += ["partial"] * max(1, round(PARTIAL_SHARE * count))
    quota += ["empty"] * round(0.04 * count)
    fates = ["none"] * len(parcels)
    for number, fate in zip(rng.permutation(inner), quota, strict=False):
        fates[number] = fate
    return fates


def _building(rng: np.random.Generator, bend: _Bend, parcel: _Parcel, look: Look, damage: str) -> Building:
    roof = str(rng.choice(list(look.roof_mix), p=list(look.roof_mix.values())))
    width = parcel.width_m * float(rng.uniform(0.66, 0.92))
    depth = parcel.depth_m * float(rng.uniform(0.5, 0.72))
    u = parcel.u + (parcel.width_m - width) * float(rng.uniform(-0.4, 0.4))
    setback = float(rng.uniform(0.6, 2.2))
    v = parcel.v + parcel.front * ((parcel.depth_m - depth) / 2 - setback)
    place = bend.place(u, v, width, depth)
    if depth > width:
        place = replace(place, width_m=depth, depth_m=width, angle_rad=place.angle_rad + pi / 2)
    palette = look.roof_colours[roof]
    colour = palette[int(rng.integers(len(palette)))]
    storeys = 1 + int(rng.random() < 0.4) + int(roof == "flat" and rng.random() < 0.4)
    return Building(place, roof, colour, 3.0 * storeys + 0.4, damage, int(rng.integers(2**31)))


def _shed(rng: np.random.Generator, bend: _Bend, parcel: _Parcel, look: Look) -> Building:
    """A low building in a back corner of the parcel."""
    width, depth = float(rng.uniform(2.6, 4.6)), float(rng.uniform(2.2, 3.2))
    side = float(rng.choice([-1.0, 1.0]))
    u = parcel.u + side * (parcel.width_m / 2 - width / 2 - 0.3)
    v = parcel.v - parcel.front * (parcel.depth_m / 2 - depth / 2 - 0.3)
    palette = look.roof_colours["metal"]
    colour = palette[int(rng.integers(len(palette)))]
    return Building(bend.place(u, v, width, depth), "metal", colour, 2.5, "none", int(rng.integers(2**31)))


def _yard_trees(
    rng: np.random.Generator, bend: _Bend, parcel: _Parcel, look: Look, *, empty: bool
) -> Iterator[Tree]:
    """Trees stand at the back of the parcel, where the building is not."""
    for _ in range(int(rng.poisson(3.0 if empty else look.trees_per_yard))):
        back = rng.uniform(-0.46, 0.46 if empty else -0.25)
        place = bend.place(
            parcel.u + parcel.width_m * rng.uniform(-0.45, 0.45),
            parcel.v + parcel.front * parcel.depth_m * back,
            1,
            1,
        )
        yield Tree(place.x_m, place.y_m, float(rng.uniform(1.0, 2.7)), int(rng.integers(2**31)))


def _park_trees(rng: np.random.Generator, bend: _Bend, park: _Parcel) -> list[Tree]:
    trees = []
    for _ in range(int(park.width_m * park.depth_m / 40)):
        u, v = rng.uniform(-0.46, 0.46, 2)
        place = bend.place(park.u + u * park.width_m, park.v + v * park.depth_m, 1, 1)
        trees.append(Tree(place.x_m, place.y_m, float(rng.uniform(1.4, 3.6)), int(rng.integers(2**31))))
    return trees


def _cars(
    rng: np.random.Generator,
    bend: _Bend,
    columns: list[tuple[float, float]],
    rows: list[tuple[float, float]],
    reach: float,
    look: Look,
) -> Iterator[Car]:
    """Cars along the kerbs, not on crossings."""
    for lines, crossing, is_row in ((columns, rows, False), (rows, columns, True)):
        for line, width in lines:
            for at in np.arange(-reach, reach, 7.5):
                is_crossing = any(abs(at - middle) < across / 2 + 5 for middle, across in crossing)
                if rng.random() > look.car_share or is_crossing:
                    continue
                side = float(rng.choice([-1.0, 1.0])) * (width / 2 - float(rng.uniform(1.1, 1.5)))
                along = float(at + rng.uniform(-1, 1))
                u, v = (along, line + side) if is_row else (line + side, along)
                place = bend.place(u, v, float(rng.uniform(3.9, 4.9)), float(rng.uniform(1.7, 1.9)))
                if not is_row:
                    place = replace(place, angle_rad=place.angle_rad + pi / 2)
                yield Car(place, look.car_colours[int(rng.integers(len(look.car_colours)))])
