"""Heads that are no layer: scikit-learn's forests and kernel machines on features, kept by skops.

Never loads TensorFlow. Nothing is unpickled: skops builds scikit-learn's own types and refuses a file with any other.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import numpy as np

from damage.errors import Refused
from damage.messages import Message as _
from training.networks.dense import probability

# Scikit-learn's own, but skops leaves it to us to look at the numbers: `_check_trees` does.
TREE = "sklearn.tree._tree.Tree"
REMEDY = _("Restore the data folder from a backup, or train again.")


@dataclass(frozen=True)
class Classifier:
    """A fitted scikit-learn model: a forest's shares of "yes", or the logistic of a scaled decision function."""

    model: Any
    slope: float = 1.0
    offset: float = 0.0

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Probability of "yes", float32 (N,), of features (N, F)."""
        if not len(features):
            return np.zeros(0, np.float32)
        if self.trees:
            rows = np.ascontiguousarray(features, np.float32)
            if rows.shape[1:] != (self.model.n_features_in_,):  # the trees would read other memory
                raise ValueError(f"expected {self.model.n_features_in_} features, got {rows.shape[1:]}")
            # What `predict_proba` does, in the same order but without its checks, a hundred times as long, per tree.
            return np.mean([tree.predict(rows)[:, 1] for tree in self.trees], axis=0).astype(np.float32)
        return probability(
            self.slope * self.model.decision_function(np.asarray(features, np.float64)) + self.offset
        )

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Probabilities (N, 2) of "no" and "yes", as a linear head gives them."""
        yes = self.scores(np.asarray(features))
        return np.stack([1 - yes, yes], axis=1)

    @cached_property
    def trees(self) -> list[Any]:
        """The trees of a forest; none of another model."""
        return [each.tree_ for each in getattr(self.model, "estimators_", [])]

    @property
    def tolerance(self) -> float:
        """How far a score may move where features differ in their last digits: two trees of a forest may turn."""
        return 2 / len(self.trees) if self.trees else 0.0


def classifier_file(classifier: Classifier) -> bytes:
    """The classifier as a file of skops's."""
    from skops.io import dumps

    parts = {"model": classifier.model, "slope": classifier.slope, "offset": classifier.offset}
    content: bytes = dumps(parts, compression=ZIP_DEFLATED)
    return content


def read_classifier(content: bytes) -> Classifier:
    """The classifier in a file of skops's; raises `Refused` where it holds anything but scikit-learn's own types."""
    from skops.io import get_untrusted_types, loads

    try:
        strange = sorted(set(get_untrusted_types(data=content)) - {TREE})
        if strange:
            raise Refused(
                _("The model's head holds types that are not scikit-learn's own: %(strange)s.")
                % {"strange": ", ".join(strange)},
                REMEDY,
            )
        parts = loads(content, trusted=[TREE])
        classifier = Classifier(parts["model"], float(parts["slope"]), float(parts["offset"]))
    except (BadZipFile, KeyError, TypeError, ValueError) as error:
        raise Refused(_("The model's head cannot be read: %(error)s") % {"error": error}, REMEDY) from error
    for tree in classifier.trees:
        _check_tree(tree)
    return classifier


def learnt_digest(content: bytes) -> str:
    """Of the arrays in a file of skops's; the file itself also holds places in memory and the time of its making."""
    with ZipFile(BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        arrays = sorted(hashlib.sha256(archive.read(name)).hexdigest() for name in names)
    return hashlib.sha256("".join(arrays).encode()).hexdigest()


def _check_tree(tree: Any) -> None:
    """Refuse a tree whose branches or features lie outside: scikit-learn would read other memory, or for ever."""
    places = np.arange(tree.node_count)
    is_leaf = tree.children_left == -1
    within = all(
        np.all(is_leaf | ((children > places) & (children < tree.node_count)))
        for children in (tree.children_left, tree.children_right)
    )
    known = np.all(is_leaf | ((tree.feature >= 0) & (tree.feature < tree.n_features)))
    if not (within and known and tree.max_n_classes == 2 and len(tree.value) == tree.node_count):
        raise Refused(_("The model's head holds a tree whose branches lead nowhere."), REMEDY)
