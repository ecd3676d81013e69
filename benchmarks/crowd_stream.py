"""Tags that come one by one, and a queue that asks about a crop until its retirement rule is content. Pure."""

from dataclasses import dataclass

import numpy as np

from benchmarks.crowd_methods import Tags
from benchmarks.crowd_simulation import CLASSES, Crowd, Ground, answered
from tagging.quality.consensus import consensus, updated_posterior
from tagging.quality.retirement import RetirementRule, State, retirement_state, retirement_states

RECOMPUTED_AFTER = 500  # tags


@dataclass(frozen=True)
class Streamed:
    """All tags that were asked for; of the crops that are not gold the label and the state in the end."""

    tags: int
    label: np.ndarray
    states: np.ndarray
    counts: np.ndarray


class Stream:
    """People come as active as they are; each is shown a crop that is open, or now and then a gold one."""

    def __init__(
        self, rng: np.random.Generator, crowd: Crowd, ground: Ground, gold: np.ndarray, gold_share: float
    ) -> None:
        self._rng, self._crowd, self._ground = rng, crowd, ground
        self._gold, self._gold_share = gold, gold_share
        self._is_gold = np.isin(np.arange(len(ground.truth)), gold)
        self._seen = np.zeros((len(crowd.kinds), len(ground.truth)), bool)
        self._posterior = np.full((len(ground.truth), 2), 0.5)
        self._counts = np.zeros(len(ground.truth), int)
        self._is_open = ~self._is_gold
        self._taggers: list[int] = []
        self._crops: list[int] = []
        self._answers: list[int] = []
        self._found = None

    def run(self, rule: RetirementRule) -> Streamed:
        """Ask until no crop is open, or nobody is left who has not seen those that are."""
        while self._is_open.any() and not self._seen[:, self._is_open].all():
            self._ask(rule)
            if len(self._answers) % RECOMPUTED_AFTER == 0:
                self._recompute(rule)
                if not self._is_open.any():
                    break
        self._recompute(rule)
        named = ~self._is_gold
        states = retirement_states(self._posterior, self._counts, np.zeros_like(self._counts), rule)
        return Streamed(
            len(self._answers),
            self._posterior.argmax(axis=1)[named],
            np.array(states)[named],
            self._counts[named],
        )

    def _ask(self, rule: RetirementRule) -> None:
        tagger = int(self._rng.choice(len(self._crowd.kinds), p=self._crowd.activity))
        is_hidden_gold = self._rng.random() < self._gold_share
        there = np.flatnonzero((self._is_gold if is_hidden_gold else self._is_open) & ~self._seen[tagger])
        if not len(there):
            return
        crop = int(self._rng.choice(there))
        (answer,) = answered(self._rng, self._crowd, self._ground, np.array([tagger]), np.array([crop]))
        self._seen[tagger, crop] = True
        self._taggers.append(tagger)
        self._crops.append(crop)
        self._answers.append(int(answer))
        if self._is_gold[crop]:
            return
        self._counts[crop] += 1
        if self._found is not None:
            matrix = self._found.confusion_of(tagger)
            self._posterior[crop] = updated_posterior(self._posterior[crop], matrix, int(answer))
        state = retirement_state(self._posterior[crop], int(self._counts[crop]), 0, rule)
        self._is_open[crop] = state == State.OPEN

    def _recompute(self, rule: RetirementRule) -> None:
        """What the background does: everything anew; a crop that is no longer certain is open again."""
        tags = Tags(
            np.array(self._taggers),
            np.array(self._crops),
            np.array(self._answers),
            self._gold,
            len(self._seen),
        )
        truth = (
            {int(crop): CLASSES[self._ground.truth[crop]] for crop in self._gold} if self._gold_share else {}
        )
        self._found = found = consensus(tags.answers(), truth)
        self._posterior[:] = found.class_shares
        self._posterior[found.answers.crop_ids] = found.posterior
        states = retirement_states(self._posterior, self._counts, np.zeros_like(self._counts), rule)
        self._is_open = (np.array(states) == State.OPEN) & ~self._is_gold
