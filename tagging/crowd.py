"""What is known of the people who answer a question, as it was last worked out: kept in each process for a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import numpy as np

from tagging.models import CrowdQuality, GoldAnswer, Question, TaggerQuality
from tagging.quality.answers import coded_answers
from tagging.quality.consensus import consensus

KEPT_S = 60.0
_kept: dict[int, tuple[float, "Crowd"]] = {}


@dataclass(frozen=True)
class Crowd:
    """Matrices as in `tagging.quality.consensus.Consensus`, by tagger; who is set aside; known answers by crop.

    `classes` are the question's answers but "can't tell", in the order of every matrix.
    """

    classes: tuple[str, ...]
    class_shares: np.ndarray
    typical: np.ndarray
    confusion: Mapping[int, np.ndarray]
    set_aside: frozenset[int]
    gold: Mapping[int, str]

    def confusion_of(self, tagger: int) -> np.ndarray:
        """The tagger's matrix (K, K), or the typical one."""
        return self.confusion.get(tagger, self.typical)


def crowd_of(question: int) -> Crowd:
    """The crowd of the question of that number; what other processes wrote may be seen up to a minute late."""
    until, crowd = _kept.get(question, (0.0, None))
    if crowd is None or until < monotonic():
        crowd = read_crowd(question)
        _kept[question] = monotonic() + KEPT_S, crowd
    return crowd


def forget_crowds() -> None:
    """Let this process read them anew."""
    _kept.clear()


def read_crowd(question: int) -> Crowd:
    """The same as it stands now; before anything was worked out, what is taken for granted of everybody."""
    classes = tuple(choice.key for choice in Question.objects.only("answers").get(pk=question).choices)
    nobody = consensus(coded_answers([], classes))
    found = CrowdQuality.objects.filter(question=question, class_shares__isnull=False).first()
    if found and len(found.class_shares) != len(classes):
        found = None  # an answer was added since
    rows = TaggerQuality.objects.filter(question=question).order_by()
    taggers = list(rows.values_list("tagger_id", "confusion", "is_set_aside"))
    return Crowd(
        classes=classes,
        class_shares=np.array(found.class_shares) if found else nobody.class_shares,
        typical=np.array(found.typical) if found else nobody.typical,
        confusion={
            tagger: np.array(confusion)
            for tagger, confusion, _is_out in taggers
            if len(confusion or ()) == len(classes)
        },
        set_aside=frozenset(tagger for tagger, _confusion, is_out in taggers if is_out),
        gold=dict(GoldAnswer.objects.filter(question=question).order_by().values_list("crop_id", "answer")),
    )
