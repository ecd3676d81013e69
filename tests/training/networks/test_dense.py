"""Dense models: padding, cells, and the same scores from the head, from Keras and from OpenVINO."""

import numpy as np
import pytest

from training.networks.dense import cell_shares, input_px, padded, probability, window_shares


@pytest.mark.parametrize(("judged", "side"), [(224, 352), (240, 384), (260, 416), (1152, 1280)])
def test_the_input_holds_the_surroundings_in_whole_strides(judged, side):
    assert input_px(judged) == side


def test_a_framed_square_stands_in_its_own_mirror_image():
    square = np.arange(224 * 224 * 3).reshape(224, 224, 3).astype(np.uint8)
    image = padded(square, 224)
    assert image.shape == (352, 352, 3)
    assert np.array_equal(image[72:296, 72:296], square)
    assert np.array_equal(image[71, 72:296], square[1])  # one row above the first is the second
    assert np.array_equal(image[296, 72:296], square[222])


def test_a_cell_stands_for_the_sixteen_pixels_it_sees_around():
    # Cells cover 8..24, 24..40, 40..56: of the pixels 30..46 the second has 10, the third 6.
    assert cell_shares(4, 30, 16).tolist() == [0, 10 / 16, 6 / 16, 0]


def test_a_window_of_224_has_fourteen_whole_cells():
    assert window_shares(224).tolist() == pytest.approx([0] * 4 + [1 / 14] * 14 + [0] * 4)


def test_probability_keeps_what_is_unknown_and_never_overflows():
    values = probability(np.array([0.0, np.log(3), 800.0, -800.0, np.nan]))
    assert values[:4].tolist() == pytest.approx([0.5, 0.75, 1.0, 0.0])
    assert np.isnan(values[4])


@pytest.fixture(scope="module")
def trained():
    """The default backbone with a head that tells noise from plain ground."""
    from training.networks.backbones.building import feature_extractor, logits_model
    from training.networks.backbones.registry import find_backbone
    from training.networks.heads.labelled import Labelled
    from training.networks.heads.linear import softmax_head
    from training.networks.heads.parameters import HeadParameters

    backbone = find_backbone("efficientnet-lite0")
    random = np.random.default_rng(1)
    squares = np.stack(
        [
            np.clip(random.integers(60, 190, 3) + random.normal(0, 40 if noisy else 3, (224, 224, 3)), 0, 255)
            for noisy in (True, False) * 6
        ]
    ).astype(np.uint8)
    features = feature_extractor(backbone)(
        np.stack([backbone.prepared(square) for square in squares])
    ).numpy()
    rows = Labelled(features, np.array([True, False] * 6))
    head, _ = softmax_head(rows, rows, HeadParameters())
    model = logits_model(backbone, *head.folded())
    return model, squares, np.asarray(head(features))[:, 1]


def test_both_engines_give_the_scores_that_the_head_gave(trained):
    from training.networks.export import artefact

    model, squares, scores = trained
    assert scores.max() - scores.min() > 0.5
    files = artefact(model, squares, scores)  # refuses a difference above 0.001
    assert set(files) == {"keras", "openvino_xml", "openvino_bin"}


def test_bfloat16_stays_within_its_tolerance(trained):
    from training.networks.engines import DenseEngine, OpenVinoDenseNetwork, has_bf16
    from training.networks.export import exported

    if not has_bf16():
        pytest.skip("this processor does not compute in bfloat16")
    model, squares, scores = trained
    network = OpenVinoDenseNetwork(*exported(model), precision="bf16")
    assert np.abs(DenseEngine(network, 224).scores(squares) - scores).max() < 0.05


def test_a_large_image_is_judged_as_its_parts_are(trained):
    """Away from borders a cell does not care how large the image is."""
    from training.networks.engines import OpenVinoDenseNetwork
    from training.networks.export import exported

    model, _, _ = trained
    network = OpenVinoDenseNetwork(*exported(model))
    ground = np.random.default_rng(2).integers(0, 256, (1, 1600, 1600, 3), dtype=np.uint8)
    whole = network.logits(ground)[0]
    part = network.logits(ground[:, 160:1440, 160:1440])[0]  # whole strides from the corner
    assert whole.shape == (100, 100)
    # 30 cells inwards: beyond what the network can see (851 px, 27 cells to either side).
    assert np.abs(whole[40:60, 40:60] - part[30:50, 30:50]).max() < 1e-3
