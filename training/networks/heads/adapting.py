"""Whether a logistic regression is to go on learning in a town without answers, decided without any. Pure.

Where damage is rare, the two groups that self-training looks for are something else, such as roofs and bare ground, and
going on learning from them harms. So the model is left as it is unless everything speaks for adapting;
`benchmarks/adapting.py` measures what that does in towns left out.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from damage.errors import Refused
from training.data.adaptation import two_groups
from training.networks.heads.labelled import Labelled
from training.networks.heads.linear import logistic_head
from training.networks.heads.parameters import LogisticParameters, Parameters
from training.networks.heads.self_training import SelfTrained, check_enough, self_trained

# At 3 standard deviations a cut halfway leaves 7 % of either group on the wrong side, which is what a model that does
# not adapt leaves in an unseen town of the same sensor: groups that lie nearer cannot do better.
LEAST_SEPARATION = 3.0
# Half the crops scatter more.
LEAST_HALF_SEPARATION = 2.5
LEAST_SHARE = 0.05
LEAST_AGREEMENT = 0.8


@dataclass(frozen=True)
class Evidence:
    """What speaks for adapting to a town; nobody's answers there have a part in it.

    `separation` is how many standard deviations lie between the two groups of the unadapted model's logits, and
    `half_separation` the lesser of that in two halves of the crops; `share` is the smaller group's. `agreement` is the
    Jaccard index of the crops in the higher group before and after adapting; None where it was not tried, 0 where the
    groups were lost on the way.
    """

    separation: float
    half_separation: float
    share: float
    agreement: float | None = None


@dataclass(frozen=True)
class Doubt:
    """A piece of evidence that is less than it has to be."""

    name: str
    found: float
    needed: float


def doubts(evidence: Evidence) -> list[Doubt]:
    """What speaks against adapting: nothing where the town's groups are far apart, steady, large and stay the same."""
    needed = {
        "separation": LEAST_SEPARATION,
        "half_separation": LEAST_HALF_SEPARATION,
        "share": LEAST_SHARE,
        "agreement": LEAST_AGREEMENT,
    }
    found = {name: getattr(evidence, name) for name in needed}
    return [
        Doubt(name, found[name], least)
        for name, least in needed.items()
        if found[name] is not None and found[name] < least
    ]


@dataclass(frozen=True)
class Adapting:
    """What was found, and the model that went on learning; None where it is to be left as it is."""

    evidence: Evidence
    adapted: SelfTrained | None

    @property
    def doubts(self) -> list[Doubt]:
        return doubts(self.evidence)

    @property
    def record(self) -> dict[str, Any]:
        """What a run's metrics keep of it, ready for JSON."""
        return {
            "is_adapted": self.adapted is not None,
            **asdict(self.evidence),
            "doubts": [asdict(doubt) for doubt in self.doubts],
        }


def adapted_if_it_helps(train: Labelled, unlabelled: np.ndarray, parameters: Parameters) -> Adapting:
    """Adapt a logistic regression to a town's `unlabelled` features (M, F), unless something speaks against it.

    Raises `Refused` for too few crops, and `TypeError` for the parameters of another head.
    """
    if not isinstance(parameters, LogisticParameters):
        raise TypeError(f"only a logistic regression adapts to a town, not {type(parameters).__name__}")
    check_enough(unlabelled)
    logits = logistic_head(train, parameters).logits(unlabelled)
    evidence = evidence_before(logits)
    if doubts(evidence):
        return Adapting(evidence, None)
    try:
        found = self_trained(train, unlabelled, parameters)
    except Refused:  # in some round the scores no longer parted
        return Adapting(replace(evidence, agreement=0.0), None)
    agreement = jaccard_index(two_groups(logits).chances > 0.5, found.called)
    evidence = replace(evidence, agreement=agreement)
    return Adapting(evidence, None if doubts(evidence) else found)


def evidence_before(logits: np.ndarray) -> Evidence:
    """What a town's logits (M,) by the unadapted model say before anything is learnt there."""
    if not all(np.ptp(some) for some in (logits[::2], logits[1::2])):
        return Evidence(0.0, 0.0, 0.0)
    groups, *halves = (two_groups(some) for some in (logits, logits[::2], logits[1::2]))
    share = float(groups.chances.mean())
    return Evidence(groups.separation, min(half.separation for half in halves), min(share, 1 - share))


def jaccard_index(first: np.ndarray, second: np.ndarray) -> float:
    """How far two choices (M,), bool, are the same: what both hold, of what either holds; 0 where both are empty."""
    either = int((first | second).sum())
    return int((first & second).sum()) / either if either else 0.0
