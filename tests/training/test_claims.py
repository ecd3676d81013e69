"""Who works on a training, and what becomes of it when that ends early."""

import os
import signal
import subprocess
import sys

import pytest
from django.db import OperationalError
from django.utils import timezone

from damage.errors import Refused
from damage.work import claims
from damage.work.locks import locked
from training import executor, fit
from training.models import Experiment, ModelRun
from training.services import cancel, request_training, train


@pytest.fixture
def queued(question, towns, training_config):
    return request_training(question, training_config, requested_by=None)


def test_a_training_tells_its_step_and_what_is_left_of_it(queued):
    with claims.carried_out(queued) as report:
        tell = report.step("features")
        tell(0, 40)
        ModelRun.objects.update(step_started_at=timezone.now() - timezone.timedelta(seconds=30))
        tell(40, 40)
        run = ModelRun.objects.get()
        assert (run.status, run.step, run.units_done, run.units_total) == ("running", "features", 40, 40)
        ModelRun.objects.update(units_done=10)
        assert ModelRun.objects.get().seconds_left == pytest.approx(90, abs=1)  # 30 s for 10 of 40


def test_a_cancelled_training_stops_and_leaves_nothing(
    question, towns, training_config, site_admin, data_folder
):
    def cancel_it(done, total):
        run = ModelRun.objects.get()
        if run.can_cancel:
            cancel(run, by=site_admin)

    with pytest.raises(claims.ClaimLost, match="Cancelled by"):
        train(question, training_config, progress=cancel_it)
    run = ModelRun.objects.get()
    assert (run.status, run.claim, run.files.count()) == ("cancelled", "", 0)
    assert not (data_folder / "files" / "models").exists()
    assert not any((data_folder / "training-work").iterdir())


def test_a_training_cancelled_at_its_very_end_is_not_stored(
    question, towns, training_config, site_admin, data_folder, monkeypatch
):
    work_out = fit.fitted

    def cancelled_meanwhile(*args, **kwargs):
        outcome = work_out(*args, **kwargs)
        cancel(ModelRun.objects.get(), by=site_admin)
        return outcome

    monkeypatch.setattr(executor, "fitted", cancelled_meanwhile)
    with pytest.raises(claims.ClaimLost):
        train(question, training_config)
    run = ModelRun.objects.get()
    assert (run.status, run.files.count(), run.metrics) == ("cancelled", 0, {})
    assert not [path for path in (data_folder / "files" / "models").rglob("*") if path.is_file()]
    assert not run.run_crops.exclude(score=None).exists()


def test_a_waiting_training_can_be_cancelled_and_a_settled_one_not(queued, site_admin):
    cancel(queued, by=site_admin)
    assert queued.status == "cancelled"
    with pytest.raises(Refused, match="it is cancelled"):
        cancel(queued, by=site_admin)


def test_a_killed_training_is_marked_failed_with_its_reason(queued, tmp_path):
    claims.claim(queued)
    killed = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from damage.work.locks import locked\n"
            "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)",
            str(claims.folder_of(queued)),
        ],
        stdout=subprocess.PIPE,
    )
    assert killed.stdout.readline() == b"held\n"
    assert claims.record_killed(ModelRun) == []  # it is at work
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert claims.record_killed(ModelRun) == [queued]
    run = ModelRun.objects.get()
    assert (run.status, run.claim) == ("failed", "")
    assert "was killed" in run.error
    assert not claims.folder_of(queued).exists()


def test_the_next_training_marks_those_that_were_killed(question, queued, training_config, shared_training):
    claims.claim(queued)
    with locked(claims.folder_of(queued)):
        pass  # the lock ends with the process
    assert train(question, training_config).status == "done"
    queued.refresh_from_db()
    assert queued.status == "failed"


def test_an_experiment_is_claimed_in_the_same_way(question):
    experiment = Experiment.objects.create(question=question, kind="roc")
    with pytest.raises(ZeroDivisionError), claims.carried_out(experiment):
        1 / 0  # noqa: B018
    experiment.refresh_from_db()
    assert (experiment.status, experiment.error) == ("failed", "ZeroDivisionError: division by zero")


def test_anothers_folder_is_left_alone(queued):
    folder = claims.folder_of(queued)
    with locked(folder):
        (folder / "log").touch()
        with pytest.raises(Refused, match="Another process"), claims.carried_out(queued):
            pytest.fail("it is another's")
        assert (folder / "log").exists()
    queued.refresh_from_db()
    assert queued.status == "failed"


@pytest.mark.django_db(transaction=True)
def test_work_gives_signs_of_life_while_a_step_is_silent(monkeypatch):
    from time import monotonic, sleep

    monkeypatch.setattr(claims, "SECONDS_BETWEEN_HEARTBEATS", 0.02)
    experiment = Experiment.objects.create(kind="roc")
    with claims.carried_out(experiment):
        began_at, deadline = Experiment.objects.get().heartbeat_at, monotonic() + 30
        while Experiment.objects.get().heartbeat_at == began_at:
            assert monotonic() < deadline
            sleep(0.01)
        claims.finish(experiment)
    assert Experiment.objects.get().status == "done"


def test_why_work_failed_is_written_down_once_there_is_room_again(question, monkeypatch):
    write, tried = claims.write, []

    def full_twice(work, **fields):
        if fields.get("status") == "failed" and len(tried) < 2:
            tried.append(fields)
            raise OperationalError("database or disk is full")
        write(work, **fields)

    monkeypatch.setattr(claims, "write", full_twice)
    monkeypatch.setattr(claims, "PAUSES_S", (0.0, 0.0, 0.0))
    experiment = Experiment.objects.create(question=question, kind="roc")
    with pytest.raises(Refused, match="disk is full"), claims.carried_out(experiment):
        raise OSError(28, "No space left on device")
    assert len(tried) == 2
    experiment.refresh_from_db()
    assert experiment.status == "failed"
    assert "disk is full" in str(experiment.error)


def test_looking_at_pages_writes_nothing(site_admin, queued, client):
    claims.claim(queued)
    with locked(claims.folder_of(queued)):
        pass
    client.force_login(site_admin)
    for path in ("/training/", f"/training/runs/{queued.pk}/", "/training/experiments/"):
        client.get(path)
    queued.refresh_from_db()
    assert queued.status == "running"
