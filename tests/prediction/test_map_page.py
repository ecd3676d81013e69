"""Who sees the damage map, and the list of runs."""

import pytest
from django.urls import reverse

from prediction.models import Detection, PredictionRun


def test_a_stranger_is_asked_to_log_in(client, db):
    assert client.get(reverse("map")).url == f"{reverse('login')}?next={reverse('map')}"


def test_a_volunteer_does_not_see_which_homes_may_have_fallen(client, volunteer):
    client.force_login(volunteer)
    assert client.get(reverse("map")).status_code == 403


def test_an_analyst_sees_the_map_but_cannot_start_predictions(client, analyst):
    client.force_login(analyst)
    page = client.get(reverse("map"))
    assert page.status_code == 200
    assert b'id="request"' not in page.content


def test_an_admin_may_start_predictions_there(client, site_admin):
    client.force_login(site_admin)
    assert b'id="request"' in client.get(reverse("map")).content


@pytest.fixture
def run(mosaic, model_run, analyst) -> PredictionRun:
    return PredictionRun.objects.create(
        scene=mosaic, model_run=model_run, requested_by=analyst, status="done", threshold=0.6
    )


@pytest.mark.parametrize("person", ["volunteer", "verifier"])
def test_the_list_of_runs_is_for_analysts(client, request, person):
    client.force_login(request.getfixturevalue(person))
    assert client.get(reverse("prediction-runs")).status_code == 403


def test_the_list_tells_what_each_run_found_or_why_it_failed(client, analyst, run):
    for score in (0.9, 0.6, 0.2):
        Detection.objects.create(run=run, x_px=0, y_px=0, width_px=9, height_px=9, lon=0, lat=0, score=score)
    PredictionRun.objects.create(
        scene=run.scene, model_run=run.model_run, status="failed", threshold=0.6, error="The disk is full."
    )
    client.force_login(analyst)
    page = client.get(reverse("prediction-runs")).content.decode()
    assert '<td class="number">2</td>' in page
    assert "The disk is full." in page
    assert f'href="{reverse("map")}?run={run.pk}"' in page


def test_a_long_list_asks_the_database_as_often_as_a_short_one(
    client, analyst, run, django_assert_max_num_queries
):
    for _ in range(60):
        PredictionRun.objects.create(scene=run.scene, model_run=run.model_run, threshold=0.6)
    client.force_login(analyst)
    with django_assert_max_num_queries(4):  # session, person, count, runs
        page = client.get(reverse("prediction-runs")).content.decode()
    assert 'href="?page=2"' in page
