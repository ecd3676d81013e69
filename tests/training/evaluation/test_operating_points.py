"""What thresholds mean, on scores whose answers are known."""

import io
import json

import numpy as np
import pytest
from django.core.management import call_command

from damage.errors import Refused
from damage.tables import markdown_table
from training.evaluation.operating_points import operating_points
from training.models import Experiment, ModelRun


@pytest.fixture
def scored(run):
    """A finished training with made-up scores: of each part the 12 no's at 0.1 to 0.65, the 12 yes's at 0.4 to 0.95."""
    for part in ("train", "validation", "test"):
        for answer, first in ((False, 0.1), (True, 0.4)):
            for index, row in enumerate(run.run_crops.filter(part=part, is_positive=answer).order_by("pk")):
                row.score = first + 0.05 * index
                row.save()
    return run


def rows_of(experiment):
    return [dict(zip(experiment.results["columns"], row, strict=True)) for row in experiment.results["rows"]]


def test_without_false_alarms_the_threshold_lies_above_every_no(scored):
    """The highest no is at 0.65; of the yes's at 0.4 to 0.95, the six from 0.7 on are found."""
    row = rows_of(operating_points(scored))[0]
    assert 0.65 < row["threshold"] < 0.7
    assert (row["false_positives"], row["negatives"]) == (0, 12)
    assert row["recall"] == 0.5
    assert row["at_most"] == pytest.approx(1 - 0.05 ** (1 / 12))  # none seen in twelve


def test_false_alarms_are_counted_on_the_ground(scored):
    """Windows of 16 m that stand 16 * 209 / 299 m apart look 7,995 times at a square kilometre; 1 no in 12 called."""
    row = rows_of(operating_points(scored))[-1]
    assert row["wanted_false_positive_rate"] == 0.1
    assert row["false_positives"] == 1
    assert row["false_alarms_per_km2"] == pytest.approx(1e6 / (16 * 209 / 299) ** 2 / 12)
    assert row["at_most_per_km2"] > row["false_alarms_per_km2"]


def test_the_temperature_comes_from_validation_alone(scored):
    first = operating_points(scored).results["calibration"]["temperature"]
    scored.run_crops.filter(part="test").update(score=0.5)
    assert operating_points(scored).results["calibration"]["temperature"] == first


def test_the_command_keeps_an_experiment_of_the_run(scored):
    out = io.StringIO()
    call_command("roc", scored.pk, "--json", stdout=out)
    said = json.loads(out.getvalue())
    experiment = Experiment.objects.get(pk=said["experiment"])
    assert (experiment.kind, experiment.status) == ("roc", "done")
    assert list(experiment.model_runs.all()) == [scored]
    assert len(said["bands"]["roc"]["middle"]) == len(said["bands"]["roc"]["grid"]) == 101
    assert np.diff(said["bands"]["roc"]["middle"]).min() >= 0
    out = io.StringIO()
    call_command("roc", scored.pk, stdout=out)
    assert "fitted on validation" in out.getvalue()


def test_what_has_no_scores_is_refused(question):
    with pytest.raises(Refused, match="no scores"):
        operating_points(ModelRun.objects.create(question=question, backbone="tiny", status="failed"))


def test_a_table_says_what_is_missing():
    assert (
        markdown_table(["a", "b"], [[1, 0.25], ["x", None]])
        == "| a | b |\n| --- | --- |\n| 1 | 0.250 |\n| x | – |"
    )
