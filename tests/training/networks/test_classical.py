"""Features without a network, beside answers worked out by hand."""

import numpy as np
import pytest

from damage.errors import Refused
from training.networks.backbones.registry import feature_names, find_features
from training.networks.classical import CLASSICAL, SIZE_PX, ClassicalFeatures


def measured(name, square):
    return CLASSICAL[name].outputs(CLASSICAL[name].prepared(square)[None])[0]


def stripes(*, upright):
    """Black and white stripes, eight pixels wide."""
    white = (np.arange(SIZE_PX) // 8 % 2 * 255).astype(np.uint8)
    square = np.tile(white, (SIZE_PX, 1))
    return np.repeat((square if upright else square.T)[..., None], 3, axis=2)


NOISE = np.random.default_rng(0).integers(0, 256, (SIZE_PX, SIZE_PX, 3), dtype=np.uint8)
FLAT = np.full((40, 40, 3), 90, np.uint8)


@pytest.mark.parametrize("name", CLASSICAL)
def test_they_are_as_many_as_said_and_finite_on_any_square(name):
    features = CLASSICAL[name]
    for square in (NOISE, FLAT, NOISE[:30, :30]):
        rows = features.outputs(features.prepared(square)[None])
        assert (rows.shape, rows.dtype) == ((1, features.feature_count), np.float32)
        assert np.isfinite(rows).all()
    assert features.outputs(np.zeros((0, SIZE_PX, SIZE_PX, 3), np.uint8)).shape == (0, features.feature_count)


def test_means_and_deviations_are_those_of_each_colour():
    square = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8)
    square[: SIZE_PX // 2] = (200, 0, 0)
    square[..., 2] = 30
    assert measured("channel-means", square).tolist() == [100, 0, 30]
    assert measured("channel-means-deviations", square).tolist() == [100, 0, 30, 100, 0, 0]


@pytest.mark.parametrize(("upright", "direction"), [(True, 0), (False, 4)])
def test_gradients_point_across_the_stripes(upright, direction):
    """Nine directions of 20 degrees each: 0 is across upright stripes, 4 holds 80 to 100 degrees."""
    by_direction = measured("hog", stripes(upright=upright)).reshape(-1, 9)
    assert set(by_direction.argmax(1)) == {direction}


def test_flat_ground_has_no_gradients_and_one_pattern():
    assert not measured("hog", FLAT).any()
    shares = np.split(measured("lbp", FLAT[:1, :1]), [10, 28])
    for share, points in zip(shares, (8, 16, 24), strict=True):
        assert share.sum() == pytest.approx(1)
        assert share[points] > 0.8  # all neighbours as bright as the middle; at the rim they are outside


def test_patterns_do_not_change_when_the_square_is_turned():
    turned = np.ascontiguousarray(np.rot90(NOISE))
    assert np.abs(measured("lbp", NOISE) - measured("lbp", turned)).max() < 0.005
    assert np.abs(measured("hog", NOISE) - measured("hog", turned)).max() > 0.05


def test_each_has_a_recipe_of_its_own_and_stands_beside_the_backbones():
    assert len({features.recipe_id for features in CLASSICAL.values()}) == len(CLASSICAL)
    assert {"hog", "efficientnet-lite0"} <= set(feature_names())
    assert isinstance(find_features("hog", 1.0), ClassicalFeatures)
    assert find_features("efficientnet-lite0", 2.0).contrast == 2.0


def test_what_cannot_be_is_refused():
    with pytest.raises(Refused, match=r"as they are.*--contrast"):
        find_features("lbp", 2.0)
    with pytest.raises(Refused, match=r"no backbone 'sift'.*hog"):
        find_features("sift")
