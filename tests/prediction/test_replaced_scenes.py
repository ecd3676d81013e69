"""A scene whose file was replaced after it came in is not predicted on, whenever that happened."""

import pytest

from damage.errors import Refused
from damage.ingestion.services import note_source
from prediction.journal import Journal
from prediction.models import PredictionRun
from prediction.services import predict


@pytest.fixture
def known(mosaic):
    """The painted mosaic, as it is known since it came in."""
    note_source(mosaic)
    mosaic.save()
    return mosaic


def replace(scene):
    with scene.path.open("ab") as file:
        file.write(b"another export")


def test_a_known_scene_is_predicted_on(known, model_run, engine):
    assert predict(known, model_run, requested_by=None).status == "done"


def test_a_replaced_scene_fails_the_run_with_its_reason(known, model_run, engine):
    replace(known)
    with pytest.raises(Refused, match="replaced or changed"):
        predict(known, model_run, requested_by=None)
    run = PredictionRun.objects.get()
    assert run.status == "failed"
    assert "replaced or changed" in run.error


def test_a_scene_that_is_replaced_while_it_is_looked_through_gives_no_result(
    known, model_run, engine, monkeypatch, data_folder
):
    """And its blocks are forgotten, as nobody knows of which image they are."""
    keep = Journal.keep

    def meanwhile(journal, index, values):
        keep(journal, index, values)
        replace(known)

    monkeypatch.setattr(Journal, "keep", meanwhile)
    with pytest.raises(Refused, match="replaced or changed"):
        predict(known, model_run, requested_by=None)
    run = PredictionRun.objects.get()
    assert run.status == "failed"
    assert not run.score_file
    assert not run.detections.exists()
    assert not list(data_folder.glob("prediction-work/*/block-*"))
