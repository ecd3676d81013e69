"""Images as points on a plane, so that like lies near like; and how far groups of them lie apart. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_samples
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from damage.errors import Refused
from damage.messages import Message as _

# Fewer images have no neighbourhoods to keep.
LEAST_IMAGES = 8
MOST_COMPONENTS = 50
# Of van der Maaten & Hinton's 5 to 50: their usual value, and for few images less, so that a neighbourhood
# is never most of what there is.
USUAL_PERPLEXITY = 30.0


@dataclass(frozen=True)
class Embedding:
    """Points (N, 2) without unit, the components (N, C) that they stand for, and how both were made."""

    points: np.ndarray
    components: np.ndarray
    perplexity: float
    explained: float


@dataclass(frozen=True)
class Apartness:
    """How a group's images lie to the others: the mean silhouette, and how often the nearest image is of the group.

    The silhouette (Rousseeuw 1987) is 1 where a group lies close together and far from all others, 0 where it is
    mixed with the nearest other; None where there is one group alone.
    """

    images: int
    silhouette: float | None
    nearest_of_own: float


def channel_statistics(pixels: np.ndarray, valid: np.ndarray | None = None) -> np.ndarray:
    """Mean and standard deviation of each channel (6,), 0 to 255, of an image (H, W, 3) where it is valid (H, W)."""
    shown = pixels.reshape(-1, 3) if valid is None else pixels[valid]
    if not len(shown):
        raise Refused(_("An image has no valid pixel."), _("Leave it out."))
    shown = shown.astype(np.float64)
    return np.concatenate([shown.mean(axis=0), shown.std(axis=0)])


def standardised(features: np.ndarray) -> np.ndarray:
    """Features (N, F) with mean 0 and deviation 1; those that never vary stay 0."""
    centred = features - features.mean(axis=0, dtype=np.float64)
    deviation = centred.std(axis=0)
    return centred / np.where(deviation > 1e-9, deviation, 1.0)


def perplexity_for(count: int) -> float:
    """How many neighbours each of so many images weighs as its own: 30, but at most a quarter of the others."""
    return min(USUAL_PERPLEXITY, max(2.0, (count - 1) / 4))


def embedded(features: np.ndarray, *, seed: int) -> Embedding:
    """Place images by their features (N, F) with t-SNE (van der Maaten & Hinton 2008), on 50 components at most.

    The same features and seed give the same points. Distances between far groups mean nothing.
    """
    count = len(features)
    if count < LEAST_IMAGES:
        raise Refused(
            _("%(count)s images are too few to explore.") % {"count": count},
            _("Name more towns, or take in more imagery: %(least_images)s are needed.")
            % {"least_images": LEAST_IMAGES},
        )
    scaled = standardised(features)
    if not scaled.any():
        raise Refused(_("All images are the same."), _("Name more towns, or take in more imagery."))
    pca = PCA(min(MOST_COMPONENTS, *scaled.shape), svd_solver="full", random_state=seed)
    components = pca.fit_transform(scaled)
    perplexity = perplexity_for(count)
    tsne = TSNE(perplexity=perplexity, init="pca", random_state=seed)
    with threadpool_limits(
        1, user_api="openmp"
    ):  # the order of sums, and so the points, would depend on the cores
        points = tsne.fit_transform(components.astype(np.float32))
    explained = float(pca.explained_variance_ratio_.sum())
    return Embedding(points.astype(np.float64), components, perplexity, explained)


def apartness(components: np.ndarray, groups: Sequence[str]) -> dict[str, Apartness]:
    """How far the groups lie apart among the components (N, C), by group; measured before t-SNE bends distances."""
    names = np.array(groups)
    nearest = NearestNeighbors(n_neighbors=1).fit(components).kneighbors(return_distance=False)[:, 0]
    own = names[nearest] == names
    several = 1 < len(set(groups)) < len(names)
    widths = silhouette_samples(components, names) if several else None
    return {
        name: Apartness(
            images=int((names == name).sum()),
            silhouette=None if widths is None else float(widths[names == name].mean()),
            nearest_of_own=float(own[names == name].mean()),
        )
        for name in sorted(set(groups))
    }
