"""What is known of the people who answer a question, as it was last worked out: kept in each process for a minute."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic

import numpy as np

from tagging.answers import CountsAs
from tagging.models import CrowdQuality, GoldAnswer, Question, TaggerQuality
from tagging.quality.answers import coded_answers
from tagging.quality.consensus import consensus

# What people are agreed on or not: grades of a yes do not divide them. In the order of every matrix that is stored.
CLASSES = (CountsAs.POSITIVE.value, CountsAs.NEGATIVE.value)
KEPT_S = 60.0
_kept: dict[int, tuple[float, "Crowd"]] = {}


@dataclass(frozen=True)
class Crowd:
    """Matrices as in `tagging.quality.consensus.Consensus`, by tagger; who is set aside; known classes by crop.

    `class_of` says of the question's answers what they count as; those that count as neither are not in it.
    """

    class_of: Mapping[str, str]
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
    choices = Question.objects.only("answers").get(pk=question).choices
    class_of = {choice.key: choice.counts_as.value for choice in choices if choice.counts_as in CLASSES}
    nobody = consensus(coded_answers([], CLASSES))
    found = CrowdQuality.objects.filter(question=question, class_shares__isnull=False).first()
    rows = TaggerQuality.objects.filter(question=question).order_by()
    taggers = list(rows.values_list("tagger_id", "confusion", "is_set_aside"))
    known = GoldAnswer.objects.filter(question=question).order_by().values_list("crop_id", "answer")
    return Crowd(
        class_of=class_of,
        class_shares=np.array(found.class_shares) if found else nobody.class_shares,
        typical=np.array(found.typical) if found else nobody.typical,
        confusion={tagger: np.array(confusion) for tagger, confusion, _is_out in taggers if confusion},
        set_aside=frozenset(tagger for tagger, _confusion, is_out in taggers if is_out),
        gold={crop: class_of[answer] for crop, answer in known if answer in class_of},
    )
