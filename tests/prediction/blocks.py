"""Doing a layout's blocks in tests."""

import hashlib
from pathlib import Path

import numpy as np

from damage.errors import Refused
from damage.ingestion.reading import Source
from prediction.blocks import BlockJob, outcomes
from prediction.layouts import TileLayout, WindowLayout

MODEL = b"a model"
SHA256 = hashlib.sha256(MODEL).hexdigest()


def jobs_of(path: Path, layout: TileLayout | WindowLayout) -> list[BlockJob]:
    return [
        BlockJob(1, index, Source(str(path)), layout, block, "openvino", "f32", SHA256)
        for index, block in enumerate(layout.blocks())
    ]


def values_of(
    path: Path, layout: TileLayout | WindowLayout, jobs: list[BlockJob] | None = None
) -> np.ndarray:
    """All values of a scene; `jobs` in another order."""
    values = np.full(layout.shape, np.inf, np.float32)
    for job, outcome in outcomes(iter(jobs or jobs_of(path, layout)), {SHA256: MODEL}):
        if isinstance(outcome, Refused):
            raise outcome
        place = values[layout.place_of(job.block)]
        assert np.isinf(place).all()  # no value comes twice
        place[:] = outcome
    assert not np.isinf(values).any()
    return values
