"""cleanlab's view of the crowd, beside a model's or alone. Pure; for background work: cleanlab is slow to import.

CROWDLAB (Goh, Tkachenko, Mueller 2022, arXiv:2210.06812) takes the model for one more tagger and weighs everybody by
how well they agree with the others. It knows no gold answers, and gives somebody who is always wrong no weight at
best, so it decides nothing here: `tagging.quality.consensus` does.
"""

from dataclasses import dataclass

import numpy as np

from tagging.quality.answers import Answers


@dataclass(frozen=True)
class CrowdlabQuality:
    """Of N crops the label (N,), a class's place, and its quality (N,), 0 to 1; of M taggers the quality (M,).

    Crops that nobody gave a class have the label -1 and no quality (NaN), as have taggers who gave none.
    """

    label: np.ndarray
    quality: np.ndarray
    tagger_quality: np.ndarray


def crowdlab_quality(answers: Answers, model: np.ndarray | None = None) -> CrowdlabQuality:
    """Labels and qualities, beside a model's chances of each class (N, K) for crops that it did not learn from.

    Without a model every crop is taken for an average one, so that agreement alone weighs. The table is dense: N x M
    numbers, and M x M x N comparisons. Raises `ValueError` where no crop has two answers: nobody can agree.
    """
    from cleanlab.multiannotator import get_label_quality_multiannotator

    crops = np.flatnonzero(answers.votes.any(axis=1))
    taggers = np.unique(answers.tagger)
    labels = _wide(answers)[np.ix_(crops, taggers)]
    chances = _average_crop(answers) if model is None else model[crops]
    found = get_label_quality_multiannotator(labels, chances, verbose=False, return_detailed_quality=False)
    label = np.full(len(answers.crop_ids), -1)
    quality = np.full(len(answers.crop_ids), np.nan)
    tagger_quality = np.full(len(answers.tagger_ids), np.nan)
    label[crops] = found["label_quality"]["consensus_label"]
    quality[crops] = found["label_quality"]["consensus_quality_score"]
    # cleanlab sorts taggers by their quality.
    tagger_quality[taggers] = found["annotator_stats"]["annotator_quality"].sort_index()
    return CrowdlabQuality(label, quality, tagger_quality)


def _wide(answers: Answers) -> np.ndarray:
    """Each tagger's answer to each crop (N, M), NaN where there is none."""
    wide = np.full((len(answers.crop_ids), len(answers.tagger_ids)), np.nan)
    wide[answers.crop, answers.tagger] = answers.answer
    return wide


def _average_crop(answers: Answers) -> np.ndarray:
    """The share of each class among all answers, for each crop that has any (C, K)."""
    votes = answers.votes[answers.votes.any(axis=1)]
    return np.tile((votes.sum(axis=0) + 1) / (votes.sum() + votes.shape[1]), (len(votes), 1))
