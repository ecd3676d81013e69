"""What cleanlab says of crowds and labels, through our doors."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tagging.quality.answers import coded_answers
from tagging.quality.crowdlab import crowdlab_quality
from tagging.quality.label_errors import label_errors

CLASSES = ("no", "yes")


def crowd() -> list[tuple[int, int, str]]:
    """Three who are right and one (9) who says "yes" to all, about twenty crops of which every other shows damage."""
    truths = [CLASSES[crop % 2] for crop in range(20)]
    right = [(crop, tagger, truth) for crop, truth in enumerate(truths) for tagger in (3, 1, 2)]
    return right + [(crop, 9, "yes") for crop in range(20)]


@pytest.mark.parametrize("with_model", [False, True])
def test_agreement_tells_truth_and_taggers(with_model):
    triples = [*crowd(), (50, 1, "unsure"), (51, 8, "unsure")]
    answers = coded_answers(triples, CLASSES, unsure=["unsure"])
    model = np.tile([[0.8, 0.2], [0.2, 0.8]], (11, 1)) if with_model else None
    found = crowdlab_quality(answers, model)
    assert found.label[:20].tolist() == [0, 1] * 10
    assert found.quality[:20].min() > 0.5
    # Nobody could tell: no label, no quality.
    assert found.label[20:].tolist() == [-1, -1]
    assert np.isnan(found.quality[20:]).all()
    quality = dict(zip(answers.tagger_ids.tolist(), found.tagger_quality, strict=True))
    assert quality[9] < min(quality[tagger] for tagger in (1, 2, 3))
    assert np.isnan(quality[8])


def test_a_label_that_a_model_contradicts_is_suspicious_worst_first():
    labels = np.array([0] * 20 + [1] * 20)
    chance = np.where(labels == 1, 0.9, 0.1)
    # Where a class is said the model gives it 0.86 (no) and 0.83 (yes): above that in the other, a label is suspicious.
    chance[[3, 25, 30]] = [0.95, 0.12, 0.3]
    found = label_errors(labels, np.column_stack([1 - chance, chance]))
    assert found.suspicious.tolist() == [3, 25]
    assert_allclose(found.quality[[3, 25, 30, 0]], [0.05, 0.12, 0.3, 0.9])


def test_labels_of_one_class_alone_cannot_be_judged():
    with pytest.raises(ValueError, match="one class"):
        label_errors(np.zeros(5, int), np.full((5, 2), 0.5))
