"""How good taggers are, against hand-computed answers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import beta

from tagging.quality.answers import coded_answers
from tagging.quality.consensus import consensus
from tagging.quality.tagger_skill import Level, known_truth, skill_level, tagger_skills

CLASSES = ("no", "yes")
OTHER = {"yes": "no", "no": "yes"}
GOLD = {crop: "yes" if crop < 15 else "no" for crop in range(30)}


def skills_of(triples, gold=GOLD):
    return {
        skill.tagger_id: skill for skill in tagger_skills(consensus(coded_answers(triples, CLASSES), gold))
    }


def right_on(count, tagger=1):
    """Answers to all gold crops: right about so many of those that show damage, and about all that do not."""
    return [(crop, tagger, OTHER[truth] if count <= crop < 15 else truth) for crop, truth in GOLD.items()]


def test_skill_on_gold_is_the_share_of_right_answers_drawn_to_the_crowds():
    triples = right_on(12)
    skill = skills_of(triples)[1]
    # The crowd is this one person and its prior: 12 + 3 of 15 + 4 right about damage, 15 + 3 of 15 + 4 about none.
    of_damage, of_none = (12 + 2 * 15 / 19) / 17, (15 + 2 * 18 / 19) / 17
    assert_allclose(skill.balanced_accuracy, (of_damage + of_none) / 2)
    assert (skill.answers, skill.known, skill.gold) == (30, 30, 30)
    # No crop but gold: both classes are taken for as frequent.
    assert_allclose(skill.accuracy, skill.balanced_accuracy)


def test_the_interval_holds_as_much_as_draws_of_both_recalls_do():
    skill = skills_of(right_on(12))[1]
    rng = np.random.default_rng(0)
    draws = (
        beta(12 + 2 * 15 / 19, 3 + 2 * 4 / 19).rvs(200_000, random_state=rng)
        + beta(15 + 2 * 18 / 19, 2 * 1 / 19).rvs(200_000, random_state=rng)
    ) / 2
    assert_allclose([skill.lowest, skill.highest], np.quantile(draws, [0.025, 0.975]), atol=0.02)


@pytest.mark.parametrize(
    ("kind", "level"),
    [
        (lambda crop, truth: truth, Level.EXCELLENT),
        (lambda crop, truth: OTHER[truth] if crop % 5 == 0 else truth, Level.GOOD),
        (lambda crop, truth: OTHER[truth] if crop % 3 == 0 else truth, Level.LEARNING),
        (lambda crop, truth: OTHER[truth], Level.FAR_BELOW),
    ],
)
def test_levels(kind, level):
    others = [answer for tagger in (2, 3, 4) for answer in right_on(15, tagger)]
    triples = [(crop, 1, kind(crop, truth)) for crop, truth in GOLD.items()]
    assert skills_of(triples + others)[1].level == level


def test_nobody_is_judged_by_few_answers():
    wrong = [(crop, 1, OTHER[GOLD[crop]]) for crop in (*range(9), *range(15, 25))]
    assert skills_of(wrong)[1].level == Level.TOO_EARLY
    assert skills_of([*wrong, (9, 1, "no")])[1].level != Level.TOO_EARLY


def test_nobody_is_judged_who_hardly_met_damage():
    """Forty right answers where there is none say nothing of whether somebody sees damage."""
    gold = dict.fromkeys(range(40), "no")
    triples = [(crop, 1, "no") for crop in range(40)]
    assert skills_of(triples, gold)[1].level == Level.TOO_EARLY


def test_far_below_needs_the_whole_interval():
    assert skill_level(0.55, 0.61, 2, is_early=False) == Level.LEARNING
    assert skill_level(0.55, 0.59, 2, is_early=False) == Level.FAR_BELOW
    assert skill_level(0.3, 0.39, 4, is_early=False) == Level.FAR_BELOW  # chance is 0.25, the limit 0.4
    assert skill_level(0.75, 0.8, 2, is_early=False) == Level.GOOD
    assert skill_level(0.9, 0.95, 2, is_early=False) == Level.EXCELLENT


def test_nobody_agrees_with_themselves():
    """A crop that one person alone looked at says nothing of that person."""
    alone = [(100 + crop, 1, "yes") for crop in range(30)]
    (skill,) = tagger_skills(consensus(coded_answers(alone, CLASSES)))
    assert (skill.answers, skill.known, skill.gold) == (30, 0, 0)


def test_the_others_tell_the_truth_when_they_are_sure():
    """Four who agree on thirty crops make known what the fifth was wrong about, and he does not make it unknown."""
    triples = [
        (100 + crop, tagger, "yes" if crop < 15 else "no") for crop in range(30) for tagger in (1, 2, 3, 4)
    ]
    fifth = [(100 + crop, 5, "no") for crop in range(30)]
    found = consensus(coded_answers(triples + fifth, CLASSES))
    of_fifth = known_truth(found)[found.answers.tagger == 4]
    assert sorted(of_fifth.tolist()) == [0] * 15 + [1] * 15
    skill = {one.tagger_id: one for one in tagger_skills(found)}[5]
    assert (skill.known, skill.gold) == (30, 0)
    assert 0.4 < skill.balanced_accuracy < 0.6


def test_whoever_could_never_tell_has_no_skill():
    answers = coded_answers([(1, 1, "no"), (1, 2, "unsure")], CLASSES, unsure=["unsure"])
    assert [skill.tagger_id for skill in tagger_skills(consensus(answers))] == [1]
    assert tagger_skills(consensus(coded_answers([], CLASSES))) == []
