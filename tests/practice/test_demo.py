"""The demo, on a coarse event and with a network whose answer is how rough the ground is."""

import json

import numpy as np
import pytest
from django.contrib.auth import authenticate
from django.core.management import call_command

from damage.accounts.models import Role, User
from damage.ingestion.models import Scene
from damage.practice import demo as demo_module
from damage.practice.demo import Demo, run_demo
from prediction.models import PredictionRun
from tagging.models import Crop, Tag
from tagging.services import record_tag
from training.models import ModelRun
from training.networks.asynchronous import Immediate

GSD_M = 0.2


def roughness(windows):
    """Scores (N, 1) of windows: how much their pixels differ from their neighbours."""
    grey = windows.astype(np.float32).mean(axis=3)
    return np.clip(np.abs(np.diff(grey, axis=2)).mean(axis=(1, 2)) / 40, 0, 1)[:, None]


class Rough:
    """The stand-in network as an engine."""

    input_size_px = 32

    def scores(self, windows):
        return roughness(windows)[:, 0]


@pytest.fixture
def trained(question, monkeypatch):
    """Trainings asked for; each is finished at once."""
    asked = []

    def train(question, training_config, *, requested_by, progress):
        asked.append(training_config)
        measured = {"auc": 0.9, "balanced_accuracy": 0.8, "precision": 0.7, "recall": 0.6}
        return ModelRun.objects.create(
            question=question, status="done", backbone="roughness", window_px=75, window_m=15.0,
            threshold=0.2, metrics={"validation": measured},
            parameters={"network": {"window_px": 32, "is_dense": False}},
        )  # fmt: skip

    monkeypatch.setattr(demo_module, "train", train)
    monkeypatch.setattr("training.inference.load_engine", lambda model_run: Rough())
    monkeypatch.setattr("prediction.blocks.open_network", lambda *args, **kwargs: Immediate(roughness))
    monkeypatch.setattr("prediction.plan_of_run.model_content", lambda model_run, engine: b"roughness")
    return asked


@pytest.fixture
def drawn(small_demo_folder, data_folder):
    """The event drawn beforehand: all tests may use one drawing."""
    data_folder.mkdir(parents=True, exist_ok=True)
    (data_folder / "practice").symlink_to(small_demo_folder)


def test_the_demo_ingests_tags_trains_predicts_and_compares(trained, drawn, data_folder):
    summary = run_demo(Demo())
    assert (summary["photos"], summary["mosaics"]) == (6, 4)
    assert Scene.objects.count() == 10
    first, second, held_out = summary["towns"]
    assert [(one.train_towns, one.validation_towns) for one in trained] == [
        ([f"{summary['event']}/{first}"], [f"{summary['event']}/{second}"])
    ]
    assert not Crop.objects.filter(town__name=held_out).exists()
    assert {"positive", "negative", "unsure"} == set(Tag.objects.values_list("answer", flat=True))
    after, before = summary["maps"]
    assert sum(after["present"].values()) >= 2
    assert sum(before["present"].values()) == 0
    assert PredictionRun.objects.filter(status="done", scene__town__name=held_out).count() == 2


def test_accounts_of_each_role_can_log_in_and_only_their_owner_reads_the_passwords(
    trained, drawn, data_folder
):
    run_demo(Demo())
    path = data_folder / "demo-accounts.json"
    assert path.stat().st_mode & 0o777 == 0o600
    accounts = json.loads(path.read_text())
    assert [one["role"] for one in accounts] == list(Role.values)
    for one in accounts:
        person = authenticate(username=one["username"], password=one["password"])
        assert person.role == one["role"]
    assert not User.objects.get(username="practice-careless-1").has_usable_password()


def test_a_second_run_does_nothing_again_and_keeps_what_people_did(trained, drawn, data_folder, question):
    summary = run_demo(Demo())
    person = User.objects.get(username="volunteer")
    scene = Scene.objects.get(pk=summary["maps"][0]["scene"])
    record_tag(tagger=person, question=question, scene=scene, x_px=90, y_px=90, size_px=75, answer="unsure")
    Tag.objects.filter(tagger__username="practice-careful-1").first().delete()
    count = Tag.objects.count()
    passwords = (data_folder / "demo-accounts.json").read_text()
    assert run_demo(Demo()) == summary
    assert (Tag.objects.count(), len(trained), PredictionRun.objects.count()) == (count, 1, 2)
    assert (data_folder / "demo-accounts.json").read_text() == passwords


def test_an_interrupted_demo_goes_on_where_it_was(trained, drawn, monkeypatch):
    tags = []

    def interrupted(**given):
        if len(tags) == 10:
            raise KeyboardInterrupt
        tags.append(record_tag(**given))

    monkeypatch.setattr(demo_module, "record_tag", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_demo(Demo())
    assert Tag.objects.count() == 10
    monkeypatch.setattr(demo_module, "record_tag", record_tag)
    summary = run_demo(Demo())
    assert summary["tags"] == Tag.objects.count()
    assert set(Tag.objects.values_list("pk", flat=True)) >= {one.pk for one in tags}
    assert Scene.objects.count() == 10


def test_an_account_that_is_there_keeps_its_password(trained, drawn, data_folder, db):
    User.objects.create_user("admin", password="chosen-by-hand", role=Role.ADMIN)
    run_demo(Demo())
    assert authenticate(username="admin", password="chosen-by-hand")
    names = [one["username"] for one in json.loads((data_folder / "demo-accounts.json").read_text())]
    assert "admin" not in names


def test_the_command_prints_json_or_a_table(trained, drawn, capsys):
    call_command("demo", "--json")
    summary = json.loads(capsys.readouterr().out)
    assert summary["ok"] is True
    call_command("demo")
    table = capsys.readouterr().out
    assert "precision" in table
    assert summary["maps"][0]["geojson"] in table
