"""Heads that are one linear function of standardised features: softmax and logistic regression. Pure.

No TensorFlow: such a head becomes a layer of Keras's only where a whole network is made with it (`heads.keras_layer`).
"""

from dataclasses import dataclass

import numpy as np

from training.networks.dense import probability
from training.networks.heads.labelled import Labelled, TrainingHistory
from training.networks.heads.parameters import HeadParameters, LogisticParameters

# Of the median variance; `benchmarks/README.md` has the figures.
VARIANCE_SHARE = 0.05
# A regression is at its optimum when no slope of its loss is steeper.
STEEPEST = 1e-4


@dataclass(frozen=True)
class LinearHead:
    """Features (F,) less `mean`, over the root of `variance`, times `weights`, and `bias`: the logit of "yes".

    `l2` is the penalty on the weights of the two outputs, under which fine-tuning goes on.
    """

    mean: np.ndarray
    variance: np.ndarray
    weights: np.ndarray
    bias: float
    l2: float = 0.0

    def logits(self, features: np.ndarray) -> np.ndarray:
        """The logits (N,), float64, of features (N, F)."""
        return (np.asarray(features) - self.mean) / np.sqrt(self.variance) @ self.weights + self.bias

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Probabilities (N, 2), float32, of "no" and "yes"."""
        yes = probability(self.logits(features))
        return np.stack([1 - yes, yes], axis=1)

    def folded(self) -> tuple[np.ndarray, float]:
        """The same of features as they are: weights (F,) and bias."""
        weights = self.weights / np.sqrt(self.variance)
        return weights, float(self.bias - weights @ self.mean)


def softmax_head(
    train: Labelled, validation: Labelled, parameters: HeadParameters
) -> tuple[LinearHead, TrainingHistory]:
    """Return the head with the lowest validation loss and how it came to be.

    Each epoch is one step of gradient descent with momentum on all crops, from weights of nothing: the loss is convex
    and the data small, so nothing is left to chance. Keras's SGD does the same, in hundredths of a second a step.
    """
    mean, variance = standardisation(train.features)
    rows, unseen = ((labelled.features - mean) / np.sqrt(variance) for labelled in (train, validation))
    # The output "yes": weights, and the bias last. Those of "no" are the opposite, after every step.
    layer = np.zeros(rows.shape[1] + 1)
    velocity = np.zeros_like(layer)
    train_losses: list[float] = []
    validation_losses: list[float] = []
    best_loss, best_epoch, best_layer = float("inf"), 0, layer
    for epoch in range(1, parameters.max_epochs + 1):
        chances, loss = _softmax_loss(layer, rows, train, parameters.l2)
        train_losses.append(loss)
        errors = (chances - train.is_positive) * train.weights / len(rows)
        gradient = np.append(_summed(rows, errors) + 2 * parameters.l2 * layer[:-1], errors.sum())
        velocity = parameters.momentum * velocity - parameters.learning_rate * gradient
        layer = layer + velocity
        loss = _softmax_loss(layer, unseen, validation, parameters.l2)[1]
        validation_losses.append(loss)
        if loss < best_loss:
            best_loss, best_epoch, best_layer = loss, epoch, layer
        elif epoch - best_epoch >= parameters.patience:
            break
    head = LinearHead(mean, variance, 2 * best_layer[:-1], float(2 * best_layer[-1]), parameters.l2)
    return head, TrainingHistory(best_epoch, train_losses, validation_losses)


def _softmax_loss(
    layer: np.ndarray, rows: np.ndarray, labelled: Labelled, l2: float
) -> tuple[np.ndarray, float]:
    """The chances of "yes" (N,) that an output (F + 1,) gives rows (N, F), and the loss: cross-entropy and penalty."""
    logits = 2 * (_times(rows, layer[:-1]) + layer[-1])
    surprise = np.logaddexp(0, np.where(labelled.is_positive, -logits, logits))
    loss = (labelled.weights * surprise).mean() + 2 * l2 * (layer[:-1] ** 2).sum()
    return 0.5 * (1 + np.tanh(logits / 2)), float(loss)


def _times(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rows (N, F) times weights (F,).

    Not by `@`: BLAS divides so little work among threads, which wait for each other wherever a core is busy otherwise.
    """
    return np.einsum("nf,f->n", rows, weights)


def _summed(rows: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Rows (N, F), each times its share (N,), added up (F,); see `_times`."""
    return np.einsum("nf,n->f", rows, shares)


def logistic_head(train: Labelled, parameters: LogisticParameters) -> LinearHead:
    """Return a logistic regression on standardised features, worked out to its optimum."""
    fit = LogisticFit(train, np.empty((0, train.features.shape[1]), np.float32), parameters)
    return fit.head(fit.learnt())


@dataclass(frozen=True)
class Regression:
    """What a `LogisticFit` learnt: weights (F,) of standardised features, and the bias."""

    weights: np.ndarray
    bias: float


class LogisticFit:
    """Logistic regressions on the same crops, some `others` (M, F) among them whose answers nobody gave.

    All rows are standardised by `train`.
    """

    def __init__(self, train: Labelled, others: np.ndarray, parameters: LogisticParameters) -> None:
        self._mean, self._variance = standardisation(train.features)
        every = np.concatenate([train.features, others])
        self._rows = (every - self._mean) / np.sqrt(self._variance)
        self._train, self._parameters = train, parameters

    def learnt(self, guesses: np.ndarray | None = None, weights: np.ndarray | None = None) -> Regression:
        """The optimum for the training crops, and for `others` with guessed answers (M,) of so much weight (M,)."""
        rows, answers, shares = self._rows[: self._count], self._train.is_positive, self._train.shares
        if guesses is not None and weights is not None:
            used = np.flatnonzero(weights)
            rows = np.concatenate([rows, self._rows[self._count + used]])
            answers = np.concatenate([answers, guesses[used]])
            shares = np.concatenate([shares, weights[used]])
        return _regression(rows, answers, shares, self._parameters)

    def logits(self, learnt: Regression) -> np.ndarray:
        """The logits (M,) for "yes" of each of `others`."""
        return self._rows[self._count :] @ learnt.weights + learnt.bias

    def head(self, learnt: Regression) -> LinearHead:
        """The regression as a head."""
        return LinearHead(self._mean, self._variance, learnt.weights, learnt.bias)

    @property
    def _count(self) -> int:
        return len(self._train.features)


def _regression(
    rows: np.ndarray, answers: np.ndarray, shares: np.ndarray, parameters: LogisticParameters
) -> Regression:
    """The regression that rows (N, F), each of so much weight (N,), lead to.

    Step by step what scikit-learn's `LogisticRegression` does, which takes three times as long to import as SciPy.
    """
    from scipy import optimize  # slow to import, and a site's pages do without

    l2 = 1 / (parameters.inverse_l2 * shares.sum())
    found = optimize.minimize(
        _logistic_loss,
        np.zeros(rows.shape[1] + 1),
        (rows, answers, shares / shares.sum(), l2),
        method="L-BFGS-B",
        jac=True,
        options={
            "maxiter": parameters.max_steps,
            "maxls": 50,
            "gtol": STEEPEST,
            "ftol": 64 * np.finfo(float).eps,
        },
    )
    return Regression(found.x[:-1], float(found.x[-1]))


def _logistic_loss(
    values: np.ndarray, rows: np.ndarray, answers: np.ndarray, shares: np.ndarray, l2: float
) -> tuple[float, np.ndarray]:
    """Cross-entropy and penalty of weights and bias (F + 1,), and their slopes (F + 1,); `shares` add up to 1."""
    weights = values[:-1]
    logits = _times(rows, weights) + values[-1]
    errors = shares * (0.5 * (1 + np.tanh(logits / 2)) - answers)
    loss = shares @ (np.logaddexp(0, logits) - answers * logits) + l2 / 2 * weights @ weights
    return float(loss), np.append(_summed(rows, errors) + l2 * weights, errors.sum())


def standardisation(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (F,) to standardise with; a share of the median variance is added to each.

    Of a few dozen crops some features hardly vary at all, and would be blown up beyond all others in the next town.
    """
    variance = features.var(axis=0, dtype=np.float64)
    return features.mean(axis=0, dtype=np.float64), variance + VARIANCE_SHARE * np.median(variance) + 1e-12
