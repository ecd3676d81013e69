"""When a crop has been looked at often enough. Pure.

As in Space Warps' SWAP (Marshall et al. 2016, MNRAS 455, 1171-1190, doi:10.1093/mnras/stv2009): each answer moves a
crop's posterior by as much as its giver's confusion matrix says, and the crop is retired as soon as that is certain.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class State(StrEnum):
    """Whether a crop is still asked about."""

    OPEN = "open"
    SETTLED = "settled"
    TO_VERIFY = "to_verify"  # people have looked, and it is not certain: verifiers decide


@dataclass(frozen=True)
class RetirementRule:
    """A crop is settled when a class is likelier than `certain`, after `least_answers` that name a class.

    With two classes that is a posterior below 0.05 or above 0.95. After `most_answers` of any kind, verifiers decide.
    """

    certain: float = 0.95
    least_answers: int = 2
    most_answers: int = 7

    def __post_init__(self) -> None:
        if not (0.5 <= self.certain < 1 and 1 <= self.least_answers <= self.most_answers):
            raise ValueError(f"no rule to retire by: {self}")


DEFAULT_RULE = RetirementRule()


def retirement_states(
    posterior: np.ndarray, named: np.ndarray, unsure: np.ndarray, rule: RetirementRule = DEFAULT_RULE
) -> list[State]:
    """The state of each crop, from its posterior (N, K) and how many answers name a class or none (N,)."""
    is_settled = (posterior.max(axis=1) > rule.certain) & (named >= rule.least_answers)
    is_used_up = named + unsure >= rule.most_answers
    return [
        State.SETTLED if settled else State.TO_VERIFY if used_up else State.OPEN
        for settled, used_up in zip(is_settled, is_used_up, strict=True)
    ]


def retirement_state(
    posterior: np.ndarray, named: int, unsure: int, rule: RetirementRule = DEFAULT_RULE
) -> State:
    """The same of one crop, from its posterior (K,)."""
    (state,) = retirement_states(posterior[None], np.array([named]), np.array([unsure]), rule)
    return state
