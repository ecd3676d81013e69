"""Who answered what about which crop, as columns of numbers. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Answers:
    """T answers that name one of K classes, by M taggers about N crops.

    `crop`, `tagger` and `answer` (T,) are places in `crop_ids` (N,), `tagger_ids` (M,) and `classes` (K).
    `unsure` (N,) counts each crop's answers that name no class: they tell nothing of the truth, but were given.
    """

    classes: tuple[str, ...]
    crop_ids: np.ndarray
    tagger_ids: np.ndarray
    crop: np.ndarray
    tagger: np.ndarray
    answer: np.ndarray
    unsure: np.ndarray

    @cached_property
    def votes(self) -> np.ndarray:
        """How often each crop was given each class (N, K)."""
        shape = (len(self.crop_ids), len(self.classes))
        cells = self.crop * shape[1] + self.answer
        return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)

    @property
    def counts(self) -> np.ndarray:
        """How many answers each crop has (N,), with those that name no class."""
        return self.votes.sum(axis=1) + self.unsure


def coded_answers(
    triples: Iterable[tuple[int, int, str]], classes: Sequence[str], *, unsure: Collection[str] = ()
) -> Answers:
    """The answers (crop id, tagger id, answer) as columns; those in `unsure` name no class.

    Raises `ValueError` for an answer that is neither a class nor `unsure`.
    """
    rows = list(triples)
    codes = {**dict.fromkeys(unsure, -1), **{name: code for code, name in enumerate(classes)}}
    unknown = {answer for _crop, _tagger, answer in rows} - codes.keys()
    if unknown:
        raise ValueError(f"neither a class nor unsure: {', '.join(sorted(unknown))}")
    crop_ids, crop = np.unique(np.array([row[0] for row in rows], dtype=int), return_inverse=True)
    tagger_ids, tagger = np.unique(np.array([row[1] for row in rows], dtype=int), return_inverse=True)
    answer = np.array([codes[row[2]] for row in rows], dtype=int)
    names_class = answer >= 0
    return Answers(
        classes=tuple(classes),
        crop_ids=crop_ids,
        tagger_ids=tagger_ids,
        crop=crop[names_class],
        tagger=tagger[names_class],
        answer=answer[names_class],
        unsure=np.bincount(crop[~names_class], minlength=len(crop_ids)),
    )
