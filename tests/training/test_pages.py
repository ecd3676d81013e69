"""The pages of the training lab."""

import json
import re

import pytest

from training.evaluation.operating_points import operating_points
from training.models import ModelRun
from training.registry.promotions import compare
from training.report.charts import charts_of, town_metrics


@pytest.fixture
def page(client, analyst):
    client.force_login(analyst)

    def get(address, **query):
        answer = client.get(address, query)
        return answer.status_code, answer.content.decode() if answer["Content-Type"].startswith(
            "text"
        ) else answer

    return get


def test_models_are_listed_with_where_they_stand(page, promoted):
    status, html = page("/training/")
    assert status == 200
    assert f"/training/runs/{promoted.pk}/" in html
    assert "promoted" in html
    assert "http-equiv" not in html  # nothing is going on


def test_without_models_the_page_says_how_to_come_by_one(page):
    assert "train command" in page("/training/")[1]


def test_a_run_shows_its_figures_crops_and_how_to_do_it_again(page, run):
    status, html = page(f"/training/runs/{run.pk}/")
    assert status == 200
    assert f"reproduce {run.pk}" in html
    assert run.dataset_sha256 in html
    # Twelve crops of either answer: the lowest and highest of each are shown, twelve at most.
    assert len(re.findall(r"thumbnail\.jpg", html)) == 48
    assert html.count('class="chart"') == 8


def test_a_run_says_in_words_what_was_chosen(page, run):
    operating_points(run)
    html = page(f"/training/runs/{run.pk}/")[1]
    for name in ("max_fpr", "left_out", "is_dense", "per_class", "{", "window_px"):
        assert name not in html.split("How to do it again")[1]
    assert "Highest false positive rate in validation" in html
    assert "penalty on weights (L2): 0.1" in html
    assert "operating points · done" in html


def test_in_spanish_a_training_is_not_called_a_prediction(client, analyst, run, settings):
    client.force_login(analyst)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "es"
    for address in (
        "/training/",
        f"/training/runs/{run.pk}/",
        f"/training/compare/?run={run.pk}&run={run.pk}",
    ):
        html = client.get(address).content.decode()
        assert f"Entrenamiento {run.pk}" in html
        assert f"Predicción {run.pk}" not in html


def test_figures_by_town_are_those_of_the_parts(run):
    """Each part is one town here, so its metrics must be the part's own."""
    by_town = town_metrics(run)
    assert by_town["Sur (test)"]["auc"] == run.metrics["test"]["auc"]
    assert by_town["Norte (training)"]["confusion"] == run.metrics["train"]["confusion"]


def test_every_drawing_comes_in_both_forms_and_themes(client, analyst, run):
    client.force_login(analyst)
    for name in charts_of(run):
        svg = client.get(f"/training/runs/{run.pk}/{name}.svg", {"theme": "dark"})
        assert (svg.status_code, svg["Content-Type"]) == (200, "image/svg+xml")
    png = client.get(f"/training/runs/{run.pk}/roc.png")
    assert (png.status_code, png.content[:4]) == (200, b"\x89PNG")


@pytest.mark.parametrize(
    ("name", "status"), [("nothing.svg", 404), ("roc.gif", 404), ("roc.svg?theme=pink", 400)]
)
def test_what_is_not_there_is_not_drawn(client, analyst, run, name, status):
    client.force_login(analyst)
    assert client.get(f"/training/runs/{run.pk}/{name}").status_code == status


def test_a_run_at_work_shows_its_progress_and_renews_itself(page, question):
    run = ModelRun.objects.create(
        question=question, backbone="tiny", status="running", step="features", units_done=3, units_total=9
    )
    ModelRun.objects.filter(pk=run.pk).update(heartbeat_at=run.created_at)
    html = page(f"/training/runs/{run.pk}/")[1]
    assert "3 / 9" in html
    assert f'data-work="/api/v1/model-runs/{run.pk}/"' in html
    assert '<noscript><meta http-equiv="refresh"' in html


def test_runs_stand_side_by_side_and_what_differs_is_marked(page, run):
    other = ModelRun.objects.get(pk=run.pk)
    other.pk, other.parameters = None, run.parameters | {"contrast": 9.0}
    other.save()
    html = page("/training/compare/", run=[run.pk, other.pk])[1]
    assert html.count('class="differs"') == 1
    assert "Tick two to four" in page("/training/compare/", run=run.pk)[1]


def test_runs_that_keep_the_same_in_another_order_do_not_differ(page, run):
    """As PostgreSQL and imported runs do."""
    other = ModelRun.objects.get(pk=run.pk)
    other.pk, other.parameters = None, json.loads(json.dumps(run.parameters, sort_keys=True))
    other.save()
    assert list(other.parameters["left_out"]) != list(run.parameters["left_out"])
    assert 'class="differs"' not in page("/training/compare/", run=[run.pk, other.pk])[1]


def test_who_has_nothing_to_decide_is_asked_for_no_reason(page, client, run, site_admin):
    assert 'name="reason"' not in page(f"/training/runs/{run.pk}/")[1]
    client.force_login(site_admin)
    assert 'name="reason"' in client.get(f"/training/runs/{run.pk}/").content.decode()


def test_decisions_are_taken_on_the_page_by_two_people(client, run, site_admin, analyst):
    address = f"/training/runs/{run.pk}/decide/"
    client.force_login(analyst)
    refused = client.post(address, {"action": "propose"}, follow=True)
    assert "Only admins do that." in refused.content.decode()
    client.force_login(site_admin)
    client.post(address, {"action": "propose", "reason": "new tags"})
    early = client.post(address, {"action": "confirm"}, follow=True).content.decode()
    assert "second person" in early
    compare(run.promotions.get())
    own = client.post(address, {"action": "confirm"}, follow=True).content.decode()
    assert "A second person has to look at it" in own
    client.force_login(analyst)
    client.post(address, {"action": "confirm"})
    run.refresh_from_db()
    assert run.stage == "promoted"
    assert "no such decision" in client.post(address, {"action": "x"}, follow=True).content.decode()


def test_volunteers_do_not_see_models(client, volunteer, run):
    client.force_login(volunteer)
    for address in (
        "/training/",
        f"/training/runs/{run.pk}/",
        f"/training/runs/{run.pk}/roc.svg",
        "/training/compare/",
    ):
        assert client.get(address).status_code == 403
    assert client.post(f"/training/runs/{run.pk}/decide/", {"action": "confirm"}).status_code == 403
