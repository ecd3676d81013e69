"""Who may see, ask and train through the API."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tagging.cutting import cut_pending_crops
from tagging.services import record_tag
from training.config import HEAD_NAMES
from training.models import ModelRun, Promotion
from training.recovery import waiting_for_a_worker
from training.tasks import run_training

RUNS, ANSWER = "/api/v1/model-runs/", "/api/v1/model-answer/"


@pytest.fixture
def body(scene, question):
    return {"scene": scene.pk, "x_px": 0, "y_px": 0, "size_px": 32, "question": question.slug}


@pytest.fixture
def done(question):
    return ModelRun.objects.create(question=question, backbone="tiny", status="done", threshold=0.5)


def test_a_volunteer_asks_the_model_about_their_answer(api, volunteer, promoted, scene, question, body):
    record_tag(tagger=volunteer, answer="unsure", **body | {"scene": scene, "question": question})
    cut_pending_crops()
    api.force_authenticate(volunteer)
    answer = api.post(ANSWER, body)
    assert answer.status_code == 200
    assert set(answer.data) == {"is_positive", "model_run", "label"}
    assert answer.data["model_run"] == promoted.pk
    assert answer.data["label"] in ("Damage", "No damage")


def test_without_a_model_the_answer_is_409_with_words(api, volunteer, body):
    api.force_authenticate(volunteer)
    answer = api.post(ANSWER, body)
    assert answer.status_code == 409
    assert "no model" in answer.data["detail"]


@pytest.mark.parametrize(
    "change",
    [{"scene": 999}, {"question": "water"}, {"size_px": 3}, {"x_px": 60}, {"x_px": -1}, {"y_px": "top"}],
)
def test_a_square_that_is_not_there_is_refused(api, volunteer, promoted, body, change):
    api.force_authenticate(volunteer)
    assert api.post(ANSWER, body | change).status_code == 400


def test_a_stranger_may_not_ask(api, body):
    assert api.post(ANSWER, body).status_code in (401, 403)


def test_an_analyst_sees_trainings(api, analyst, done):
    api.force_authenticate(analyst)
    (row,) = api.get(RUNS).data["results"]
    assert (row["id"], row["question"], row["threshold"]) == (done.pk, "damage", 0.5)
    assert api.get(f"{RUNS}{done.pk}/").status_code == 200


def test_trainings_are_filtered_by_question_and_status(api, analyst, done):
    api.force_authenticate(analyst)
    assert api.get(RUNS, {"question": "damage", "status": "done"}).data["count"] == 1
    assert api.get(RUNS, {"question": "water"}).data["count"] == 0
    assert api.get(RUNS, {"status": "failed"}).data["count"] == 0


def test_an_analyst_sees_the_crops_of_a_training(api, analyst, question, towns, training_config, site_admin):
    from training.services import request_training

    run = request_training(question, training_config, requested_by=site_admin)
    api.force_authenticate(analyst)
    crops = api.get(f"{RUNS}{run.pk}/crops/", {"part": "test", "is_positive": True}).data
    assert crops["count"] == 12
    assert set(crops["results"][0]) == {"crop", "part", "is_positive", "score"}


@pytest.mark.parametrize("path", [RUNS, f"{RUNS}1/", f"{RUNS}1/crops/"])
def test_volunteers_and_verifiers_do_not_see_trainings(api, volunteer, verifier, path):
    for person in (volunteer, verifier):
        api.force_authenticate(person)
        assert api.get(path).status_code == 403


def test_an_admin_queues_a_training(api, site_admin, towns, tiny):
    api.force_authenticate(site_admin)
    wish = {"question": "damage", "backbone": tiny, "train_towns": ["Norte"], "seed": 3}
    answer = api.post(RUNS, wish)
    assert answer.status_code == 202
    assert (answer.data["status"], answer.data["seed"]) == ("queued", 3)
    assert answer.data["requested_by"] == "adela"
    assert answer.data["parameters"]["validation_towns"] == ["practice-quake/este"]
    assert waiting_for_a_worker(run_training) == {answer.data["id"]}


def test_any_head_may_be_asked_for_on_classical_features(api, site_admin, towns):
    api.force_authenticate(site_admin)
    for head in HEAD_NAMES:
        answer = api.post(RUNS, {"question": "damage", "backbone": "hog", "head": head})
        assert (answer.status_code, answer.data["backbone"], answer.data["head"]) == (202, "hog", head)
        assert answer.data["parameters"]["network"]["is_classical"] is True
    refused = api.post(RUNS, {"question": "damage", "backbone": "hog", "contrast": 2.0})
    assert (refused.status_code, "--contrast" in refused.data["remedy"]) == (400, True)


def test_what_cannot_be_trained_is_refused_with_a_remedy(api, site_admin, question):
    api.force_authenticate(site_admin)
    answer = api.post(RUNS, {"question": "damage"})
    assert answer.status_code == 400
    assert "import_crops" in answer.data["remedy"]
    assert not ModelRun.objects.exists()


def test_only_admins_train(api, analyst, volunteer, verifier, towns):
    for person in (analyst, volunteer, verifier):
        api.force_authenticate(person)
        assert api.post(RUNS, {"question": "damage"}).status_code == 403


def columns_read(asked):
    """The columns that come whole with a list's rows; not those out of which the database picks a metric."""
    lists = [query["sql"] for query in asked if "running" not in query["sql"]]
    return {name for sql in lists for name in re.findall(r'(?<!\()"\w+"\."(\w+)"(?=,| FROM)', sql)}


def test_the_list_of_trainings_reads_no_long_columns(api, analyst, site_admin, done, client):
    """What it shows of the metrics is picked out by the database."""
    done.metrics = {"test": {"auc": 0.91, "balanced_accuracy": 0.8, "roc": [[0, 1]] * 500}, "curves": {}}
    done.save()
    Promotion.objects.create(
        model_run=done, proposed_by=site_admin, status="done", comparison={"towns": {"a/b": {"crops": 9}}}
    )
    api.force_authenticate(analyst)
    client.force_login(analyst)
    with CaptureQueriesContext(connection) as asked:
        (row,) = api.get(RUNS).data["results"]
        html = client.get("/training/").content.decode()
    assert not {"metrics", "parameters", "library_versions", "hardware", "comparison"} & columns_read(asked)
    assert row["metrics"] == {"test": {"auc": 0.91, "balanced_accuracy": 0.8}}
    assert "0.910" in html
    assert not {"parameters", "hardware"} & set(row)
    assert "comparison" not in row["promotions"][0]
    whole = api.get(f"{RUNS}{done.pk}/").data
    assert len(whole["metrics"]["test"]["roc"]) == 500
    assert whole["promotions"][0]["comparison"]["towns"]


def test_the_list_of_experiments_reads_no_results(api, analyst, client, done):
    done.experiments.create(
        kind="roc", parameters={"model_run": done.pk}, results={"rows": []}, status="done"
    )
    api.force_authenticate(analyst)
    client.force_login(analyst)
    with CaptureQueriesContext(connection) as asked:
        assert api.get("/api/v1/experiments/").data["count"] == 1
        assert client.get("/training/experiments/").status_code == 200
    assert "results" not in columns_read(asked)
    (experiment,) = done.experiments.all()
    with CaptureQueriesContext(connection) as asked:
        assert api.get(f"/api/v1/experiments/{experiment.pk}/").data["model_runs"] == [done.pk]
        assert client.get(f"/training/experiments/{experiment.pk}/").status_code == 200
    assert "metrics" not in columns_read(asked)
