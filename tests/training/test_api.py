"""Who may see, ask and train through the API."""

import pytest

from training.models import ModelRun
from training.services import HEAD_NAMES

RUNS, ANSWER = "/api/v1/model-runs/", "/api/v1/model-answer/"


@pytest.fixture
def body(scene, question):
    return {"scene": scene.pk, "x_px": 0, "y_px": 0, "size_px": 32, "question": question.slug}


@pytest.fixture
def done(question):
    return ModelRun.objects.create(question=question, backbone="tiny", status="done", threshold=0.5)


def test_a_volunteer_asks_the_model(api, volunteer, promoted, body):
    api.force_authenticate(volunteer)
    answer = api.post(ANSWER, body)
    assert answer.status_code == 200
    assert set(answer.data) == {"score", "is_positive", "threshold", "model_run", "label"}
    assert answer.data["model_run"] == promoted.pk
    assert answer.data["is_positive"] == (answer.data["score"] >= promoted.threshold)


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


def test_an_analyst_sees_the_crops_of_a_training(api, analyst, question, towns, recipe, site_admin):
    from training.services import request_training

    run = request_training(question, recipe, requested_by=site_admin)
    api.force_authenticate(analyst)
    crops = api.get(f"{RUNS}{run.pk}/crops/", {"part": "test", "is_positive": True}).data
    assert crops["count"] == 12
    assert set(crops["results"][0]) == {"crop", "part", "is_positive", "score"}


@pytest.mark.parametrize("path", [RUNS, f"{RUNS}1/", f"{RUNS}1/crops/"])
def test_volunteers_and_verifiers_do_not_see_trainings(api, volunteer, verifier, path):
    for person in (volunteer, verifier):
        api.force_authenticate(person)
        assert api.get(path).status_code == 403


def test_an_admin_queues_a_training(api, site_admin, towns, tiny, django_capture_on_commit_callbacks):
    api.force_authenticate(site_admin)
    wish = {"question": "damage", "backbone": tiny, "train_towns": ["Norte"], "seed": 3}
    with django_capture_on_commit_callbacks() as enqueued:
        answer = api.post(RUNS, wish)
    assert answer.status_code == 202
    assert (answer.data["status"], answer.data["seed"]) == ("queued", 3)
    assert answer.data["requested_by"] == "adela"
    assert answer.data["parameters"]["validation_towns"] == ["practice-quake/este"]
    assert len(enqueued) == 1


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
