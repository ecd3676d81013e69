"""Features are computed once per crop and recipe, and never trusted when damaged."""

import hashlib
from dataclasses import replace
from io import BytesIO
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from damage.errors import Refused
from training.data import features
from training.data.crop_files import CropImage, read_pixels
from training.data.features import crop_features
from training.networks.backbones.registry import find_backbone

BACKBONE = replace(find_backbone("efficientnet-lite0"), size_px=8, feature_count=3, is_dense=False)


class MeanColour:
    """A network whose features are the mean colour; counts the crops it saw."""

    seen = 0

    def outputs(self, pixels):
        assert pixels.shape[1:] == (8, 8, 3)
        self.seen += len(pixels)
        return pixels.mean((1, 2)).astype(np.float32)


@pytest.fixture
def network(monkeypatch):
    network = MeanColour()
    monkeypatch.setattr(features, "feature_source", lambda *args: network)
    return network


def plain_crop(colour, *, size_px=16, mode="RGB"):
    content = BytesIO()
    Image.new(mode, (size_px, size_px), colour).save(content, "PNG")
    return CropImage(hashlib.sha256(content.getvalue()).hexdigest(), content.getvalue)


RED, BLUE = plain_crop((255, 0, 0)), plain_crop((0, 0, 255), size_px=5)


def test_features_come_in_the_order_of_the_crops(network, tmp_path):
    rows = crop_features([BLUE, RED, BLUE], BACKBONE, tmp_path)
    assert rows.tolist() == [[0, 0, 255], [255, 0, 0], [0, 0, 255]]


def test_a_crop_is_computed_once(network, tmp_path):
    crop_features([RED, RED], BACKBONE, tmp_path)
    crop_features([RED, BLUE], BACKBONE, tmp_path)
    assert network.seen == 2


def test_another_recipe_is_computed_anew(network, tmp_path):
    crop_features([RED], BACKBONE, tmp_path)
    crop_features([RED], replace(BACKBONE, contrast=1.0), tmp_path)
    assert network.seen == 2


@pytest.mark.parametrize("damage", ["empty", "truncated", "noise", "zip", "other shape", "not a number"])
def test_a_damaged_entry_is_computed_again(network, tmp_path, damage):
    crop_features([RED], BACKBONE, tmp_path)
    (kept,) = tmp_path.rglob("*.npy")
    content = kept.read_bytes()
    if damage == "other shape":
        np.save(kept, np.zeros(4, np.float32))
    elif damage == "not a number":
        np.save(kept, np.full(3, np.nan, np.float32))
    else:
        kept.write_bytes(
            {"empty": b"", "truncated": content[:-4], "noise": b"\x93" * 300, "zip": b"PK\x03\x04"}[damage]
        )
    assert crop_features([RED], BACKBONE, tmp_path).tolist() == [[255, 0, 0]]
    assert network.seen == 2


def test_an_entry_that_would_be_unpickled_is_computed_again(network, tmp_path):
    crop_features([RED], BACKBONE, tmp_path)
    (kept,) = tmp_path.rglob("*.npy")
    np.save(kept, np.array([print], object), allow_pickle=True)
    assert crop_features([RED], BACKBONE, tmp_path).tolist() == [[255, 0, 0]]


def test_two_trainings_may_write_the_same_crops(network, tmp_path):
    writers = [Thread(target=crop_features, args=([RED, BLUE], BACKBONE, tmp_path)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(list(tmp_path.rglob("*.npy"))) == 2
    assert not list(tmp_path.rglob("*.part"))


def test_progress_counts_what_was_there_already(network, tmp_path):
    told = []
    crop_features([RED], BACKBONE, tmp_path)
    crop_features([RED, BLUE], BACKBONE, tmp_path, progress=lambda *counts: told.append(counts))
    assert told == [(1, 2), (2, 2)]


def test_a_crop_whose_file_changed_is_refused():
    with pytest.raises(Refused, match="has changed"):
        read_pixels(CropImage(RED.sha256, BLUE.read))


def test_a_grey_crop_becomes_rgb():
    assert read_pixels(plain_crop(7, mode="L")).tolist() == np.full((16, 16, 3), 7).tolist()
