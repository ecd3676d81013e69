"""A small scene whose pixels tell where they are."""

import numpy as np
import pytest
from PIL import Image

from damage.ingestion.models import Scene, Town
from damage.ingestion.services import ingest_photo
from tagging.services import record_tag

SQUARE = {"x_px": 40, "y_px": 24, "size_px": 32}


def gradient(width_px: int, height_px: int) -> np.ndarray:
    """Red counts columns, green counts rows, blue is 7."""
    rows, columns = np.indices((height_px, width_px))
    return np.stack([columns % 256, rows % 256, np.full_like(rows, 7)], axis=-1).astype(np.uint8)


@pytest.fixture
def scene(town, tmp_path) -> Scene:
    """A photo of 200 x 120 px in Altamira; PNG, so that pixels come back as they went in."""
    path = tmp_path / "street.png"
    Image.fromarray(gradient(200, 120)).save(path)
    return ingest_photo(path, event=town.event.name, town=town.name).scene


@pytest.fixture
def other_town(event) -> Town:
    return Town.objects.create(event=event, name="Bajada", slug="bajada")


@pytest.fixture
def tag(volunteer, question, scene):
    """The volunteer saw damage in a square."""
    return record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
