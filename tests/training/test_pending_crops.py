"""Crops that are tagged and not cut yet: cut before they are needed, and never mistaken for crops with pixels."""

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image

from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_photo
from tagging.models import Crop
from tagging.services import record_tag
from training import executor
from training.data.adaptation_crops import crops_to_adapt_to
from training.data.augmented_files import write_augmented
from training.data.dataset import agreement
from training.experiments.exploration import Exploration, explore
from training.networks.augmentation import Augmentation
from training.services import request_training, train


@pytest.fixture
def scene(towns, tmp_path) -> Scene:
    """A photo of noise in Norte."""
    pixels = np.random.default_rng(0).integers(1, 256, (100, 100, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    return ingest_photo(tmp_path / "noise.png", event=towns[0].event.name, town="Norte").scene


@pytest.fixture
def pending(scene, question, volunteer) -> Crop:
    """A square of it that somebody answered for, and that nobody cut."""
    place = {"x_px": 4, "y_px": 8, "size_px": 32}
    return record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **place).crop


def test_an_agreement_holds_no_crop_without_pixels_and_counts_them(pending, question):
    agreed = agreement(question)
    assert (len(agreed.crops), agreed.pending) == (72, 1)
    assert all(crop.sha256 for crop in agreed.crops)


def test_a_training_cuts_what_is_tagged_first(pending, question, training_config, monkeypatch):
    monkeypatch.setattr(executor, "carry_out", lambda run, progress: run)
    run = train(question, training_config)
    assert run.run_crops.filter(crop=pending, crop__sha256__gt="").exists()
    assert run.parameters["left_out"]["pending"] == 0


def test_a_training_leaves_out_and_counts_what_cannot_be_cut(
    pending, scene, question, training_config, monkeypatch
):
    monkeypatch.setattr(executor, "carry_out", lambda run, progress: run)
    default_storage.delete(scene.file.name)
    run = train(question, training_config)
    assert not run.run_crops.filter(crop=pending).exists()
    assert run.parameters["left_out"]["pending"] == 1


def test_a_training_that_is_asked_for_decodes_no_photo(pending, scene, question, training_config):
    default_storage.delete(scene.file.name)
    run = request_training(question, training_config, requested_by=None)
    assert not run.run_crops.filter(crop=pending).exists()
    assert run.parameters["left_out"]["pending"] == 1


def test_a_town_is_adapted_to_by_crops_with_pixels_alone(pending, towns):
    class NoParts(dict):
        def __missing__(self, part):
            return []

    dataset = type("Dataset", (), {"towns": NoParts()})
    assert pending not in crops_to_adapt_to(towns[0], dataset)


def test_exploring_crops_cuts_them_first(pending, towns):
    wanted = Exploration(event=towns[0].event.name, towns=["Norte"], of="crops")
    shown = explore(wanted).results["points"]
    assert pending.pk in {point["crop"] for point in shown}


def test_augmenting_cuts_crops_first(pending, question, tmp_path):
    written = write_augmented(question, ["Norte"], tmp_path / "out", Augmentation("sampled", 2))
    assert written.crops == 25
