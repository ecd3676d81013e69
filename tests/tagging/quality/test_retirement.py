"""When a crop has been looked at often enough."""

import numpy as np
import pytest

from tagging.quality.retirement import RetirementRule, State, retirement_state, retirement_states


@pytest.mark.parametrize(
    ("damage", "named", "unsure", "state"),
    [
        (0.96, 2, 0, State.SETTLED),
        (0.04, 2, 0, State.SETTLED),
        (0.96, 1, 0, State.OPEN),  # one answer settles nothing
        (0.96, 1, 3, State.OPEN),  # nor does "can't tell"
        (0.95, 2, 0, State.OPEN),  # at the limit is not beyond it
        (0.05, 6, 0, State.OPEN),
        (0.5, 0, 0, State.OPEN),
        (0.6, 7, 0, State.TO_VERIFY),
        (0.6, 3, 4, State.TO_VERIFY),  # seven people looked
        (0.99, 0, 7, State.TO_VERIFY),  # and nobody could tell
        (0.99, 7, 0, State.SETTLED),
    ],
)
def test_a_crop_of_two_classes(damage, named, unsure, state):
    assert retirement_state(np.array([1 - damage, damage]), named, unsure) == state


def test_crops_of_more_classes_are_settled_by_their_likeliest():
    posterior = np.array([[0.97, 0.02, 0.01], [0.5, 0.49, 0.01], [0.01, 0.03, 0.96]])
    states = retirement_states(posterior, np.array([3, 7, 1]), np.zeros(3, int))
    assert states == [State.SETTLED, State.TO_VERIFY, State.OPEN]


def test_a_rule_may_ask_for_more():
    rule = RetirementRule(certain=0.99, least_answers=3, most_answers=4)
    posterior = np.array([[0.02, 0.98], [0.005, 0.995], [0.005, 0.995], [0.02, 0.98]])
    states = retirement_states(posterior, np.array([3, 3, 2, 4]), np.zeros(4, int), rule)
    assert states == [State.OPEN, State.SETTLED, State.OPEN, State.TO_VERIFY]


@pytest.mark.parametrize(
    "rule",
    [
        {"certain": 1.0},
        {"certain": 0.4},
        {"least_answers": 0},
        {"least_answers": 3, "most_answers": 2},
    ],
)
def test_a_rule_that_never_retires_or_always_is_none(rule):
    with pytest.raises(ValueError, match="no rule"):
        RetirementRule(**rule)
