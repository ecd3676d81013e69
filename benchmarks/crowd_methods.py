"""Ways to make labels and tagger qualities of the same tags; one of them an independent Dawid and Skene. Pure."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.crowd_simulation import CLASSES, Ground
from tagging.quality.answers import Answers, coded_answers
from tagging.quality.consensus import CrowdPrior, consensus
from tagging.quality.crowdlab import crowdlab_quality
from tagging.quality.tagger_skill import tagger_skills


@dataclass(frozen=True)
class Tags:
    """Tags (T,) about the crops of a ground, by 30 taggers; of the crops in `gold` the truth is told."""

    tagger: np.ndarray
    crop: np.ndarray
    answer: np.ndarray
    gold: np.ndarray
    taggers: int

    def answers(self) -> Answers:
        triples = zip(self.crop.tolist(), self.tagger.tolist(), self.answer.tolist(), strict=True)
        return coded_answers([(crop, tagger, CLASSES[answer]) for crop, tagger, answer in triples], CLASSES)


@dataclass(frozen=True)
class Found:
    """A label for each crop (N,), -1 where nobody tagged it; each tagger's accuracy and balanced accuracy (M,), or NaN.

    `chance` (N,) of damage, where the method has one that is meant as such.
    """

    label: np.ndarray
    accuracy: np.ndarray
    balanced: np.ndarray
    chance: np.ndarray | None = None


def majority(tags: Tags, ground: Ground) -> Found:
    """Most votes; a coin where they are even. Taggers by how often they say what the majority says."""
    votes = np.zeros((len(ground.truth), 2))
    np.add.at(votes, (tags.crop, tags.answer), 1)
    coin = np.random.default_rng(0).integers(0, 2, len(votes))
    label = np.where(votes[:, 0] == votes[:, 1], coin, votes.argmax(axis=1))
    return _with_agreement(tags, np.where(votes.any(axis=1), label, -1))


def dawid_skene(tags: Tags, ground: Ground, rounds: int = 100) -> Found:
    """The method of 1979 as it was: most likely matrices, no priors, no gold; written apart, over a dense table."""
    table = np.zeros((len(ground.truth), tags.taggers, 2))
    table[tags.crop, tags.tagger, tags.answer] = 1
    chances = table.sum(axis=1) / np.maximum(table.sum(axis=(1, 2))[:, None], 1)
    for _round in range(rounds):
        counts = np.einsum("nk,nma->mka", chances, table)
        matrices = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1e-12)
        shares = chances.mean(axis=0)
        logs = np.log(np.maximum(shares, 1e-12)) + np.einsum(
            "nma,mka->nk", table, np.log(np.maximum(matrices, 1e-12))
        )
        chances = np.exp(logs - logs.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
    right = np.diagonal(matrices, axis1=1, axis2=2)
    return Found(chances.argmax(axis=1), right @ shares, right.mean(axis=1), chances[:, 1])


def ours(tags: Tags, ground: Ground, prior: CrowdPrior | None = None) -> Found:
    """What the site does."""
    truth = {int(crop): CLASSES[ground.truth[crop]] for crop in tags.gold}
    found = consensus(tags.answers(), truth, prior or CrowdPrior())
    chance = np.full(len(ground.truth), np.nan)
    chance[found.answers.crop_ids] = found.posterior[:, 1]
    accuracy, balanced = np.full((2, tags.taggers), np.nan)
    for skill in tagger_skills(found):
        accuracy[skill.tagger_id], balanced[skill.tagger_id] = skill.accuracy, skill.balanced_accuracy
    label = np.where(np.isnan(chance), -1, np.nan_to_num(chance) > 0.5)
    return Found(label.astype(int), accuracy, balanced, chance)


def agreement_weighted(tags: Tags, ground: Ground) -> Found:
    """cleanlab without a model."""
    return _cleanlab(tags, ground, None)


def crowdlab(tags: Tags, ground: Ground) -> Found:
    """cleanlab with the model's chances."""
    answers = tags.answers()
    chance = ground.model[answers.crop_ids]
    return _cleanlab(tags, ground, np.column_stack([1 - chance, chance]))


def _cleanlab(tags: Tags, ground: Ground, model: np.ndarray | None) -> Found:
    answers = tags.answers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ties that it breaks by chance
        found = crowdlab_quality(answers, model)
    label = np.full(len(ground.truth), -1)
    label[answers.crop_ids] = found.label
    accuracy = np.full(tags.taggers, np.nan)
    accuracy[answers.tagger_ids] = found.tagger_quality
    return Found(label, accuracy, _with_agreement(tags, label).balanced)


def _with_agreement(tags: Tags, label: np.ndarray) -> Found:
    """Labels, and taggers by how often they say the same: over all crops, and the mean over both labels."""
    same = tags.answer == label[tags.crop]
    shares = []
    for chosen in (label[tags.crop] >= 0, label[tags.crop] == 0, label[tags.crop] == 1):
        given = np.bincount(tags.tagger[chosen], minlength=tags.taggers)
        agreed = np.bincount(tags.tagger[chosen], weights=same[chosen], minlength=tags.taggers)
        with np.errstate(invalid="ignore"):
            shares.append(agreed / given)
    return Found(label, shares[0], (shares[1] + shares[2]) / 2)


METHODS: dict[str, Callable[..., Any]] = {
    "majority": majority,
    "Dawid and Skene": dawid_skene,
    "ours": ours,
    "cleanlab, agreement": agreement_weighted,
    "cleanlab, CROWDLAB": crowdlab,
}
