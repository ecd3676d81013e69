"""Dense models made from a template: the same as those that are built and exported one by one."""

import numpy as np
import pytest

from tests.training.short_lite import SHORT_LITE, short_lite_known
from training.networks.engines import DenseEngine, KerasDenseNetwork, OpenVinoDenseNetwork
from training.networks.export import EnginesDisagree, exported
from training.networks.export_template import ExportTemplate


@pytest.fixture(scope="module")
def backbone():
    with short_lite_known():
        yield SHORT_LITE


@pytest.fixture(scope="module")
def template(backbone):
    return ExportTemplate(backbone, None)


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
    """To the last bit on OpenVINO; also the second, whose Keras file is opened by its weights alone."""
    for seed in (1, 2):
        scores, weights = scores_of_one_built_alone(backbone, seed, windows)
        files = template.files(*head(backbone, seed), windows, scores)
        poured = OpenVinoDenseNetwork(files["openvino_xml"], files["openvino_bin"])
        assert np.array_equal(DenseEngine(poured, backbone.size_px).scores(windows), scores)
        assert len(files["openvino_bin"]) >= len(weights)
        keras = DenseEngine(KerasDenseNetwork(files["keras"]), backbone.size_px).scores(windows)
        assert np.abs(keras - scores).max() < 1e-3


def test_a_model_that_is_not_the_trained_one_is_refused(template, backbone, windows):
    with pytest.raises(EnginesDisagree, match="Keras"):
        template.files(*head(backbone, 1), windows, np.array([0.1, 0.9]))
