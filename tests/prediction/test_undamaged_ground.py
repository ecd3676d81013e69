"""A threshold from imagery of before the event: counted by hand, and set on a finished run."""

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from damage.ingestion.models import Scene
from prediction.models import PredictionRun
from prediction.services import predict
from prediction.undamaged_ground import threshold_for_share

pytestmark = pytest.mark.one_database  # predicts for each test


@pytest.mark.parametrize(
    ("share", "threshold"),
    [
        pytest.param(0.0, 0.95, id="none: above the highest, halfway to 1"),
        pytest.param(0.19, 0.95, id="one of five is too many"),
        pytest.param(0.2, 0.7, id="one of five, halfway to the next"),
        pytest.param(0.5, 0.7, id="the two alike stay below together"),
        pytest.param(0.6, 0.35, id="all three"),
        pytest.param(0.99, 0.15, id="all but the lowest"),
    ],
)
def test_at_most_the_share_lies_at_or_above(share, threshold):
    scores = np.array([0.9, 0.5, 0.5, 0.2, 0.1], np.float32)
    assert threshold_for_share(scores, share) == pytest.approx(threshold, abs=1e-6)


@pytest.fixture
def before_run(mosaic, model_run, engine, write_scene, grey_ground, tmp_path) -> PredictionRun:
    """Of the same ground before the event: one window of 32 px is half red, and its neighbours less."""
    pixels = grey_ground(mosaic.width_px, mosaic.height_px)
    pixels[44:60, 66:98, :3] = (255, 0, 0)
    path = write_scene(tmp_path / "before.tif", pixels)
    values = {field.attname: getattr(mosaic, field.attname) for field in Scene._meta.fields}
    values |= {"id": None, "name": "before.tif", "sha256": "b" * 64, "in_place_path": str(path)}
    return predict(Scene.objects.create(**values), model_run, requested_by=None)


def test_what_is_called_before_the_event_sets_the_threshold(finished_run, before_run):
    out = StringIO()
    call_command("set_threshold", finished_run.pk, undamaged=before_run.pk, share=0.0, json=True, stdout=out)
    kept = json.loads(out.getvalue())
    finished_run.refresh_from_db()
    assert (kept["called"], kept["undamaged_run"]) == (0, before_run.pk)
    assert finished_run.threshold == pytest.approx(0.75)  # the highest score before is one half
    assert finished_run.parameters["threshold_from"] == "undamaged"
    call_command("set_threshold", finished_run.pk, undamaged=before_run.pk, share=0.5, stdout=StringIO())
    finished_run.refresh_from_db()
    assert 0 < finished_run.threshold < 0.0625  # most windows before show no red at all
    assert finished_run.found().count() > 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "one of the two"),
        ({"share": 1.0, "undamaged": True}, "up to, but not including, 1"),
        ({"undamaged": "own"}, "same scene"),
    ],
)
def test_what_cannot_set_a_threshold_is_refused(finished_run, before_run, options, words):
    runs = {True: before_run.pk, "own": finished_run.pk}
    if "undamaged" in options:
        options = {**options, "undamaged": runs[options["undamaged"]]}
    with pytest.raises(CommandError, match=words):
        call_command("set_threshold", finished_run.pk, **options)


def test_an_admin_sets_it_through_the_api(api, site_admin, finished_run, before_run):
    address = f"/api/v1/prediction-runs/{finished_run.pk}/threshold/"
    api.force_authenticate(site_admin)
    answer = api.post(address, {"undamaged_run": before_run.pk, "share": 0.0})
    assert answer.status_code == 200
    assert answer.json()["threshold"] == pytest.approx(0.75)  # as by the command
    assert answer.json()["parameters"]["calibration"]["called"] == 0
    by_hand = api.post(address, {"threshold": 0.4}).json()
    assert (by_hand["threshold"], by_hand["parameters"]["threshold_from"]) == (0.4, "person")
    assert (
        by_hand["detection_count"]
        == finished_run.detections.model.objects.filter(
            run=finished_run, score__gte=0.4, look=PredictionRun.objects.get(pk=finished_run.pk).look
        ).count()
    )


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "one of the two"),
        ({"threshold": 0.5, "undamaged_run": "before"}, "one of the two"),
        ({"threshold": 1.5}, "less than or equal to 1"),
        ({"undamaged_run": 10**9}, "does not exist"),
        ({"undamaged_run": "before", "share": 1}, "not including, 1"),
        ({"undamaged_run": "own"}, "same scene"),
    ],
)
def test_the_api_says_what_is_wrong(api, site_admin, finished_run, before_run, asked, words):
    api.force_authenticate(site_admin)
    runs = {"before": before_run.pk, "own": finished_run.pk}
    asked = {name: runs.get(value, value) for name, value in asked.items()}
    answer = api.post(f"/api/v1/prediction-runs/{finished_run.pk}/threshold/", asked)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]


def test_a_run_whose_scores_are_lost_says_so(api, site_admin, finished_run):
    Path(finished_run.score_file.path).unlink()
    api.force_authenticate(site_admin)
    answer = api.post(f"/api/v1/prediction-runs/{finished_run.pk}/threshold/", {"threshold": 0.5})
    assert answer.status_code == 400
    assert "scores of prediction run" in answer.json()["detail"]


def test_scores_of_another_model_do_not_compare(finished_run, before_run):
    model_run = before_run.model_run
    model_run.pk, model_run.stage = None, "candidate"
    model_run.save()
    PredictionRun.objects.filter(pk=before_run.pk).update(model_run=model_run)
    with pytest.raises(CommandError, match="different models"):
        call_command("set_threshold", finished_run.pk, undamaged=before_run.pk)
