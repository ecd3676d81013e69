"""The service: what a prediction stores, and what it leaves when it fails."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pyproj import Transformer

from damage.errors import Refused
from damage.ingestion.lookup import find_scene
from damage.ingestion.models import Scene
from damage.storage import DurableStorage
from prediction import options
from prediction.executor import carry_out
from prediction.models import Detection, PredictionRun
from prediction.postprocess import boxes_above
from prediction.score_rasters import read_score_raster
from prediction.services import predict, request_prediction, rethreshold

# Windows of 32 pixels every 22. The squares at (10, 12) and (160, 100) lie wholly in the windows that start
# at (0, 0) and (154, 88): a quarter of each is red. The small one lies in those that start at (66, 44) and
# (88, 44): a sixteenth, and of the two the western one stays.
BOXES = [[0, 0, 32, 32], [154, 88, 32, 32], [66, 44, 32, 32]]
SCORES = [0.25, 0.25, 0.0625]


def boxes_of(run):
    return [list(row) for row in run.detections.values_list("x_px", "y_px", "width_px", "height_px")]


def stored_files(settings):
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_it_finds_each_painted_square_once(finished_run):
    assert finished_run.status == "done"
    assert sorted(boxes_of(finished_run)) == sorted(BOXES)
    assert [d.score for d in finished_run.detections.all()] == SCORES


def test_by_default_neighbours_that_reach_the_threshold_have_their_boxes_too(
    mosaic, model_run, engine, monkeypatch
):
    """The small square lies in the windows that start at 66 and at 88 alike: 8 px of their 10 in common are red."""
    monkeypatch.setattr("prediction.services.MAX_IOU", options.MAX_IOU)
    run = predict(mosaic, model_run, requested_by=None)
    assert [66, 44, 32, 32] in boxes_of(run)
    assert [88, 44, 32, 32] in boxes_of(run)


def test_it_places_the_boxes_on_the_map(finished_run):
    detection = finished_run.detections.get(x_px=154)
    # The box's centre is (170, 104): 85 m east and 52 m south of the corner.
    lon, lat = Transformer.from_crs(32637, 4326, always_xy=True).transform(300_085, 4_159_948)
    assert (detection.lon, detection.lat) == pytest.approx((lon, lat), abs=1e-7)
    assert detection.address.endswith(", Turkey")


def test_it_records_what_decided_the_result(finished_run):
    assert finished_run.threshold == 0.0625
    assert finished_run.parameters["threshold_from"] == "model"
    layout = finished_run.parameters["plan"]["layout"]
    assert (layout["kind"], layout["grid"]["window_px"], layout["grid"]["stride_px"]) == ("windows", 32, 22)
    assert len(finished_run.result_sha256) == 64
    assert finished_run.parameters["warnings"] == []
    assert finished_run.windows_total == 9 * 7
    assert finished_run.units_done == finished_run.units_total == 200 * 150
    assert finished_run.finished_at >= finished_run.started_at
    assert finished_run.timings_s["all"] > 0


def test_every_score_is_kept_so_that_another_threshold_needs_no_network(finished_run):
    scores, grid = read_score_raster(finished_run.score_file.path)
    boxes, _ = boxes_above(scores, grid, threshold=0.2)
    assert sorted(boxes.tolist()) == sorted(BOXES[:2])


def test_it_writes_the_detections_as_geojson_and_shapefile(finished_run):
    collection = json.loads(finished_run.geojson_file.read())
    assert [feature["properties"]["score"] for feature in collection["features"]] == SCORES
    assert collection["features"][0]["properties"]["scene"] == "painted.tif"
    assert finished_run.shapefile_zip.size > 0


def test_a_given_threshold_overrides_the_models(mosaic, model_run, engine):
    run = predict(mosaic, model_run, requested_by=None, threshold=0.2)
    assert sorted(boxes_of(run)) == sorted(BOXES[:2])
    assert run.parameters["threshold_from"] == "person"


def test_rows_go_below_the_threshold_and_files_do_not(mosaic, model_run, engine):
    run = predict(mosaic, model_run, requested_by=None, threshold=0.3)
    assert run.parameters["least_kept_score"] == 0.1
    assert sorted(boxes_of(run)) == sorted(BOXES[:2])  # the small square scores less than 0.1
    assert run.found().count() == 0
    assert json.loads(run.geojson_file.read())["features"] == []


def test_a_second_run_replaces_nothing(finished_run, mosaic, model_run):
    again = predict(mosaic, model_run, requested_by=None)
    assert again.pk != finished_run.pk
    assert PredictionRun.objects.filter(status="done").count() == 2
    assert finished_run.detections.count() == again.detections.count() == 3
    assert again.score_file.name != finished_run.score_file.name


def test_a_mosaic_without_damage_gives_a_finished_run_without_detections(mosaic, model_run, engine):
    run = predict(mosaic, model_run, requested_by=None, threshold=1.0)
    assert run.status == "done"
    assert run.found().count() == 0


def test_an_unreadable_scene_fails_the_run_with_its_reason(mosaic, model_run, engine, settings):
    mosaic.path.unlink()
    with pytest.raises(Refused, match="cannot be read"):
        predict(mosaic, model_run, requested_by=None)
    run = PredictionRun.objects.get()
    assert run.status == "failed"
    assert "painted.tif cannot be read" in run.error
    assert stored_files(settings) == []


def test_ctrl_c_leaves_a_failed_run_and_nothing_else(mosaic, model_run, engine, settings):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict(mosaic, model_run, requested_by=None, progress=interrupt)
    run = PredictionRun.objects.get()
    assert (run.status, run.error) == ("failed", "Interrupted.")
    assert Detection.objects.count() == 0
    assert stored_files(settings) == []


@pytest.mark.parametrize("broken", ["damage.storage.DurableStorage._save", "bulk_create"])
def test_a_failure_while_storing_takes_everything_back(
    mosaic, model_run, engine, settings, monkeypatch, broken
):
    saved = []
    really_save = DurableStorage._save

    def full_disk(self, name, content):
        if len(saved) == 2:
            raise OSError(28, "No space left on device")
        saved.append(really_save(self, name, content))
        return saved[-1]

    def locked(*args, **kwargs):
        raise OSError(28, "No space left on device")

    if broken == "bulk_create":
        monkeypatch.setattr("django.db.models.query.QuerySet.bulk_create", locked)
    else:
        monkeypatch.setattr(broken, full_disk)
    with pytest.raises(Refused, match=r"The disk is full\. Make room"):
        predict(mosaic, model_run, requested_by=None)
    run = PredictionRun.objects.get()
    assert run.status == "failed"
    assert "The disk is full" in run.error
    assert not run.geojson_file
    assert Detection.objects.count() == 0
    assert stored_files(settings) == []


def test_an_unfinished_model_is_refused(mosaic, model_run):
    model_run.status = "failed"
    with pytest.raises(Refused, match="not finished"):
        predict(mosaic, model_run, requested_by=None)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_that_is_no_probability_is_refused(mosaic, model_run, threshold):
    with pytest.raises(Refused, match="between 0 and 1"):
        predict(mosaic, model_run, requested_by=None, threshold=threshold)


def test_a_far_too_coarse_scene_is_refused_before_there_is_a_run(mosaic, model_run):
    mosaic.gsd_m = 5.0
    with pytest.raises(Refused, match=r"5 m per pixel"):
        predict(mosaic, model_run, requested_by=None)
    assert PredictionRun.objects.count() == 0


def test_a_run_is_carried_out_once(finished_run):
    with pytest.raises(Refused, match="not waiting"):
        carry_out([finished_run])
    assert finished_run.detections.count() == 3


def test_a_requested_run_waits_for_the_worker(mosaic, model_run, engine, work, site_admin):
    run = request_prediction(mosaic, model_run, requested_by=site_admin)
    assert run.status == "queued"
    assert run.requested_by == site_admin
    work()
    run.refresh_from_db()
    assert run.status == "done"
    assert run.detections.count() == 3


def test_the_command_reports_what_was_found_as_json(mosaic, model_run, engine):
    out = StringIO()
    call_command("predict", "painted.tif", model=model_run.pk, json=True, stdout=out)
    report = json.loads(out.getvalue())
    assert report["detections"] == 3
    assert report["windows"] == 63
    assert PredictionRun.objects.get(pk=report["prediction_run"]).status == "done"


def test_the_command_says_first_which_run_to_resume(mosaic, model_run, engine):
    err = StringIO()
    call_command("predict", "painted.tif", json=True, stdout=StringIO(), stderr=err)
    assert f"go on with: predict --resume {PredictionRun.objects.get().pk}" in err.getvalue()


def test_the_command_takes_the_questions_current_model(mosaic, model_run, engine):
    out = StringIO()
    call_command("predict", str(mosaic.pk), json=True, stdout=out)
    assert json.loads(out.getvalue())["model_run"] == model_run.pk


def test_the_command_says_when_there_is_no_model(mosaic, question):
    with pytest.raises(CommandError, match="no promoted model"):
        call_command("predict", "painted.tif")


def test_the_command_says_when_there_is_no_such_scene(model_run):
    with pytest.raises(CommandError, match=r"no scene nowhere\.tif"):
        call_command("predict", "nowhere.tif")


def test_a_name_that_two_scenes_share_is_refused_with_their_numbers(mosaic):
    first = mosaic.pk
    mosaic.pk, mosaic.sha256 = None, "b" * 64
    mosaic.save()
    with pytest.raises(Refused, match=rf"{first} \(Practice quake, Altamira\); {mosaic.pk} "):
        find_scene("painted.tif")
    assert find_scene(str(first)) == Scene.objects.get(pk=first)


def test_another_threshold_takes_places_and_files_from_the_scores_alone(finished_run, engine, settings):
    engine.batches.clear()
    files = len(stored_files(settings))
    rethreshold(finished_run, threshold=0.2)
    assert engine.batches == []
    assert finished_run.threshold == 0.2
    assert sorted(boxes_of(finished_run)) == sorted(BOXES[:2])
    collection = json.loads(finished_run.geojson_file.read())
    assert [feature["properties"]["score"] for feature in collection["features"]] == SCORES[:2]
    assert len(stored_files(settings)) == files
    rethreshold(finished_run, threshold=0.05)
    assert sorted(boxes_of(finished_run)) == sorted(BOXES)


def test_a_run_without_scores_has_no_other_threshold(mosaic, model_run, finished_run):
    waiting = request_prediction(mosaic, model_run, requested_by=None)
    with pytest.raises(Refused, match="it is queued"):
        rethreshold(waiting, threshold=0.2)
    with pytest.raises(Refused, match="between 0 and 1"):
        rethreshold(finished_run, threshold=1.2)
    assert finished_run.detections.count() == 3


def test_a_failure_while_deriving_again_leaves_all_as_it_was(finished_run, settings, monkeypatch):
    before = {path: path.read_bytes() for path in stored_files(settings)}

    def locked(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("django.db.models.query.QuerySet.bulk_create", locked)
        with pytest.raises(Refused, match=r"The disk is full\. Make room"):
            rethreshold(finished_run, threshold=0.2)
    run = PredictionRun.objects.get()
    assert (run.threshold, run.detections.count()) == (0.0625, 3)
    assert {path: path.read_bytes() for path in stored_files(settings)} == before


def test_the_command_explains_which_way_it_would_take(mosaic, model_run, engine):
    out = StringIO()
    call_command("predict", "painted.tif", explain=True, json=True, stdout=out)
    told = json.loads(out.getvalue())
    assert told["windows"] == 63
    assert "one window at a time" in told["way"][0]
    assert PredictionRun.objects.count() == 0


def test_the_command_predicts_all_of_a_town(mosaic, model_run, engine):
    first = mosaic.pk
    mosaic.pk, mosaic.sha256, mosaic.name = None, "b" * 64, "second.tif"
    mosaic.save()
    out = StringIO()
    call_command("predict", event=mosaic.town.event.slug, town=mosaic.town.name, json=True, stdout=out)
    runs = json.loads(out.getvalue())["runs"]
    assert [run["scene"] for run in runs] == ["painted.tif", "second.tif"]
    assert PredictionRun.objects.filter(status="done", scene__in=[first, mosaic.pk]).count() == 2


def test_the_command_resumes_cancels_and_derives_again(mosaic, model_run, engine):
    waiting = request_prediction(mosaic, model_run, requested_by=None)
    call_command("predict", cancel=waiting.pk)
    assert PredictionRun.objects.get().error == "Cancelled by the command line."
    call_command("predict", resume=waiting.pk)
    assert PredictionRun.objects.get().status == "done"
    call_command("predict", again=waiting.pk, threshold=0.2)
    assert PredictionRun.objects.get().detections.count() == 2


@pytest.mark.parametrize("wrong", [{}, {"event": "nowhere"}])
def test_the_command_says_when_there_is_nothing_to_predict_on(model_run, wrong):
    with pytest.raises(CommandError, match=r"Say which scenes|no event nowhere"):
        call_command("predict", **wrong)
