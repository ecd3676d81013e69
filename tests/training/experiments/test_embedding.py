"""Images as points: statistics worked out by hand, groups whose distance is known."""

import numpy as np
import pytest

from damage.errors import Refused
from training.experiments.embedding import (
    apartness,
    channel_statistics,
    embedded,
    perplexity_for,
    standardised,
)


def two_groups(distance):
    random = np.random.default_rng(3)
    features = random.normal(0, 1, (40, 6))
    features[20:] += distance
    return features, ["a"] * 20 + ["b"] * 20


def test_means_come_first_then_deviations():
    pixels = np.zeros((1, 2, 3), np.uint8)
    pixels[0, :, 0] = 10, 30  # mean 20, deviation 10
    pixels[0, :, 1] = 7, 7
    pixels[0, :, 2] = 0, 200
    assert channel_statistics(pixels).tolist() == [20, 7, 100, 10, 0, 100]


def test_ground_without_data_does_not_count():
    pixels = np.full((4, 4, 3), 90, np.uint8)
    pixels[:2] = 0
    valid = np.zeros((4, 4), bool)
    valid[2:] = True
    assert channel_statistics(pixels, valid).tolist() == [90, 90, 90, 0, 0, 0]
    with pytest.raises(Refused, match="no valid pixel"):
        channel_statistics(pixels, np.zeros((4, 4), bool))


def test_a_feature_that_never_varies_says_nothing():
    scaled = standardised(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert scaled.tolist() == [[-1, 0], [1, 0]]


def test_groups_that_differ_lie_apart_and_others_do_not():
    far, groups = two_groups(20.0)
    measured = apartness(far, groups)["a"]
    assert measured.images == 20
    assert measured.silhouette > 0.8
    assert measured.nearest_of_own == 1.0
    near, groups = two_groups(0.0)
    measured = apartness(near, groups)["a"]
    assert abs(measured.silhouette) < 0.1
    assert measured.nearest_of_own < 0.9


def test_one_group_alone_is_not_apart_from_anything():
    features, _groups = two_groups(1.0)
    assert apartness(features, ["a"] * 40)["a"].silhouette is None


def test_like_lies_near_like_and_the_same_seed_gives_the_same_points():
    features, _groups = two_groups(20.0)
    points = embedded(features, seed=4).points
    assert points.shape == (40, 2)
    within = np.linalg.norm(points[:20] - points[:20].mean(axis=0), axis=1).max()
    between = np.linalg.norm(points[:20].mean(axis=0) - points[20:].mean(axis=0))
    assert between > within
    assert np.array_equal(points, embedded(features, seed=4).points)


def test_neighbourhoods_shrink_with_the_number_of_images():
    assert perplexity_for(1000) == 30
    assert perplexity_for(41) == 10
    assert perplexity_for(8) == 2
    assert all(perplexity_for(count) < count for count in range(8, 200))


@pytest.mark.parametrize(("features", "why"), [(np.eye(7), "too few"), (np.ones((9, 3)), "the same")])
def test_what_cannot_be_laid_out_is_refused_with_the_reason(features, why):
    with pytest.raises(Refused, match=why):
        embedded(features, seed=0)
