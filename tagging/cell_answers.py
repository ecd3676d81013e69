"""What a person is asked about in a scene, and has answered there."""

from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from django.core.cache import cache

from damage.accounts.models import User
from damage.ingestion.models import Scene, SceneKind
from tagging.cells import LEAST_GROUND, Cells, cells_of, ground_shares
from tagging.models import Question, Tag

KEPT_S = 24 * 3600


@dataclass(frozen=True)
class AskedCells:
    """A scene's cells for a question, and which of them are asked about: bool (rows, columns)."""

    cells: Cells
    asked: np.ndarray

    @property
    def bits(self) -> str:
        """Row by row from the top left one bit for each cell, the highest of a byte first, in base64."""
        return b64encode(np.packbits(self.asked).tobytes()).decode()


def asked_cells(scene: Scene, question: Question) -> AskedCells:
    """The cells of a scene for a question. Those that mostly show no data are not asked about.

    Raises `NotNow` where the scene's view is missing.
    """
    cells = cells_of(scene.width_px, scene.height_px, question.side_px(scene))
    if scene.kind == SceneKind.PHOTO:
        return AskedCells(cells, np.ones(cells.shape, bool))  # a photo shows something everywhere
    return AskedCells(cells, _with_ground(scene.view_path, cells))


def _with_ground(view: Path, cells: Cells) -> np.ndarray:
    # A view that is written anew has another name, so that nothing is ever out of date here.
    key = f"tagging.cells.{view.name}.{cells.size_px}"
    if (packed := cache.get(key)) is None:
        packed = np.packbits(ground_shares(view, cells) >= LEAST_GROUND).tobytes()
        cache.set(key, packed, timeout=KEPT_S)
    rows, columns = cells.shape
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=rows * columns)
    return bits.astype(bool).reshape(rows, columns)


def answers_of(person: User, scene: Scene, question: Question) -> list[tuple[int, int, int, str, int]]:
    """All that the person has answered in a scene: (x_px, y_px, size_px, answer, number of the tag)."""
    tags = Tag.objects.filter(tagger=person, question=question, crop__scene=scene).order_by("pk")
    columns = tags.values_list("crop__x_px", "crop__y_px", "crop__size_px", "answer", "pk")
    return cast(list[tuple[int, int, int, str, int]], list(columns))
