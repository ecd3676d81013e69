"""What people's answers say of one crop, written beside the answer itself."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from damage.statements import insert
from tagging.answers import UNSURE
from tagging.crowd import CLASSES, Crowd, crowd_of
from tagging.models import CropState, Tag
from tagging.quality.consensus import posterior_of
from tagging.quality.retirement import State, retirement_state

DIGITS = 4  # of a chance, as it is stored
FIGURES = ["state", "answers", "counts", "posterior", "leading", "certainty", "updated_at"]


def new_state(crop: int, question: int, answers: Iterable[tuple[int, str]], crowd: Crowd) -> CropState | None:
    """The state, not yet saved, that (tagger, answer) come to; None where nobody is left whose answer counts."""
    counted = [
        (tagger, crowd.class_of.get(answer, UNSURE))
        for tagger, answer in answers
        if tagger not in crowd.set_aside
    ]
    if not counted:
        return None
    named = [(tagger, CLASSES.index(answer)) for tagger, answer in counted if answer != UNSURE]
    if crop in crowd.gold:
        posterior = np.array([name == crowd.gold[crop] for name in CLASSES], float)
        state = State.SETTLED
    else:
        posterior = _posterior(named, crowd)
        state = retirement_state(posterior, len(named), len(counted) - len(named))
    row = CropState(crop_id=crop, question_id=question)
    fill(row, Counter(answer for _tagger, answer in counted), posterior, state)
    return row


def _posterior(named: list[tuple[int, int]], crowd: Crowd) -> np.ndarray:
    if not named:
        return crowd.class_shares
    matrices = np.stack([crowd.confusion_of(tagger) for tagger, _code in named])
    return posterior_of(crowd.class_shares, matrices, np.array([code for _tagger, code in named]))


def fill(row: CropState, counts: Counter[str], posterior: np.ndarray, state: State) -> None:
    """Give a row its figures; `posterior` (K,) is in the order of `CLASSES`."""
    chances = [round(float(chance), DIGITS) for chance in posterior]
    row.state = state.value
    row.answers = counts.total()
    row.counts = {answer: counts[answer] for answer in (*CLASSES, UNSURE)}
    row.posterior = dict(zip(CLASSES, chances, strict=True))
    row.certainty = max(chances)
    row.leading = CLASSES[chances.index(row.certainty)]


def state_first_answer(crop: int, question: int, tagger: int, answer: str) -> None:
    """Write the state of a crop that has just been stored with its first answer; within that transaction."""
    if row := new_state(crop, question, [(tagger, answer)], crowd_of(question)):
        insert(row)


def restate(crop: int, question: int) -> None:
    """Work a crop's state out anew from its tags, after one was stored, changed or deleted; in that transaction.

    The row is locked before the tags are read, so that of two people's answers neither is missed.
    """
    before = CropState.objects.select_for_update().filter(crop=crop, question=question).order_by().first()
    tags = Tag.objects.by_people().filter(crop=crop, question=question).order_by("pk")
    row = new_state(crop, question, tags.values_list("tagger_id", "answer"), crowd_of(question))
    if row is None:
        if before:
            before.delete()
    elif before:
        row.pk = before.pk
        row.save(force_update=True)
    else:
        CropState.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["crop", "question"], update_fields=FIGURES
        )
