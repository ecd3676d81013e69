"""Compares predicted damage with the truth. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from shapely import Polygon

from damage.practice.outlines import Outline
from damage.practice.plan import DAMAGES

# A box finds damage when it holds this share of a building's rubble.
FOUND_SHARE = 0.25


@dataclass(frozen=True)
class Comparison:
    """Boxes that hold damage and boxes that do not; damaged objects that some box holds, by degree.

    `false_alarms` says what the false boxes mostly show. A rate without anything to count is None.
    """

    detections: int
    right: int
    found: dict[str, int]
    present: dict[str, int]
    false_alarms: dict[str, int] = field(default_factory=dict)

    @property
    def precision(self) -> float | None:
        return self.right / self.detections if self.detections else None

    @property
    def recall(self) -> float | None:
        present = sum(self.present.values())
        return sum(self.found.values()) / present if present else None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"precision": self.precision, "recall": self.recall}


def comparison(boxes: Sequence[Polygon], outlines: Sequence[Outline]) -> Comparison:
    """Compare boxes with the objects of a scene, both in its pixels."""
    damaged = [one for one in outlines if one.rubble is not None]
    held = [[_holds(each, one.rubble) for one in damaged] for each in boxes]
    found = {number for row in held for number, holds in enumerate(row) if holds}
    false = [each for each, row in zip(boxes, held, strict=True) if not any(row)]
    degrees = [degree for degree in DAMAGES if degree != "none"]
    return Comparison(
        detections=len(boxes),
        right=len(boxes) - len(false),
        found={degree: sum(damaged[number].damage == degree for number in found) for degree in degrees},
        present={degree: sum(one.damage == degree for one in damaged) for degree in degrees},
        false_alarms=dict(Counter(_shows(each, outlines) for each in false)),
    )


def _holds(each: Polygon, shape: Polygon | None) -> bool:
    return shape is not None and bool(each.intersection(shape).area >= FOUND_SHARE * shape.area)


def _shows(each: Polygon, outlines: Sequence[Outline]) -> str:
    """What a false box shows: a lookalike if there is one, else the edge of damage, a building, open ground."""

    def overlap(one: Outline) -> float:
        return float(each.intersection(one.shape).area)

    shown = [one for one in outlines if overlap(one) > 0]
    lookalikes = [one for one in shown if one.lookalike and _holds(each, one.shape)]
    if lookalikes:
        return max(lookalikes, key=overlap).lookalike
    if any(one.rubble is not None for one in shown):
        return "edge of damage"
    return "building" if shown else "open ground"
