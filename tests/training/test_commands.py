"""The command line."""

import json

import pytest
from django.core.management import CommandError, call_command

from training.models import ModelRun


@pytest.fixture
def arguments(towns, tiny):
    return [
        "train",
        "--question",
        "damage",
        "--backbone",
        tiny,
        "--train-town",
        "Norte",
        "--test-town",
        "sur",
    ]


def test_it_prints_figures_a_person_can_read(arguments, shared_training, capsys):
    call_command(*arguments)
    shown = " ".join(capsys.readouterr().out.split())  # lines are broken to the terminal's width
    assert "test (practice-quake/sur; 24 crops): auc 1.000" in shown
    assert (
        "The mean of the cuts that were best in towns which the model that scored them had not seen" in shown
    )
    assert "In a town that nobody tagged: of ten squares that show it about 10 are found" in shown
    assert "0 unsure and 0 tied crops were left out" in shown


def test_json_is_one_document_with_the_run(arguments, shared_training, capsys):
    call_command(*arguments, "--json")
    result = json.loads(capsys.readouterr().out)
    run = ModelRun.objects.get()
    assert (result["model_run"], result["threshold"]) == (run.pk, run.threshold)
    assert result["towns"]["validation"] == ["practice-quake/este"]
    assert result["metrics"]["test"]["auc"] == 1.0


def test_too_few_tags_end_with_the_reason(question):
    with pytest.raises(CommandError, match="No crop has an agreed answer"):
        call_command("train", "--question", "damage")


def test_an_unknown_question_is_refused_with_the_known_ones(question):
    with pytest.raises(CommandError, match=r"no question water.*damage"):
        call_command("train", "--question", "water")


def test_ctrl_c_says_so_and_exits_with_130(arguments, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr("training.fit.logistic_head", interrupt)
    with pytest.raises(CommandError) as raised:
        call_command(*arguments)
    assert raised.value.returncode == 130
    assert ModelRun.objects.get().status == "failed"
