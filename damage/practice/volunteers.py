"""Simulated volunteers: which squares they look at, and what they answer. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely import Polygon, box

from damage.practice.outlines import Outline

POSITIVE, NEGATIVE, UNSURE = "positive", "negative", "unsure"
# A square shows damage when rubble fills this share of it, or when it holds this share of some building's rubble;
# it shows none when it keeps clear of all.
FILLED_SHARE, HELD_SHARE = 0.12, 0.6
CLEARANCE_M = 1.0
SHIFT = 0.2  # squares lie off their object's middle by up to this share of their side
TAGGERS_PER_SQUARE = 3
# What people make of a square that shows a little of a damaged building at its edge, and how many of these they meet.
BORDERLINE = {UNSURE: 0.7, POSITIVE: 0.2, NEGATIVE: 0.1}
BORDERLINE_KEPT = 0.25


@dataclass(frozen=True)
class Volunteer:
    """A simulated person; rates are shares of the answers."""

    name: str
    error_rate: float
    unsure_rate: float


VOLUNTEERS = (
    Volunteer("practice-careful-1", 0.01, 0.03),
    Volunteer("practice-careful-2", 0.02, 0.02),
    Volunteer("practice-careful-3", 0.03, 0.05),
    Volunteer("practice-careless-1", 0.15, 0.02),
    Volunteer("practice-careless-2", 0.25, 0.10),
)


@dataclass(frozen=True)
class Square:
    """A square of a scene; `answer` is the right one, unsure where there is none."""

    x_px: int
    y_px: int
    size_px: int
    answer: str


@dataclass(frozen=True)
class View:
    """What of a scene may be tagged: squares lie inside it, and `margin_px` from its edges."""

    width_px: int
    height_px: int
    gsd_m: float
    margin_px: int = 0


def squares_to_tag(
    rng: np.random.Generator, outlines: Sequence[Outline], view: View, *, size_px: int, rounds: int = 1
) -> list[Square]:
    """Squares over all rubble and all lookalikes, over as many whole buildings, and over open ground.

    `rounds` squares, each shifted anew, lie over each object.
    """
    damaged = [one for one in outlines if one.rubble is not None]
    lookalikes = [one for one in outlines if one.lookalike]
    whole = [one for one in outlines if one.rubble is None and not one.lookalike]
    drawn = rng.permutation(len(whole))[: len(damaged) + len(lookalikes)]
    objects = [*damaged, *lookalikes, *(whole[number] for number in drawn)]
    middles = [(one.rubble or one.shape).centroid for one in objects for _ in range(rounds)]
    centres = [(one.x, one.y) for one in middles]
    half = size_px / 2
    room = np.array([view.width_px, view.height_px])
    centres += [tuple(one) for one in rng.uniform(0, 1, (len(centres) // 3, 2)) * room]
    squares = []
    for centre in centres:
        corner = np.array(centre) - half + rng.uniform(-SHIFT, SHIFT, 2) * size_px
        x, y = (int(side) for side in np.round(corner))
        if min(x, y) >= view.margin_px and (corner + size_px + 1 <= room - view.margin_px).all():
            answer = right_answer(box(x, y, x + size_px, y + size_px), outlines, CLEARANCE_M / view.gsd_m)
            if answer != UNSURE or rng.random() < BORDERLINE_KEPT:
                squares.append(Square(x, y, size_px, answer))
    return list(dict.fromkeys(squares))


def right_answer(square: Polygon, outlines: Sequence[Outline], clearance_px: float) -> str:
    """What a careful person answers who knows the truth."""
    rubble = [one.rubble for one in outlines if one.rubble is not None]
    seen = [one.intersection(square).area for one in rubble]
    if sum(seen) >= FILLED_SHARE * square.area:
        return POSITIVE
    if any(area >= HELD_SHARE * one.area for area, one in zip(seen, rubble, strict=True)):
        return POSITIVE
    return UNSURE if any(one.distance(square) < clearance_px for one in rubble) else NEGATIVE


def answers(rng: np.random.Generator, square: Square) -> list[tuple[Volunteer, str]]:
    """Who tags a square, and what each answers."""
    taggers = rng.permutation(len(VOLUNTEERS))[:TAGGERS_PER_SQUARE]
    return [(VOLUNTEERS[number], _answer(rng, VOLUNTEERS[number], square.answer)) for number in taggers]


def _answer(rng: np.random.Generator, volunteer: Volunteer, right: str) -> str:
    if right == UNSURE:
        return str(rng.choice(list(BORDERLINE), p=list(BORDERLINE.values())))
    chance = rng.random()
    if chance < volunteer.error_rate:
        return NEGATIVE if right == POSITIVE else POSITIVE
    return UNSURE if chance < volunteer.error_rate + volunteer.unsure_rate else right
