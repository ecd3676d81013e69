"""The layer that is trained: a softmax on standardised features."""

from dataclasses import dataclass
from typing import Literal

import keras
import numpy as np
from keras import layers
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

# Of the median variance; `benchmarks/README.md` has the figures.
VARIANCE_SHARE = 0.05


@dataclass(frozen=True)
class HeadParameters:
    """How the head is trained. The penalty on large weights keeps 2,000 of them in hand on a few dozen crops."""

    learning_rate: float = 0.01
    momentum: float = 0.9
    l2: float = 0.1
    max_epochs: int = 100
    patience: int = 20


@dataclass(frozen=True)
class LogisticParameters:
    """How the logistic regression is penalised: the smaller, the smaller its weights."""

    inverse_l2: float = 0.003
    max_steps: int = 2000


@dataclass(frozen=True)
class SvmParameters:
    """How the support vector machine is penalised (the smaller, the smaller its weights), in how many folds calibrated.

    A linear one is a layer like the others; "rbf" bends around few features. Its kernel is the mean over the features.
    """

    kernel: Literal["linear", "rbf"] = "linear"
    penalty: float = 0.2
    folds: int = 5


@dataclass(frozen=True)
class ForestParameters:
    """How many trees are grown; each sees a draw of the crops and, at each branch, of the features."""

    trees: int = 300
    least_in_leaf: int = 1


@dataclass(frozen=True)
class TrainingHistory:
    """How a training went, epoch by epoch; the train loss is that before the epoch's step."""

    best_epoch: int
    train_losses: list[float]
    validation_losses: list[float]


Parameters = HeadParameters | LogisticParameters | SvmParameters | ForestParameters
HEADS: dict[str, type[Parameters]] = {
    "softmax": HeadParameters,
    "logistic-regression": LogisticParameters,
    "svm": SvmParameters,
    "random-forest": ForestParameters,
}


@dataclass(frozen=True)
class Labelled:
    """Features (N, F) and whether each row's answer is yes (N,); a crop's `copies` stand one after the other."""

    features: np.ndarray
    is_positive: np.ndarray
    copies: int = 1

    @property
    def originals(self) -> "Labelled":
        """The first row of each crop: the crop as it is."""
        return Labelled(self.features[:: self.copies], self.is_positive[:: self.copies])

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


def head_parameters(head: str, *, is_classical: bool) -> Parameters:
    """How a head is trained; on classical features, which are few, the support vector machine is that of the field."""
    if head == "svm" and is_classical:
        return SvmParameters(kernel="rbf", penalty=1.0)
    return HEADS[head]()


def trained_head(
    train: Labelled, validation: Labelled, parameters: HeadParameters
) -> tuple[keras.Model, TrainingHistory]:
    """Return the head with the lowest validation loss (features in, "no" and "yes" out) and how it came to be.

    Each epoch is one step of gradient descent with momentum on all crops, from weights of nothing: the loss is convex
    and the data small, so nothing is left to chance. Keras's SGD does the same, in hundredths of a second a step.
    """
    head = _untrained(train.features, l2=parameters.l2)
    mean, variance = standardisation(train.features)
    rows, unseen = ((labelled.features - mean) / np.sqrt(variance) for labelled in (train, validation))
    layer = np.zeros((rows.shape[1] + 1, 2))  # the last row is the biases
    velocity = np.zeros_like(layer)
    train_losses: list[float] = []
    validation_losses: list[float] = []
    best_loss, best_epoch, best_layer = float("inf"), 0, layer
    for epoch in range(1, parameters.max_epochs + 1):
        chances, loss = _softmax_loss(layer, rows, train, parameters.l2)
        train_losses.append(loss)
        errors = (chances - train.answers) * train.weights[:, None] / len(rows)
        gradient = np.concatenate([rows.T @ errors + 2 * parameters.l2 * layer[:-1], [errors.sum(axis=0)]])
        velocity = parameters.momentum * velocity - parameters.learning_rate * gradient
        layer = layer + velocity
        loss = _softmax_loss(layer, unseen, validation, parameters.l2)[1]
        validation_losses.append(loss)
        if loss < best_loss:
            best_loss, best_epoch, best_layer = loss, epoch, layer
        elif epoch - best_epoch >= parameters.patience:
            break
    head.get_layer("softmax").set_weights([best_layer[:-1], best_layer[-1]])
    return head, TrainingHistory(best_epoch, train_losses, validation_losses)


def _softmax_loss(
    layer: np.ndarray, rows: np.ndarray, labelled: Labelled, l2: float
) -> tuple[np.ndarray, float]:
    """The chances (N, 2) that a layer (F + 1, 2) gives rows (N, F), and its loss: cross-entropy and penalty."""
    logs = log_softmax(rows @ layer[:-1] + layer[-1], axis=1)
    surprise = -(logs * labelled.answers).sum(axis=1)
    return np.exp(logs), float((labelled.weights * surprise).mean() + l2 * (layer[:-1] ** 2).sum())


def logistic_head(train: Labelled, parameters: LogisticParameters) -> keras.Model:
    """Return a logistic regression on standardised features, worked out to its optimum, in the form of the softmax."""
    fit = LogisticFit(train, np.empty((0, train.features.shape[1]), np.float32), parameters)
    return layer_of(train, *fit.linear(fit.learnt()))


class LogisticFit:
    """Logistic regressions on the same crops, some `others` (M, F) among them whose answers nobody gave.

    All rows are standardised by `train`. A few crops span few directions among thousands of features: in these the
    optimum is the same and found at once.
    """

    def __init__(self, train: Labelled, others: np.ndarray, parameters: LogisticParameters) -> None:
        layer = _untrained(train.features).get_layer("standardise")
        every = np.concatenate([train.features, others])
        self._rows, self._directions = _reduced(np.asarray(layer(every), np.float64))
        self._train, self._parameters = train, parameters

    def learnt(
        self, guesses: np.ndarray | None = None, weights: np.ndarray | None = None
    ) -> LogisticRegression:
        """The optimum for the training crops, and for `others` with guessed answers (M,) of so much weight (M,)."""
        rows, answers, shares = self._rows[: self._count], self._train.is_positive, self._train.shares
        if guesses is not None and weights is not None:
            used = np.flatnonzero(weights)
            rows = np.concatenate([rows, self._rows[self._count + used]])
            answers = np.concatenate([answers, guesses[used]])
            shares = np.concatenate([shares, weights[used]])
        fitted = LogisticRegression(C=self._parameters.inverse_l2, max_iter=self._parameters.max_steps)
        return fitted.fit(rows, answers, shares)

    def logits(self, fitted: LogisticRegression) -> np.ndarray:
        """The logits (M,) for "yes" of each of `others`."""
        return fitted.decision_function(self._rows[self._count :])

    def linear(self, fitted: LogisticRegression) -> tuple[np.ndarray, float]:
        """Weights (F,) of standardised features, and the bias."""
        weights = fitted.coef_[0] if self._directions is None else self._directions.T @ fitted.coef_[0]
        return weights, float(fitted.intercept_[0])

    @property
    def _count(self) -> int:
        return len(self._train.features)


def layer_of(train: Labelled, weights: np.ndarray, bias: float) -> keras.Model:
    """A linear function of the features, standardised by those of `train`, in the form of the softmax."""
    head = _untrained(train.features)
    _set(head, weights, bias)
    return head


def _reduced(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """The rows (N, F) in the directions (D, F) that they span; rows alone where they are more than features.

    A few crops span few directions among thousands: in these the optimum is the same and found at once.
    """
    if len(rows) > rows.shape[1]:
        return rows, None
    _left, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    spanned = directions[sizes > sizes[0] * 1e-6]
    return rows @ spanned.T, spanned


def linear_weights(head: keras.Model) -> tuple[np.ndarray, float]:
    """The head as one linear function of the features: weights (F,) and bias of "yes" against "no", in logits."""
    standardise, outputs = head.get_layer("standardise"), head.get_layer("softmax")
    kernel, biases = (np.asarray(values, np.float64) for values in outputs.get_weights())
    mean = np.asarray(standardise.mean, np.float64).reshape(-1)
    deviation = np.maximum(np.sqrt(np.asarray(standardise.variance, np.float64)), keras.config.epsilon())
    weights = (kernel[:, 1] - kernel[:, 0]) / deviation.reshape(-1)
    return weights, float(biases[1] - biases[0] - weights @ mean)


def standardisation(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance (F,) to standardise with; a share of the median variance is added to each.

    Of a few dozen crops some features hardly vary at all, and would be blown up beyond all others in the next town.
    """
    variance = features.var(axis=0, dtype=np.float64)
    return features.mean(axis=0, dtype=np.float64), variance + VARIANCE_SHARE * np.median(variance) + 1e-12


def _set(head: keras.Model, weights: np.ndarray, bias: float) -> None:
    kernel = np.stack([np.zeros_like(weights), weights], axis=1)
    head.get_layer("softmax").set_weights([kernel, np.array([0.0, bias])])


def _untrained(features: np.ndarray, *, l2: float = 0.0) -> keras.Model:
    mean, variance = standardisation(features)
    standardise = layers.Normalization(mean=mean, variance=variance, name="standardise")
    outputs = layers.Dense(
        2,
        activation="softmax",
        kernel_initializer="zeros",
        kernel_regularizer=keras.regularizers.L2(l2),
        name="softmax",
    )
    inputs = layers.Input((features.shape[1],), name="features")
    return keras.Model(inputs, outputs(standardise(inputs)), name="head")
