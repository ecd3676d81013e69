"""Dense models made from a template: the same as those that are built and exported one by one."""

import tempfile
from errno import ENOSPC
from unittest import mock

import numpy as np
import pytest

from tests.training.short_lite import SHORT_LITE, short_lite_known
from training.networks.agreement import EnginesDisagree
from training.networks.engines import DenseEngine, KerasDenseNetwork, OpenVinoDenseNetwork
from training.networks.export import exported
from training.networks.export_template import export_template
from training.networks.kept_networks import kept_network

pytestmark = pytest.mark.usefixtures("exported_anew")


@pytest.fixture(scope="module")
def backbone():
    with short_lite_known():
        yield SHORT_LITE


@pytest.fixture(scope="module")
def folder(backbone, tmp_path_factory):
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="module")
def template(backbone, folder):
    return export_template(backbone, None, folder)


@pytest.fixture(scope="module")
def windows(backbone):
    return np.random.default_rng(0).integers(
        0, 256, (2, backbone.size_px, backbone.size_px, 3), dtype=np.uint8
    )


def head(backbone, seed):
    return np.random.default_rng(seed).normal(0, 0.02, backbone.feature_count), 0.3 * seed


def scores_of_one_built_alone(backbone, seed, windows):
    from training.networks.backbones.building import logits_model

    xml, weights = exported(logits_model(backbone, *head(backbone, seed)))
    return DenseEngine(OpenVinoDenseNetwork(xml, weights), backbone.size_px).scores(windows), weights


def test_every_model_made_from_a_template_is_the_one_that_would_be_built(template, backbone, windows):
    """To the last bit on OpenVINO."""
    for seed in (1, 2):
        scores, weights = scores_of_one_built_alone(backbone, seed, windows)
        files = template.files(*head(backbone, seed), windows, scores)
        made = OpenVinoDenseNetwork(files["openvino_xml"], files["openvino_bin"])
        assert np.array_equal(DenseEngine(made, backbone.size_px).scores(windows), scores)
        assert len(files["openvino_bin"]) >= len(weights)
        keras = DenseEngine(KerasDenseNetwork(files["keras"]), backbone.size_px).scores(windows)
        assert np.abs(keras - scores).max() < 1e-3


def test_a_model_that_is_not_the_trained_one_is_refused(template, backbone, windows):
    with pytest.raises(EnginesDisagree, match="OpenVINO"):
        template.files(*head(backbone, 1), windows, np.array([0.1, 0.9]))


def test_a_template_that_was_kept_is_taken_up_without_building_anything(
    template, backbone, windows, folder, monkeypatch
):
    """What is damaged or was made by another version is made again, and takes the place of the other."""
    scores, _weights = scores_of_one_built_alone(backbone, 1, windows)
    expected = template.files(*head(backbone, 1), windows, scores)
    (kept,) = folder.iterdir()

    class IsBuilt(Exception):
        pass

    def built(*_args):
        raise IsBuilt

    monkeypatch.setattr("training.networks.backbones.building.logits_model", built)
    export_template.cache_clear()
    assert export_template(backbone, None, folder).files(*head(backbone, 1), windows, scores) == expected
    content = kept.read_bytes()
    for place in (0, 40, 1000, len(content) - 10):
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        kept.write_bytes(damaged)
        export_template.cache_clear()
        with pytest.raises(IsBuilt):
            export_template(backbone, None, folder)
    kept.write_bytes(content[:-1])
    with pytest.raises(IsBuilt):
        export_template(backbone, None, folder)
    kept.write_bytes(content)
    monkeypatch.setattr("training.networks.kept_networks._makers_digest", lambda: "later")
    with pytest.raises(IsBuilt):
        export_template(backbone, None, folder)
    monkeypatch.undo()
    export_template.cache_clear()


def test_of_a_backbone_the_network_of_one_version_is_kept(tmp_path, monkeypatch):
    files = {"model.xml": b"<net/>", "model.bin": b"0000"}
    for version in ("first", "second"):
        monkeypatch.setattr("training.networks.kept_networks._makers_digest", lambda version=version: version)
        assert kept_network(tmp_path, "features-x", lambda: files) == files
    assert [path.name for path in tmp_path.iterdir()] == ["features-x-second.network"]
    assert kept_network(tmp_path, "features-x", lambda: {}) == files


def test_half_a_network_is_not_kept(tmp_path, monkeypatch):
    open_file = tempfile.NamedTemporaryFile

    def on_a_full_disk(**options):
        file = open_file(**options)
        file.write(b"half")
        monkeypatch.setattr(file, "write", mock.Mock(side_effect=OSError(ENOSPC, "the disk is full")))
        return file

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", on_a_full_disk)
    with pytest.raises(OSError, match="full"):
        kept_network(tmp_path, "features-x", lambda: {"model.xml": b"<net/>", "model.bin": b"0000"})
    assert list(tmp_path.iterdir()) == []
