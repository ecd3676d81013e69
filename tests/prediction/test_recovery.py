"""What a start of the site finds of processes that were killed: it goes on, is settled, or swept; nothing is lost."""

import pytest
from django.core.files.base import ContentFile
from django_tasks_db.models import DBTaskResult

from damage.errors import Conflict, Refused
from damage.stored_files import NAMES_FILE, work_place
from damage.work import claims
from damage.work.claims import ClaimLost
from damage.work.locks import LOCK_FILE, locked
from prediction import storing
from prediction.models import Detection, PredictionRun
from prediction.recovery import settle_at_start
from prediction.services import predict, predict_all, request_prediction, resume, rethreshold
from prediction.tasks import run_prediction
from training.models import Experiment, ModelRun
from training.recovery import waiting_for_a_worker


@pytest.fixture
def long_ago():
    def age(model, pk):
        model.objects.filter(pk=pk).update(created_at="2020-01-01T00:00:00Z")

    return age


def test_a_run_that_waits_for_nobody_is_queued_again_and_one_with_its_task_is_not(
    mosaic, model_run, long_ago
):
    waits = request_prediction(mosaic, model_run, requested_by=None)
    lost = request_prediction(mosaic, model_run, requested_by=None)
    task = DBTaskResult.objects.get(args_kwargs__args=[lost.pk])
    DBTaskResult.objects.filter(pk=task.pk).update(status="FAILED")  # its worker was killed before it began
    just_asked = PredictionRun.objects.create(scene=mosaic, model_run=model_run, threshold=0.5)
    forgotten = PredictionRun.objects.create(scene=mosaic, model_run=model_run, threshold=0.5)
    long_ago(PredictionRun, forgotten.pk)
    told = settle_at_start()
    assert waiting_for_a_worker(run_prediction) == {waits.pk, lost.pk, forgotten.pk}
    assert len(told) == 2
    assert settle_at_start() == []
    assert PredictionRun.objects.get(pk=just_asked.pk).status == "queued"  # who asked is about to begin


def test_an_experiment_that_nobody_began_has_failed(question, long_ago):
    experiment = Experiment.objects.create(question=question, kind="roc")
    assert settle_at_start() == []
    long_ago(Experiment, experiment.pk)
    assert len(settle_at_start()) == 1
    experiment.refresh_from_db()
    assert (experiment.status, bool(experiment.error)) == ("failed", True)


def test_a_queued_run_can_be_carried_out_here(mosaic, model_run, engine, work):
    run = request_prediction(mosaic, model_run, requested_by=None)
    assert resume(run).status == "done"
    work()  # the task finds it done, and is no failure
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"
    assert PredictionRun.objects.get().attempts == 1


def test_ctrl_c_before_the_work_settles_what_was_queued(mosaic, model_run):
    def interrupt(runs):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict_all([mosaic], model_run, requested_by=None, begun=interrupt)
    run = PredictionRun.objects.get()
    assert (run.status, str(run.error), run.can_continue) == ("failed", "Interrupted.", True)


def test_a_cancelled_run_ends_its_task_without_a_failure(mosaic, model_run, engine, work, monkeypatch):
    request_prediction(mosaic, model_run, requested_by=None)

    def cancelled(*args, **kwargs):
        raise ClaimLost("Cancelled by ana.")

    monkeypatch.setattr("prediction.executor.store", cancelled)
    work()
    assert DBTaskResult.objects.get().status == "SUCCESSFUL"


def test_rows_of_a_look_that_was_never_finished_do_not_show_and_are_swept(mosaic, model_run, engine):
    run = predict(mosaic, model_run, requested_by=None)
    whole = set(run.detections.values_list("pk", flat=True))
    shown = set(run.found().values_list("pk", flat=True))
    row = run.detections.first()
    row.pk, row.look = None, 7
    row.save()
    assert set(run.found().values_list("pk", flat=True)) == shown
    assert row.pk not in Detection.objects.of_finished_runs().values_list("pk", flat=True)
    (counted,) = PredictionRun.objects.with_detection_counts()
    assert counted.detection_count == len(shown)
    settle_at_start()
    assert set(run.detections.values_list("pk", flat=True)) == whole


def test_a_look_that_fails_leaves_the_one_that_was_there(mosaic, model_run, engine, data_folder, monkeypatch):
    run = predict(mosaic, model_run, requested_by=None)
    before = list(run.detections.order_by("pk").values())
    names = sorted(str(path) for path in (data_folder / "files" / "predictions").iterdir())

    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(storing, "_write_finished", fail)
        with pytest.raises(KeyboardInterrupt):
            rethreshold(run, threshold=0.3, max_iou=0.9)
    assert list(run.detections.order_by("pk").values()) == before
    assert sorted(str(path) for path in (data_folder / "files" / "predictions").iterdir()) == names
    run.refresh_from_db()
    rethreshold(run, threshold=0.3, max_iou=0.9)
    assert len(list((data_folder / "files" / "predictions").iterdir())) == len(names)
    assert not any((data_folder / "prediction-work").iterdir())


def test_a_run_is_looked_at_anew_by_one_at_a_time(mosaic, model_run, engine):
    run = predict(mosaic, model_run, requested_by=None)
    with locked(claims.folder_of(run)), pytest.raises(Conflict, match="Another process"):
        rethreshold(run, threshold=0.3)
    stale = PredictionRun.objects.get()
    rethreshold(run, threshold=0.3)
    with pytest.raises(Conflict, match="changed by somebody else"):
        rethreshold(stale, threshold=0.4)
    assert PredictionRun.objects.get().threshold == 0.3


def test_left_over_blocks_and_files_go_and_those_of_runs_that_go_on_stay(
    mosaic, model_run, engine, data_folder
):
    done = predict(mosaic, model_run, requested_by=None)
    stopped = PredictionRun.objects.create(scene=mosaic, model_run=model_run, threshold=0.5, status="failed")
    for pk in (done.pk, stopped.pk, 999):
        (data_folder / "prediction-work" / str(pk)).mkdir(parents=True)
        (data_folder / "prediction-work" / str(pk) / LOCK_FILE).touch()
    score_file, half = done.score_file.name, "predictions/half.tif"
    done.score_file.storage.save(half, ContentFile(b"half"))
    folder = work_place() / "files-killed"
    folder.mkdir(parents=True)
    (folder / LOCK_FILE).touch()
    (folder / NAMES_FILE).write_text(f"{half}\n{score_file}\n")
    (data_folder / "training-work" / "modelrun-1").mkdir(parents=True)
    (data_folder / "training-work" / "modelrun-1" / LOCK_FILE).touch()
    settle_at_start()
    assert [path.name for path in (data_folder / "prediction-work").iterdir()] == [str(stopped.pk)]
    assert not (data_folder / "files" / half).exists()
    assert (data_folder / "files" / score_file).exists()
    assert not any((data_folder / "training-work").iterdir())
    assert not any(work_place().iterdir())


def test_a_training_whose_crops_were_still_being_written_is_not_begun(question, model_run):
    run = ModelRun.objects.create(question=question, status="failed", error="killed")
    settle_at_start()
    run.refresh_from_db()
    assert run.status == "failed"


def test_a_queued_training_is_refused_where_a_stale_process_holds_it(mosaic, model_run, engine):
    run = request_prediction(mosaic, model_run, requested_by=None)
    with locked(claims.folder_of(run)), pytest.raises(Refused, match="Another process"):
        resume(run)
    assert (claims.folder_of(run) / LOCK_FILE).exists()
