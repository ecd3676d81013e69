"""How heads are trained: what may be chosen, and what is recorded. Pure."""

from dataclasses import dataclass
from typing import Literal


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

    A linear one is a head like the others; "rbf" bends around few features. Its kernel is the mean over the features.
    """

    kernel: Literal["linear", "rbf"] = "linear"
    penalty: float = 0.2
    folds: int = 5


@dataclass(frozen=True)
class ForestParameters:
    """How many trees are grown; each sees a draw of the crops and, at each branch, of the features."""

    trees: int = 300
    least_in_leaf: int = 1


Parameters = HeadParameters | LogisticParameters | SvmParameters | ForestParameters
HEADS: dict[str, type[Parameters]] = {
    "softmax": HeadParameters,
    "logistic-regression": LogisticParameters,
    "svm": SvmParameters,
    "random-forest": ForestParameters,
}
CROSS_VALIDATED = frozenset({"svm"})  # these learn how sure they may be from crops that they left out


def head_parameters(head: str, *, is_classical: bool) -> Parameters:
    """How a head is trained; on classical features, which are few, the support vector machine is that of the field."""
    if head == "svm" and is_classical:
        return SvmParameters(kernel="rbf", penalty=1.0)
    return HEADS[head]()


@dataclass(frozen=True)
class TuningParameters:
    """How the last blocks and the head are trained; `benchmarks/README.md` has the figures behind the values."""

    blocks: int
    learning_rate: float = 3e-5
    batch: int = 16
    max_epochs: int = 5
    patience: int = 2
