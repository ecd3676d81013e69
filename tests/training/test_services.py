"""What a training leaves behind, done or not."""

import hashlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
from PIL import Image

from damage.accounts.services import automatic_account
from damage.errors import Refused
from damage.ingestion.services import ingest_photo
from tagging.background_negatives import tag_undamaged
from tagging.models import Crop, Question, Tag, TagChange
from tagging.undamaged import UNDAMAGED, untag_undamaged
from training import fit
from training.config import HEAD_NAMES, TrainingConfig
from training.data.held_out_towns import learnt_crops, learnt_from
from training.executor import carry_out
from training.models import ModelRun
from training.reproduction import reproduce
from training.services import request_training, train


def stored_files(data_folder):
    return sorted(path.name for path in (data_folder / "files" / "models").rglob("*") if path.is_file())


def weights_and_scores(run):
    """The digest of the weights (other files hold names that TensorFlow counts on), and each crop's score."""
    weights = run.files.get(kind="openvino_bin").sha256
    return weights, dict(run.run_crops.values_list("crop", "score"))


def without_roc(metrics):
    return {
        part: {k: v for k, v in metrics[part].items() if k != "roc"}
        for part in ("train", "validation", "test")
    }


def queued(question, training_config):
    return request_training(question, training_config, requested_by=None)


def test_a_training_tells_rubble_from_ground_in_a_town_it_never_saw(run):
    assert run.status == "done"
    assert run.metrics["test"]["auc"] == 1.0
    assert run.metrics["test"]["confusion"]["false_positive"] <= 1


def test_the_row_says_how_to_do_it_again(run, question, site_admin):
    assert (run.question, run.requested_by, run.backbone, run.head, run.seed) == (
        question, site_admin, "tiny", "softmax", 0
    )  # fmt: skip
    assert run.parameters["train_towns"] == ["practice-quake/norte"]
    assert run.parameters["validation_towns"] == ["practice-quake/este"]
    assert run.parameters["test_towns"] == ["practice-quake/sur"]
    assert run.parameters["max_fpr"] == 0.0
    assert run.parameters["contrast"] == 1.0
    assert run.parameters["head"]["l2"] > 0
    assert run.parameters["left_out"] == {
        "unsure": 0,
        "tied": 0,
        "shown_again": 0,
        "unreviewed": 0,
        "pending": 0,
    }
    assert run.code_version.startswith("0.")
    assert {"python", "keras", "tensorflow", "openvino"} <= set(run.library_versions)
    assert run.started_at <= run.finished_at
    assert (run.window_px, run.window_m) == (32, 16.0)


def test_every_crop_is_kept_with_its_part_answer_and_score(run):
    assert run.run_crops.count() == 72
    for part, town in {"train": "Norte", "validation": "Este", "test": "Sur"}.items():
        rows = run.run_crops.filter(part=part).select_related("crop__town")
        assert {row.crop.town.name for row in rows} == {town}
        assert sum(row.is_positive for row in rows) == 12
        assert all(0 <= row.score <= 1 for row in rows)


def test_no_negative_validation_crop_reaches_the_threshold(run):
    validation = run.run_crops.filter(part="validation")
    assert not validation.filter(is_positive=False, score__gte=run.threshold).exists()
    assert validation.filter(is_positive=True, score__gte=run.threshold).exists()
    assert "at most 0.0% of the 12 validation crops" in run.threshold_reason


def test_the_files_have_the_recorded_digests(run):
    assert set(run.files.values_list("kind", flat=True)) == {"keras", "openvino_xml", "openvino_bin"}
    for row in run.files.all():
        with row.file.open("rb") as file:
            content = file.read()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (row.sha256, row.size_bytes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "alexnet"}, "no backbone"),
        ({"max_fpr": 1.0}, "false positive rate"),
        ({"seed": -1}, "seed"),
        ({"contrast": 0.0}, "contrast"),
        ({"test_towns": ["Atlantis"]}, "no town Atlantis"),
        ({"test_towns": ["Norte"]}, "two parts"),
        ({"per_class": 13}, "cannot be drawn"),
    ],
)
def test_what_cannot_work_is_refused_before_any_row(question, towns, training_config, changes, words):
    with pytest.raises(Refused, match=words):
        train(question, replace(training_config, **changes))
    assert not ModelRun.objects.exists()


def test_a_failed_training_keeps_its_reason_and_no_files(
    question, towns, training_config, monkeypatch, data_folder
):
    def fail(*args, **kwargs):
        raise MemoryError("no more")

    monkeypatch.setattr(fit, "softmax_head", fail)
    with pytest.raises(MemoryError):
        train(question, training_config)
    run = ModelRun.objects.get()
    assert (run.status, run.error) == ("failed", "MemoryError: no more")
    assert run.finished_at is not None
    assert stored_files(data_folder) == []


def test_an_interrupted_training_is_not_running_for_ever(
    question, towns, training_config, monkeypatch, data_folder
):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("training.storing._store_scores", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(question, training_config)
    run = ModelRun.objects.get()
    assert (run.status, run.error) == ("failed", "Interrupted.")
    assert (run.files.count(), stored_files(data_folder)) == (0, [])


def test_a_crop_whose_image_is_gone_fails_with_words(question, towns, training_config):
    run = queued(question, training_config)
    Crop.objects.filter(town=towns[1]).first().image.delete(save=False)
    with pytest.raises(Refused, match="missing"):
        carry_out(run)
    assert "Restore the data folder" in ModelRun.objects.get().error


def test_the_same_seed_gives_the_same_metrics(question, towns, training_config, data_folder, exported_anew):
    """To the last digit, whether features were kept or are computed anew, by a network that is exported anew."""
    first = train(question, training_config)
    rmtree(data_folder / "features")
    again = train(question, training_config)
    assert (first.metrics, first.threshold) == (again.metrics, again.threshold)


def test_another_seed_draws_other_crops(question, towns, training_config):
    first, second = (queued(question, replace(training_config, per_class=6, seed=seed)) for seed in (1, 2))
    assert first.run_crops.filter(part="train").count() == 12
    assert first.dataset_sha256 != second.dataset_sha256


def test_a_wanted_false_positive_rate_is_used_up(question, towns, training_config):
    loose = train(question, replace(training_config, max_fpr=0.5))
    assert loose.metrics["validation"]["confusion"]["false_positive"] == 6  # of 12


def test_a_logistic_regression_is_a_model_like_any_other(question, towns, training_config):
    """Its files gave the training's own scores, or it would have been refused."""
    run = train(question, replace(training_config, head="logistic-regression"))
    assert (run.head, run.status) == ("logistic-regression", "done")
    assert run.parameters["head"] == {"inverse_l2": 0.003, "max_steps": 2000}
    assert run.metrics["test"]["auc"] == 1.0


def test_an_unknown_head_is_refused(question, towns, training_config):
    with pytest.raises(Refused, match="no head hydra"):
        queued(question, replace(training_config, head="hydra"))


def test_the_names_of_heads_are_those_that_can_be_trained():
    from training.networks.heads.parameters import HEADS

    assert tuple(HEADS) == HEAD_NAMES


def test_contrast_is_part_of_the_recipe(question, towns, training_config):
    plain, stretched = (
        queued(question, training_config),
        queued(question, replace(training_config, contrast=3.0)),
    )
    assert (plain.parameters["contrast"], stretched.parameters["contrast"]) == (1.0, 3.0)
    assert plain.parameters["features"] != stretched.parameters["features"]


def test_unsure_crops_are_left_out_and_counted(question, towns, training_config):
    Tag.objects.filter(crop__in=Crop.objects.filter(town=towns[0])[:3]).update(answer="unsure")
    run = queued(question, training_config)
    assert run.parameters["left_out"] == {
        "unsure": 3,
        "tied": 0,
        "shown_again": 0,
        "unreviewed": 0,
        "pending": 0,
    }
    assert run.run_crops.filter(part="train").count() == 21


def test_a_queued_training_is_carried_out_once_as_it_was_planned(question, towns, training_config):
    """Without a test town, and whatever is tagged between the request and the work."""
    Tag.objects.filter(crop__town=towns[2]).delete()
    run = queued(question, replace(training_config, test_towns=[]))
    assert run.status == "queued"
    Tag.objects.filter(crop__town=towns[0]).update(answer="unsure")
    assert carry_out(run).status == "done"
    assert set(run.metrics) == {"train", "validation", "best_epoch", "curves"}
    assert run.metrics["train"]["crops"] == 24
    with pytest.raises(Refused, match="not waiting"):
        carry_out(run)


def test_the_promoted_model_is_the_current_one_however_many_are_newer(question):
    def make(stage):
        return ModelRun.objects.create(question=question, backbone="tiny", status="done", stage=stage)

    assert ModelRun.objects.current(question) is None
    make("retired")
    promoted = make("promoted")
    make("candidate")
    assert ModelRun.objects.current(question) == promoted


def test_a_training_keeps_the_run_that_it_goes_on_from(question, towns, training_config):
    first = queued(question, training_config)
    assert queued(question, replace(training_config, parent=first.pk)).parent == first
    water = Question.objects.create(slug="water", text="Is there water?")
    with pytest.raises(Refused, match="no model run"):
        queued(water, replace(training_config, parent=first.pk))


@pytest.mark.one_database  # costs much, for its network
def test_the_real_backbone_learns_too(question, towns):
    run = train(
        question, TrainingConfig(train_towns=["Norte"], validation_towns=["Este"], test_towns=["Sur"])
    )
    assert run.metrics["test"]["auc"] > 0.8


def test_it_learns_from_squares_of_undamaged_imagery_as_from_any_others(
    question, training_config, towns, ground, tmp_path
):
    question.crop_size_m, question.crop_size_px = None, 32
    question.save()
    rows = [[ground(10 * row + column, noisy=False) for column in range(4)] for row in range(500, 504)]
    Image.fromarray(np.vstack([np.hstack(row) for row in rows])).save(tmp_path / "spared.png")
    scene = ingest_photo(tmp_path / "spared.png", event=towns[0].event.name, town="Lejos").scene
    tag_undamaged([scene], question, count=4)
    run = train(question, replace(training_config, train_towns=["Norte", "Lejos"]))
    learnt = run.run_crops.filter(crop__scene=scene)
    assert [(row.part, row.is_positive) for row in learnt] == [("train", False)] * 4
    assert all(row.score is not None for row in learnt)
    untag_undamaged([scene], question)
    assert run.run_crops.filter(crop__scene=scene).count() == 4


def test_a_model_adapts_to_a_town_that_nobody_could_tell(question, adapting, many):
    run = train(question, adapting)
    assert run.parameters["adapt_to"]["town"] == "practice-quake/oeste"
    assert run.unlabelled_crops.count() == run.parameters["adapt_to"]["crops"] == 60
    assert "nobody's answers there were looked at" in run.threshold_reason
    assert run.metrics["adaptation"]["doubts"] == []
    assert run.adaptation_words.startswith("It adapted to practice-quake/oeste: ")
    assert "practice-quake/oeste" in learnt_from(run)
    assert run.metrics["test"]["auc"] == 1.0
    assert not run.run_crops.filter(crop__town=many).exists()
    again = reproduce(run)
    assert (again.is_equal, again.same_weights) == (True, True)


def test_where_too_little_speaks_for_adapting_the_model_is_as_without(question, adapting, many, ground):
    """Nothing in the town is rubble. Its threshold is that of towns left out, and its weights the same to the bit."""
    for number, crop in enumerate(Crop.objects.filter(town=many).order_by("pk")[:20]):
        content = BytesIO()
        Image.fromarray(ground(7000 + number, noisy=False)).save(content, "PNG")
        Crop.objects.filter(pk=crop.pk).update(sha256=hashlib.sha256(content.getvalue()).hexdigest())
        Path(crop.image.path).write_bytes(content.getvalue())
    config = replace(adapting, max_fpr=None, train_towns=["Norte", "Este"], validation_towns=[])
    told, without = train(question, config), train(question, replace(config, adapt_to=""))
    assert told.metrics["adaptation"]["is_adapted"] is False
    assert told.metrics["adaptation"]["doubts"]
    assert told.adaptation_words.startswith("It did not adapt to practice-quake/oeste")
    assert without.adaptation_words == ""
    assert {name: found for name, found in told.metrics.items() if name != "adaptation"} == without.metrics
    assert (told.threshold, told.threshold_words) == (without.threshold, without.threshold_words)
    assert weights_and_scores(told) == weights_and_scores(without)
    assert "practice-quake/oeste" not in learnt_from(told)
    assert not learnt_crops([told]).filter(town=many).exists()


def test_answers_in_the_town_make_it_the_test_and_change_nothing_else(question, adapting, many, volunteer):
    """Whoever answered there, and what, decides nothing but how the model is measured."""
    blind = train(question, replace(adapting, test_towns=()))
    for number, crop in enumerate(Crop.objects.filter(town=many).order_by("pk")):
        Tag.objects.filter(crop=crop).update(answer="positive" if number < 20 else "negative")
    told = train(question, replace(adapting, test_towns=()))
    assert told.parameters["test_towns"] == ["practice-quake/oeste"]
    assert told.metrics["test"]["crops"] == 60
    assert told.metrics["test"]["auc"] == 1.0
    assert told.threshold == blind.threshold


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"head": "softmax"}, "Only the head logistic-regression"),
        ({"adapt_to": "Sur"}, "24 crops, too few"),
        ({"adapt_to": "Atlantis"}, "no town"),
        ({"fine_tune_blocks": 1}, "cannot be fine-tuned|Only the head"),
    ],
)
def test_what_cannot_be_adapted_is_refused_before_any_work(question, adapting, many, change, said):
    with pytest.raises(Refused, match=said):
        train(question, replace(adapting, **change))
    assert not ModelRun.objects.exists()


def test_a_model_does_not_adapt_to_a_town_that_it_learns_from(question, adapting, many, volunteer):
    for number, crop in enumerate(Crop.objects.filter(town=many)):
        Tag.objects.filter(crop=crop).update(answer="positive" if number < 20 else "negative")
    with pytest.raises(Refused, match="nothing to adapt to"):
        train(question, replace(adapting, train_towns=["Oeste"]))


def test_squares_that_nobody_looked_at_are_neither_adapted_to_nor_the_test(question, adapting, many):
    """People answered in the town: their crops are the test, and what it adapts to; the other two are neither."""
    for number, crop in enumerate(Crop.objects.filter(town=many).order_by("pk")):
        Tag.objects.filter(crop=crop).update(answer="positive" if number < 20 else "negative")
    taken_back, square = Crop.objects.filter(town=many).order_by("-pk")[:2]
    account = automatic_account(UNDAMAGED)
    Tag.objects.filter(crop=square).update(tagger=account)
    TagChange.objects.create(crop=taken_back, question=question, tagger=account, changed_by=account)
    Tag.objects.filter(crop=taken_back).delete()
    run = train(question, replace(adapting, test_towns=()))
    assert run.parameters["test_towns"] == ["practice-quake/oeste"]
    assert run.parameters["left_out"]["unreviewed"] == 1
    assert run.metrics["test"]["crops"] == run.unlabelled_crops.count() == 58
    assert not run.run_crops.filter(crop__in=[square, taken_back]).exists()


def test_a_town_held_out_towns_is_not_adapted_to(question, adapting, many, settings):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("practice-quake/oeste",))
    with pytest.raises(Refused, match="kept for tests"):
        train(question, adapting)
