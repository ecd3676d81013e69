"""Every head on every kind of backbone is trained, stored, opened again and asked."""

from dataclasses import replace

import numpy as np
import pytest

from tagging.services import image_bytes
from tests.training.short_lite import SHORT_LITE, short_lite_known
from training.config import HEAD_NAMES, TrainingConfig
from training.data.crop_files import CropImage, read_pixels
from training.inference import load_engine
from training.networks.backbones.registry import BACKBONES
from training.networks.classical import CLASSICAL
from training.networks.resize import resized
from training.services import train

pytestmark = pytest.mark.one_database  # costs much, for its networks

TURNED = replace(SHORT_LITE, name="short-lite-turned", orientations=8)


@pytest.fixture(params=["tiny", SHORT_LITE.name, TURNED.name, *CLASSICAL])
def features(request, monkeypatch):
    """One of each kind: asked window by window, dense, dense from eight sides, and those without a network."""
    if request.param == "tiny":
        request.getfixturevalue("tiny")
    monkeypatch.setitem(BACKBONES, TURNED.name, TURNED)
    with short_lite_known():
        yield request.param


def test_its_scores_are_those_that_training_gave(features, question, towns):
    for head in HEAD_NAMES:
        run = train(
            question,
            TrainingConfig(
                backbone=features,
                head=head,
                train_towns=["Norte"],
                validation_towns=["Este"],
                test_towns=["Sur"],
            ),
        )
        engine = load_engine(run)
        rows = list(run.crops_of("test")[:8])
        pixels = [
            read_pixels(CropImage(row.crop.sha256, lambda row=row: image_bytes(row.crop))) for row in rows
        ]
        scores = engine.scores(np.stack([resized(each, engine.input_size_px) for each in pixels]))
        assert scores == pytest.approx([row.score for row in rows], abs=0.01), head
