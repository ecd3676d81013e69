"""Predictions that are killed, cancelled, claimed twice or out of disk: they go on, and end with the same digest."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from random import Random

import pytest

from damage.data_folder import DATABASE_FILE
from damage.environment import BASE_DIR
from damage.errors import Refused
from damage.work import claims
from damage.work.locks import is_free, locked
from prediction import executor
from prediction.blocks import Inline, outcomes
from prediction.journal import Journal
from prediction.lookup import find_run
from prediction.models import Detection, PredictionRun
from prediction.services import (
    cancel,
    continue_abandoned,
    predict,
    predict_all,
    request_prediction,
    resume,
)


def process(folder, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "tests.prediction.killable", str(folder), *arguments],
        cwd=BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finished(started):
    out, err = started.communicate(timeout=120)
    assert started.returncode == 0, err
    return out


def settled_blocks(folder, run):
    return len(list((folder / "prediction-work" / str(run)).glob("block-*.npy")))


def killed_with(folder, run, started, *, blocks):
    """Wait until so many blocks are settled, and kill the process with a signal that it cannot refuse."""
    deadline = time.monotonic() + 60
    while settled_blocks(folder, run) < blocks:
        assert started.poll() is None, started.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.002)
    os.kill(started.pid, signal.SIGKILL)
    started.communicate()
    assert settled_blocks(folder, run) < 100


def test_a_run_killed_at_random_moments_ends_with_the_digest_of_one_that_was_not(tmp_path, migrated_sqlite):
    shutil.copyfile(migrated_sqlite, tmp_path / DATABASE_FILE)
    finished(process(tmp_path, "prepare"))
    whole = json.loads(finished(process(tmp_path, "predict", "noise.tif")))
    random = Random(11)
    settled = 0
    for attempt in range(3):
        how = ["predict", "noise.tif"] if attempt == 0 else ["predict", "--resume", "2"]
        settled += random.randrange(1, 20)
        killed_with(tmp_path, 2, process(tmp_path, *how), blocks=settled)
        with sqlite3.connect(tmp_path / "damage.sqlite3") as database:
            row = database.execute(
                "select status, attempts, score_file from prediction_predictionrun where id = 2"
            )
            assert row.fetchone() == ("running", attempt + 1, "")
            assert database.execute(
                "select count(*) from prediction_detection where run_id = 2"
            ).fetchone() == (0,)
        settled = settled_blocks(tmp_path, 2)
    resumed = json.loads(finished(process(tmp_path, "predict", "--resume=2")))
    assert resumed["result_sha256"] == whole["result_sha256"]
    assert resumed["detections"] == whole["detections"] > 0
    assert not (tmp_path / "prediction-work" / "2").exists()
    with sqlite3.connect(tmp_path / "damage.sqlite3") as database:
        rows = "select x_px, y_px, score from prediction_detection where run_id = {} order by 1, 2"
        assert database.execute(rows.format(1)).fetchall() == database.execute(rows.format(2)).fetchall()


@pytest.fixture
def often(monkeypatch):
    """Tell the row after every block."""
    monkeypatch.setattr(executor, "SECONDS_BETWEEN_REPORTS", 0.0)


@pytest.fixture
def in_blocks(monkeypatch):
    """Many small blocks."""
    monkeypatch.setattr("prediction.layouts.WindowLayout.blocks", _one_window_each)


def _one_window_each(self):
    from prediction.layouts import _blocks

    return list(_blocks(self.shape, 1, whole_rows=False))


def after(share, do):
    """A progress that does something once, when so much is done."""
    called = []

    def progress(done, total):
        if done >= share * total and not called:
            called.append(done)
            do()

    return progress


@pytest.mark.usefixtures("often", "in_blocks")
def test_a_cancelled_run_stops_keeps_what_it_has_and_goes_on(mosaic, model_run, engine, analyst):
    whole = predict(mosaic, model_run, requested_by=None)
    engine.batches.clear()
    stop = after(0.5, lambda: cancel(PredictionRun.objects.latest("id"), by=analyst))
    with pytest.raises(Refused, match="Cancelled by"):
        predict(mosaic, model_run, requested_by=None, progress=stop)
    run = PredictionRun.objects.latest("id")
    assert run.status == "cancelled"
    assert 0.5 <= run.units_done / run.units_total < 0.7
    assert not run.score_file
    assert run.detections.count() == 0
    asked_before = len(engine.batches)
    assert asked_before < 63

    resume(run)
    assert (run.status, run.attempts, run.error) == ("done", 2, "")
    assert run.pixels_done_before >= run.units_total / 2
    assert run.result_sha256 == whole.result_sha256
    assert len(engine.batches) < 63 + 8  # but for those on their way when it stopped, each window once


@pytest.mark.usefixtures("often", "in_blocks")
def test_a_run_that_somebody_else_has_claimed_writes_nothing_more(mosaic, model_run, engine, settings):
    def claim_by_another():
        PredictionRun.objects.update(claim="another", units_done=7)

    with pytest.raises(claims.ClaimLost, match="somebody else"):
        predict(mosaic, model_run, requested_by=None, progress=after(0.3, claim_by_another))
    run = PredictionRun.objects.get()
    assert (run.status, run.claim, run.units_done, run.error) == ("running", "another", 7, "")
    assert not run.score_file
    assert Detection.objects.count() == 0


def test_of_two_workers_one_gets_the_run(mosaic, model_run):
    run = request_prediction(mosaic, model_run, requested_by=None)
    one, other = (PredictionRun.objects.get(pk=run.pk) for _ in range(2))
    claims.claim(one)
    with pytest.raises(Refused, match="not waiting"):
        claims.claim(other)
    with pytest.raises(claims.ClaimLost):
        claims.write(other, units_done=5)
    claims.write(one, units_done=9)
    assert PredictionRun.objects.get(pk=run.pk).units_done == 9


def test_a_run_whose_folder_another_process_holds_is_not_begun(mosaic, model_run, engine):
    run = request_prediction(mosaic, model_run, requested_by=None)
    with locked(claims.folder_of(run)) as mine:
        assert mine
        with pytest.raises(Refused, match="Another process"):
            executor.carry_out([run], runner=Inline())
    assert engine.batches == []


def test_a_run_at_work_is_neither_resumed_nor_taken_for_dead(mosaic, model_run, engine):
    run = request_prediction(mosaic, model_run, requested_by=None)
    claims.claim(run)
    with locked(claims.folder_of(run)):
        assert continue_abandoned() == []
        with pytest.raises(Refused, match="it is running"):
            resume(PredictionRun.objects.get(pk=run.pk))


def test_after_a_power_cut_runs_go_on_but_not_for_ever(mosaic, model_run, engine, work):
    run = request_prediction(mosaic, model_run, requested_by=None)
    claims.claim(run)
    with locked(claims.folder_of(run)):
        pass  # the lock ends with the process
    assert continue_abandoned() == [run]
    assert PredictionRun.objects.get().status == "queued"
    PredictionRun.objects.update(status="running", claim="gone", attempts=3)
    assert continue_abandoned() == []
    run = PredictionRun.objects.get()
    assert (run.status, run.can_continue) == ("failed", True)
    assert "was killed" in run.error


@pytest.mark.usefixtures("in_blocks")
def test_a_full_disk_fails_the_run_which_goes_on_when_there_is_room(mosaic, model_run, engine, monkeypatch):
    keep, kept = Journal.keep, []

    def full(self, index, values):
        if len(kept) == 20:
            raise OSError(28, "No space left on device")
        kept.append(index)
        keep(self, index, values)

    with monkeypatch.context() as disk:
        disk.setattr(Journal, "keep", full)
        with pytest.raises(Refused, match=r"The disk is full\. Make room on the disk of"):
            predict(mosaic, model_run, requested_by=None)
    run = PredictionRun.objects.get()
    assert run.status == "failed"
    assert "The disk is full" in run.error
    assert resume(run).status == "done"
    assert run.detections.count() == 3


def test_a_damaged_block_is_done_again(tmp_path):
    import numpy as np

    journal = Journal(tmp_path, "plan")
    values = np.array([[0.5, np.nan]], np.float32)
    journal.keep(3, values)
    assert np.array_equal(journal.kept(3, (1, 2)), values, equal_nan=True)
    assert journal.kept(4, (1, 2)) is None
    assert journal.kept(3, (2, 2)) is None
    (block,) = tmp_path.glob("block-*")
    for content in (b"", block.read_bytes()[:-2], b"\x80\x04."):
        block.write_bytes(content)
        assert Journal(tmp_path, "plan").kept(3, (1, 2)) is None


def test_blocks_of_another_plan_are_forgotten(tmp_path):
    import numpy as np

    Journal(tmp_path, "plan").keep(0, np.zeros((1, 1), np.float32))
    assert Journal(tmp_path, "plan").kept(0, (1, 1)) is not None
    assert Journal(tmp_path, "another").kept(0, (1, 1)) is None


def test_a_lock_is_free_when_its_holder_is_gone(tmp_path):
    assert is_free(tmp_path / "nothing") is None
    with locked(tmp_path):
        assert is_free(tmp_path) is False
    assert is_free(tmp_path) is True


def test_one_broken_scene_does_not_stop_the_others(mosaic, model_run, engine):
    first = mosaic.pk
    mosaic.pk, mosaic.sha256, mosaic.in_place_path = None, "b" * 64, mosaic.in_place_path + ".gone"
    mosaic.save()
    from damage.ingestion.models import Scene

    with pytest.raises(Refused, match="cannot be read"):
        predict_all([mosaic, Scene.objects.get(pk=first)], model_run, requested_by=None)
    assert list(PredictionRun.objects.order_by("pk").values_list("status", flat=True)) == ["failed", "done"]


def test_several_scenes_are_one_queue_with_one_progress(mosaic, model_run, engine):
    from damage.ingestion.models import Scene

    first = mosaic.pk
    mosaic.pk, mosaic.sha256 = None, "b" * 64
    mosaic.save()
    told, queues = [], []

    class Counted(Inline):
        def outcomes(self, jobs, models):
            queues.append(len(models))
            return outcomes(jobs, models)

    runs = [
        request_prediction(scene, model_run, requested_by=None)
        for scene in (Scene.objects.get(pk=first), mosaic)
    ]
    executor.carry_out(runs, runner=Counted(), progress=lambda done, total: told.append((done, total)))
    assert queues == [1]  # the same model once
    assert told[0] == (0, 2 * 200 * 150)
    assert told[-1] == (2 * 200 * 150, 2 * 200 * 150)
    assert {find_run(run.pk).result_sha256 for run in runs} == {find_run(runs[0].pk).result_sha256}


def test_a_model_that_is_not_the_one_that_was_trained_fails_the_run_with_its_reason(
    mosaic, model_run, engine, monkeypatch
):
    from training.inference import model_content

    monkeypatch.setattr("prediction.plan_of_run.model_content", model_content)  # there are no files
    with pytest.raises(Refused, match="no files to predict with"):
        predict(mosaic, model_run, requested_by=None)
    run = PredictionRun.objects.get()
    assert (run.status, run.can_continue) == ("failed", True)
    assert "no files to predict with" in run.error
    assert engine.batches == []


def test_a_run_that_another_worker_has_does_not_stop_the_others(mosaic, model_run, engine):
    taken, free = (request_prediction(mosaic, model_run, requested_by=None) for _ in range(2))
    claims.claim(PredictionRun.objects.get(pk=taken.pk))
    with pytest.raises(Refused, match="not waiting"):
        executor.carry_out([taken, free], runner=Inline())
    assert (find_run(taken.pk).status, find_run(free.pk).status) == ("running", "done")
