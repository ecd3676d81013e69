"""What a training makes of its towns by itself: which learn, and a threshold from each left out in turn."""

import pytest

from tagging.models import Tag
from training.config import TrainingConfig
from training.evaluation.operating_points import operating_points
from training.services import train


@pytest.fixture
def of_three_towns(question, towns, tiny):
    """What a training makes of three towns by itself."""
    return train(question, TrainingConfig(backbone=tiny))


def test_by_itself_it_learns_from_two_towns_and_leaves_each_out_for_the_threshold(of_three_towns):
    run = of_three_towns
    assert (run.head, run.parameters["max_fpr"]) == ("logistic-regression", None)
    assert run.parameters["train_towns"] == ["practice-quake/este", "practice-quake/norte"]
    assert (run.parameters["validation_towns"], run.parameters["test_towns"]) == ([], ["practice-quake/sur"])
    unseen = run.metrics["unseen_towns"]
    assert [row["town"] for row in unseen["towns"]] == run.parameters["train_towns"]
    assert unseen["is_own_cut"] is False
    assert run.metrics["test"]["recall"] == 1
    assert "practice-quake/este, practice-quake/norte" in run.threshold_words
    assert run.expected_words.startswith("In a town that nobody tagged: of ten")


def test_the_score_of_a_town_left_out_is_that_of_a_model_trained_on_the_other(of_three_towns, question):
    """As a run says that learnt from Norte alone and is validated on Este."""
    config = TrainingConfig(
        backbone=of_three_towns.backbone, train_towns=["Norte"], validation_towns=["Este"]
    )
    alone = {row.crop_id: row.score for row in train(question, config).crops_of("validation")}
    rows = of_three_towns.crops_of("train").filter(crop__town__name="Este")
    assert {row.crop_id: row.left_out_score for row in rows} == pytest.approx(alone, abs=1e-6)
    assert not of_three_towns.crops_of("test").exclude(left_out_score=None).exists()


def test_without_a_validation_town_its_thresholds_are_judged_by_the_towns_left_out(of_three_towns):
    results = operating_points(of_three_towns).results
    assert results["part"] == "test"
    assert len(results["rows"]) == 7


def test_of_two_towns_one_validates(question, towns, tiny):
    Tag.objects.filter(crop__town__name="Sur").delete()
    run = train(question, TrainingConfig(backbone=tiny))
    assert run.parameters["train_towns"] == ["practice-quake/este"]
    assert run.parameters["validation_towns"] == ["practice-quake/norte"]
    assert run.metrics["unseen_towns"]["is_own_cut"] is True
    assert "expect less" in run.expected_words


def test_what_goes_on_in_epochs_keeps_a_validation_town(question, towns, tiny):
    run = train(question, TrainingConfig(backbone=tiny, head="softmax"))
    assert len(run.parameters["validation_towns"]) == 1
    assert [row["town"] for row in run.metrics["unseen_towns"]["towns"]] == run.parameters["validation_towns"]
