"""Doing a training again."""

import io
import json

import pytest
from django.core.management import call_command

from damage.errors import Refused
from tagging.models import Tag
from training.models import ModelRun
from training.reproduction import reproduce
from training.services import train


def test_a_training_done_again_is_equal_whatever_was_tagged_since(
    question, towns, training_config, site_admin
):
    run = train(question, training_config)
    Tag.objects.filter(crop__town=towns[0]).update(answer="unsure")
    found = reproduce(run, requested_by=site_admin)
    assert (found.is_equal, found.same_weights, found.largest_difference) == (True, True, 0.0)
    assert (found.again.parent, found.again.dataset_sha256) == (run, run.dataset_sha256)
    assert found.again.stage == "candidate"


def test_what_came_out_otherwise_is_told(run, question):
    """Somebody changed a stored score and metric."""
    row = run.run_crops.first()
    row.score += 0.25
    row.save()
    ModelRun.objects.filter(pk=run.pk).update(threshold=0.123, code_version="0.0.1")
    out = io.StringIO()
    with pytest.raises(Exception, match="Not all was done"):
        call_command("reproduce", run.pk, "--json", stdout=out)
    said = json.loads(out.getvalue())
    assert (said["is_equal"], said["same_metrics"]) == (False, False)
    assert said["largest_difference_of_a_score"] == pytest.approx(0.25, abs=1e-6)
    assert said["then"]["code"] == "0.0.1"


def test_only_what_was_trained_here_is_done_again(question):
    with pytest.raises(Refused, match="cannot be done again"):
        reproduce(ModelRun.objects.create(question=question, backbone="tiny", status="failed"))
