"""How a practice town looks as a whole: its sun, haze, palette and mix of roofs."""

from dataclasses import dataclass
from math import radians

import numpy as np

Colour = tuple[float, float, float]

TILES: tuple[Colour, ...] = ((172, 92, 66), (158, 78, 58), (186, 112, 82), (140, 74, 60), (176, 124, 100))
CONCRETE: tuple[Colour, ...] = (
    (176, 172, 164),
    (158, 156, 152),
    (196, 190, 178),
    (146, 140, 132),
    (204, 202, 198),
)
METAL: tuple[Colour, ...] = (
    (168, 174, 180),
    (142, 110, 92),
    (92, 122, 152),
    (112, 136, 116),
    (190, 192, 190),
)
CARS: tuple[Colour, ...] = (
    (225, 225, 225),
    (190, 192, 195),
    (50, 52, 56),
    (150, 32, 30),
    (40, 70, 130),
    (120, 122, 124),
    (236, 232, 220),
)


@dataclass(frozen=True)
class Look:
    """Angles in radians: the sun's azimuth is where it stands, from north over east."""

    sun_azimuth_rad: float
    sun_elevation_rad: float
    haze: float
    warmth: float
    soil: Colour
    grass: Colour
    asphalt: Colour
    roof_mix: dict[str, float]
    roof_colours: dict[str, tuple[Colour, ...]]
    yard_mix: tuple[float, float, float]
    trees_per_yard: float
    car_share: float
    shed_share: float
    car_colours: tuple[Colour, ...]
    grid_angle_rad: float
    bend_m: float
    dirt_street_every: int


SOILS: tuple[Colour, ...] = ((168, 148, 122), (176, 158, 134), (150, 128, 102))
GRASSES: tuple[Colour, ...] = ((104, 116, 72), (122, 124, 82), (92, 110, 66))
MIXES = (
    {"gable": 0.34, "hip": 0.16, "flat": 0.36, "metal": 0.14},
    {"gable": 0.16, "hip": 0.08, "flat": 0.48, "metal": 0.28},
    {"gable": 0.28, "hip": 0.2, "flat": 0.34, "metal": 0.18},
)


def town_look(rng: np.random.Generator, number: int) -> Look:
    """The look of the town of this number: towns of one event differ, as real ones do."""

    def shifted(colour: Colour, by: float) -> Colour:
        r, g, b = np.clip(np.array(colour) + rng.normal(0, by / 3, 3) + rng.normal(0, by), 20, 240)
        return float(r), float(g), float(b)

    palettes = {"gable": TILES, "hip": TILES, "flat": CONCRETE, "metal": METAL}
    return Look(
        sun_azimuth_rad=radians(float(rng.uniform(95, 265))),
        sun_elevation_rad=radians(float(rng.uniform(42, 60))),
        haze=float(rng.uniform(0.02, 0.11)),
        warmth=float(rng.uniform(-0.03, 0.05)),
        soil=shifted(SOILS[number % 3], 5),
        grass=shifted(GRASSES[number % 3], 5),
        asphalt=shifted((112, 111, 110), 5),
        roof_mix=MIXES[number % 3],
        roof_colours={roof: tuple(shifted(one, 7) for one in some) for roof, some in palettes.items()},
        yard_mix=((0.45, 0.35, 0.2), (0.2, 0.5, 0.3), (0.35, 0.35, 0.3))[number % 3],
        trees_per_yard=float(rng.uniform(0.7, 1.5)),
        car_share=float(rng.uniform(0.1, 0.2)),
        shed_share=float(rng.uniform(0.25, 0.55)),
        car_colours=CARS,
        grid_angle_rad=radians(float(rng.uniform(4, 22)) * (1 if number % 2 else -1)),
        bend_m=float(rng.uniform(2.0, 5.0)),
        dirt_street_every=(7, 3, 5)[number % 3],
    )
