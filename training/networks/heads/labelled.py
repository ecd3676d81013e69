"""Features with answers, and how a training on them went. Pure."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Labelled:
    """Features (N, F) and whether each row's answer is yes (N,); a crop's `copies` stand one after the other.

    `grounds` (N,) numbers the ground that each row shows: rows that share a number show the same.
    """

    features: np.ndarray
    is_positive: np.ndarray
    copies: int = 1
    grounds: np.ndarray | None = None

    @property
    def originals(self) -> "Labelled":
        """The first row of each crop: the crop as it is."""
        grounds = None if self.grounds is None else self.grounds[:: self.copies]
        return Labelled(self.features[:: self.copies], self.is_positive[:: self.copies], grounds=grounds)

    def of(self, crops: np.ndarray) -> "Labelled":
        """Those of some crops (C,), bool, with their copies."""
        rows = np.repeat(crops, self.copies)
        grounds = None if self.grounds is None else self.grounds[rows]
        return Labelled(self.features[rows], self.is_positive[rows], self.copies, grounds)

    @property
    def answers(self) -> np.ndarray:
        """One-hot (N, 2): no, yes."""
        return np.eye(2, dtype=np.float32)[self.is_positive.astype(int)]

    @property
    def shares(self) -> np.ndarray:
        """Weights (N,), float64, under which both answers count the same and a crop's copies share its weight."""
        counts = np.bincount(self.is_positive.astype(int), minlength=2)
        return (len(self.is_positive) / 2 / counts)[self.is_positive.astype(int)] / self.copies

    @property
    def weights(self) -> np.ndarray:
        """The same for heads that weigh each row by itself, float32: their mean is 1."""
        return (self.shares * self.copies).astype(np.float32)


@dataclass(frozen=True)
class TrainingHistory:
    """How a training went, epoch by epoch; the train loss is that before the epoch's step."""

    best_epoch: int
    train_losses: list[float]
    validation_losses: list[float]
