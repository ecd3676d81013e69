"""A threshold from imagery of before the event: counted by hand, and set on a finished run."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from damage.ingestion.models import Scene
from prediction.models import PredictionRun
from prediction.services import predict
from prediction.undamaged_ground import threshold_for_share


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


def test_scores_of_another_model_do_not_compare(finished_run, before_run):
    model_run = before_run.model_run
    model_run.pk, model_run.stage = None, "candidate"
    model_run.save()
    PredictionRun.objects.filter(pk=before_run.pk).update(model_run=model_run)
    with pytest.raises(CommandError, match="different models"):
        call_command("set_threshold", finished_run.pk, undamaged=before_run.pk)
