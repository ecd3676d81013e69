"""Made-up features for heads."""

import numpy as np

from training.networks.heads.labelled import Labelled


def clouds(count, *, seed, share=0.5):
    """Two clouds of points three deviations apart along the first of eight axes."""
    random = np.random.default_rng(seed)
    is_positive = random.random(count) < share
    features = random.normal(size=(count, 8)).astype(np.float32)
    features[:, 0] += 3 * is_positive
    return Labelled(features * 10 + 50, is_positive)
