"""What the crowd says of each crop, and how each tagger errs: Dawid and Skene's model, corrected by gold answers. Pure.

Each tagger has a confusion matrix: how likely which answer is where which class is true. It and the crops' truths are
estimated in turn (EM; Dawid and Skene 1979, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM
Algorithm", Applied Statistics 28). Two things are added. Gold crops, whose truth is known, keep it, so that they
correct the matrices. And a tagger of few answers is taken for a typical one: each row of a matrix has a Dirichlet
prior around the row of the whole crowd, which is estimated too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tagging.quality.answers import Answers

# What the crowd as a whole is taken for before it answered: right in three answers of four.
RIGHT_BEFORE, WRONG_BEFORE = 3.0, 1.0
MOST_ROUNDS, SETTLED_CHANGE = 200, 1e-4


@dataclass(frozen=True)
class CrowdPrior:
    """What is taken for granted: so many answers by each tagger about each class, as a typical one gives them.

    And so many crops of each class.
    """

    typical_answers: float = 4.0
    crops_of_class: float = 1.0


DEFAULT_PRIOR = CrowdPrior()


@dataclass(frozen=True)
class Consensus:
    """Of N crops, M taggers, K classes, in the order of `answers`.

    `posterior` (N, K): how likely each class is; of gold crops (`is_gold`, (N,)) their truth. `class_shares` (K,): how
    frequent the classes are among the others. `confusion` (M, K, K): how likely a tagger gives an answer (last axis)
    where a class (middle axis) is true. `typical` (K, K): the same of a tagger of whom nothing is known.
    """

    answers: Answers
    posterior: np.ndarray
    class_shares: np.ndarray
    confusion: np.ndarray
    typical: np.ndarray
    is_gold: np.ndarray

    def confusion_of(self, tagger_id: int) -> np.ndarray:
        """The tagger's matrix (K, K), or the typical one."""
        place = np.searchsorted(self.answers.tagger_ids, tagger_id)
        known = place < len(self.answers.tagger_ids) and self.answers.tagger_ids[place] == tagger_id
        return self.confusion[place] if known else self.typical


def consensus(
    answers: Answers, gold: Mapping[int, str] | None = None, prior: CrowdPrior = DEFAULT_PRIOR
) -> Consensus:
    """What the answers say of each crop, where the truth of the crops in `gold` (crop id: class) is known."""
    truth = _gold_classes(answers, gold or {})
    is_gold = truth >= 0
    known = np.eye(len(answers.classes))[truth]
    posterior = np.where(is_gold[:, None], known, _shares_of_votes(answers))
    for _round in range(MOST_ROUNDS):
        evidence = _evidence(answers, posterior)
        typical = _typical(evidence)
        confusion = evidence + prior.typical_answers * typical
        confusion /= confusion.sum(axis=2, keepdims=True)
        shares = _class_shares(posterior[~is_gold], prior.crops_of_class)
        before = posterior
        posterior = np.where(is_gold[:, None], known, _posterior(answers, shares, confusion))
        if np.abs(posterior - before).max(initial=0) < SETTLED_CHANGE:
            break
    return Consensus(answers, posterior, shares, confusion, typical, is_gold)


def posterior_of(class_shares: np.ndarray, confusions: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """How likely each class is (K,), after answers (A,) by people with these matrices (A, K, K)."""
    logs = np.log(class_shares) + np.log(confusions[np.arange(len(answers)), :, answers]).sum(axis=0)
    return _normalised(logs[None])[0]


def updated_posterior(posterior: np.ndarray, confusion: np.ndarray, answer: int) -> np.ndarray:
    """The same (K,) after one more answer, by somebody with this matrix (K, K): Bayes' rule."""
    joint = posterior * confusion[:, answer]
    return np.asarray(joint / joint.sum())


def _gold_classes(answers: Answers, gold: Mapping[int, str]) -> np.ndarray:
    """The place of each crop's known class (N,); -1 where it is not known."""
    places = {name: place for place, name in enumerate(answers.classes)}
    unknown = set(gold.values()) - places.keys()
    if unknown:
        raise ValueError(f"gold answers that are no classes: {', '.join(sorted(unknown))}")
    return np.array([places[gold[crop]] if crop in gold else -1 for crop in answers.crop_ids.tolist()], int)


def _shares_of_votes(answers: Answers) -> np.ndarray:
    """Where to begin: each class's share of a crop's votes (N, K), with one further vote spread over all."""
    votes = answers.votes + 1 / len(answers.classes)
    return np.asarray(votes / votes.sum(axis=1, keepdims=True))


def _evidence(answers: Answers, posterior: np.ndarray) -> np.ndarray:
    """How often each tagger gave each answer where each class is true (M, K, K), as far as that is known."""
    taggers, classes = len(answers.tagger_ids), len(answers.classes)
    cells = answers.tagger * classes + answers.answer
    counts = [
        np.bincount(cells, weights=posterior[answers.crop, truth], minlength=taggers * classes)
        for truth in range(classes)
    ]
    return np.stack(counts).reshape(classes, taggers, classes).swapaxes(0, 1)


def _typical(evidence: np.ndarray) -> np.ndarray:
    """The matrix (K, K) of the whole crowd."""
    classes = evidence.shape[1]
    before = np.full((classes, classes), WRONG_BEFORE / max(classes - 1, 1))
    np.fill_diagonal(before, RIGHT_BEFORE)
    counts = evidence.sum(axis=0) + before
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))


def _class_shares(posterior: np.ndarray, before: float) -> np.ndarray:
    """How frequent each class is (K,), as if so many more crops of each had been seen."""
    counts = posterior.sum(axis=0) + before
    return np.asarray(counts / counts.sum())


def _posterior(answers: Answers, class_shares: np.ndarray, confusion: np.ndarray) -> np.ndarray:
    """How likely each class is for each crop (N, K)."""
    logs = np.log(confusion)[answers.tagger, :, answers.answer]
    sums = [np.bincount(answers.crop, weights=column, minlength=len(answers.crop_ids)) for column in logs.T]
    return _normalised(np.log(class_shares) + np.stack(sums, axis=1))


def _normalised(logs: np.ndarray) -> np.ndarray:
    """Probabilities that sum to 1 over the last axis."""
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
