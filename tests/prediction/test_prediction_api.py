"""Runs and detections through the API: who sees them, how they are filtered and cut into pages."""

import math
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from django.db import connection
from django.db.models import JSONField
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from prediction.heat_tiles import coloured
from prediction.models import Detection, PredictionRun
from prediction.services import request_prediction
from prediction.thumbnails import thumbnail_square

RUNS, DETECTIONS = "/api/v1/prediction-runs/", "/api/v1/detections/"


@pytest.fixture
def analysts_api(api, analyst):
    api.force_authenticate(analyst)
    return api


@pytest.fixture
def admins_api(api, site_admin):
    api.force_authenticate(site_admin)
    return api


def heat_tile_of(run):
    """The address of the heat tile, at level 16, in which the run's scene lies."""
    tile = mercantile_tile(*run.detections.values_list("lon", "lat")[0], 16)
    return f"{RUNS}{run.pk}/heat-tiles/16/{tile[0]}/{tile[1]}.webp"


def mercantile_tile(lon, lat, z):
    """Column and row of a web-mercator tile, as OpenStreetMap's wiki works them out."""
    radians = math.radians(lat)
    x = (lon + 180) / 360 * 2**z
    y = (1 - math.asinh(math.tan(radians)) / math.pi) / 2 * 2**z
    return int(x), int(y)


def addresses_of(run):
    detection = run.detections.first()
    return [
        RUNS, f"{RUNS}{run.pk}/", DETECTIONS, f"{DETECTIONS}{detection.pk}/",
        f"{DETECTIONS}{detection.pk}/thumbnail.jpg", f"{RUNS}{run.pk}/export.geojson",
        f"{RUNS}{run.pk}/export.zip", heat_tile_of(run),
    ]  # fmt: skip


def test_visitors_see_no_predicted_damage(api, finished_run):
    assert {api.get(address).status_code for address in addresses_of(finished_run)} == {401}


@pytest.mark.parametrize("person", ["volunteer", "verifier"])
def test_volunteers_and_verifiers_see_no_predicted_damage(api, finished_run, person, request):
    api.force_authenticate(request.getfixturevalue(person))
    assert {api.get(address).status_code for address in addresses_of(finished_run)} == {403}


@pytest.mark.parametrize("person", ["analyst", "site_admin"])
def test_analysts_and_admins_see_it(api, finished_run, person, request):
    api.force_authenticate(request.getfixturevalue(person))
    assert {api.get(address).status_code for address in addresses_of(finished_run)} == {200}


def test_analysts_do_not_start_predictions(analysts_api, mosaic, model_run):
    answer = analysts_api.post(RUNS, {"scene": mosaic.pk, "model_run": model_run.pk})
    assert answer.status_code == 403
    assert PredictionRun.objects.count() == 0


def test_an_admin_asks_for_a_run_and_a_worker_carries_it_out(
    admins_api, mosaic, model_run, engine, work, site_admin
):
    answer = admins_api.post(RUNS, {"scene": mosaic.pk, "model_run": model_run.pk, "threshold": 0.2})
    assert answer.status_code == 202
    assert answer.data["status"] == "queued"
    assert answer.data["threshold"] == 0.2
    assert answer.data["geojson_url"] is None
    work()
    row = admins_api.get(f"{RUNS}{answer.data['id']}/").data
    assert (row["status"], row["detection_count"], row["pixels_done"]) == ("done", 2, 30_000)
    assert PredictionRun.objects.get().requested_by == site_admin


def test_an_impossible_request_says_why(admins_api, mosaic, model_run):
    mosaic.gsd_m = 5.0
    mosaic.save()
    answer = admins_api.post(RUNS, {"scene": mosaic.pk, "model_run": model_run.pk})
    assert answer.status_code == 400
    assert "5 m per pixel" in answer.data["detail"]
    assert admins_api.post(RUNS, {"scene": 99, "model_run": model_run.pk}).status_code == 400
    too_high = {"scene": mosaic.pk, "model_run": model_run.pk, "threshold": 1.5}
    assert "threshold" in admins_api.post(RUNS, too_high).data


def test_a_run_says_where_it_belongs_and_where_its_files_are(analysts_api, finished_run, town):
    row = analysts_api.get(RUNS).data["results"][0]
    assert row["scene_name"] == "painted.tif"
    assert (row["town"], row["town_name"]) == (town.pk, "Altamira")
    assert (row["event"], row["event_name"]) == (town.event_id, "Practice quake")
    assert row["detection_count"] == 3
    assert row["geojson_url"] == f"{RUNS}{finished_run.pk}/export.geojson"
    assert row["shapefile_url"] == f"{RUNS}{finished_run.pk}/export.zip"


def test_runs_are_filtered_by_place_and_state(analysts_api, finished_run, town):
    def count(**filters):
        return analysts_api.get(RUNS, filters).data["count"]

    assert count(scene=finished_run.scene_id) == count(town=town.pk) == count(event=town.event_id) == 1
    assert count(status="done") == 1
    assert count(status="failed") == 0
    assert analysts_api.get(RUNS, {"town": 999}).status_code == 400


def test_detections_are_a_geojson_collection_with_the_best_first(analysts_api, finished_run):
    answer = analysts_api.get(DETECTIONS, {"run": finished_run.pk})
    body = answer.json()
    assert (body["type"], body["count"], body["next"], body["previous"]) == (
        "FeatureCollection",
        3,
        None,
        None,
    )
    feature = body["features"][2]
    small = Detection.objects.get(x_px=66)
    assert feature["id"] == feature["properties"]["id"] == small.pk
    assert feature["geometry"] == {"type": "Point", "coordinates": [small.lon, small.lat]}
    properties = feature["properties"]
    assert (properties["score"], properties["run"]) == (0.0625, finished_run.pk)
    assert (properties["x_px"], properties["y_px"]) == (66, 44)
    assert (properties["width_px"], properties["height_px"]) == (32, 32)
    assert properties["address"] == small.address
    assert properties["thumbnail"] == f"{DETECTIONS}{small.pk}/thumbnail.jpg"
    ring = np.array(properties["box_4326"])
    assert ring.shape == (5, 2)
    assert ring[:4].mean(axis=0) == pytest.approx([small.lon, small.lat], abs=1e-6)


def test_geojson_can_be_asked_for_by_its_media_type(analysts_api, finished_run):
    answer = analysts_api.get(DETECTIONS, headers={"accept": "application/geo+json"})
    assert answer["Content-Type"].startswith("application/geo+json")
    assert answer.json()["count"] == 3


def test_detections_are_cut_into_pages(analysts_api, finished_run):
    first = analysts_api.get(DETECTIONS, {"page_size": 2}).json()
    assert len(first["features"]) == 2
    second = analysts_api.get(first["next"]).json()
    assert len(second["features"]) == 1
    assert second["next"] is None


def test_detections_are_filtered_by_box_and_score(analysts_api, finished_run):
    west, middle, east = finished_run.detections.order_by("lon")

    def found(**filters):
        return [f["id"] for f in analysts_api.get(DETECTIONS, filters).json()["features"]]

    around = f"{middle.lon - 1e-5},{middle.lat - 1e-5},{middle.lon + 1e-5},{middle.lat + 1e-5}"
    assert found(bbox=around) == [middle.pk]
    assert found(bbox=around, min_score=0.2) == []
    assert set(found(min_score=0.2)) == {west.pk, east.pk}
    assert set(found(bbox=f"{middle.lon + 1e-5},-90,{middle.lon - 1e-5},90")) == {west.pk, east.pk}


def test_a_list_keeps_to_the_runs_threshold_unless_a_lower_score_is_asked_for(analysts_api, finished_run):
    finished_run.threshold = 0.2
    finished_run.save()
    assert analysts_api.get(DETECTIONS).json()["count"] == 2
    assert analysts_api.get(RUNS).data["results"][0]["detection_count"] == 2
    assert analysts_api.get(DETECTIONS, {"min_score": 0.05}).json()["count"] == 3
    below = finished_run.detections.get(x_px=66)
    assert analysts_api.get(f"{DETECTIONS}{below.pk}/").status_code == 200


@pytest.mark.parametrize(
    ("bbox", "complaint"),
    [
        ("1,2,3", "four numbers"),
        ("a,b,c,d", "four numbers"),
        ("nan,0,1,1", "finite"),
        ("-181,0,1,1", "Longitudes go"),
        ("0,0,1,91", "Longitudes go"),
        ("0,2,1,1", "South lies above north"),
    ],
)
def test_a_bad_box_is_explained(analysts_api, bbox, complaint):
    answer = analysts_api.get(DETECTIONS, {"bbox": bbox})
    assert answer.status_code == 400
    assert complaint in str(answer.data["bbox"][0])


@pytest.mark.parametrize("filters", [{"min_score": 2}, {"min_score": "x"}, {"run": 999}])
def test_other_bad_filters_are_refused_too(analysts_api, filters):
    assert analysts_api.get(DETECTIONS, filters).status_code == 400


@pytest.mark.parametrize("status", ["running", "failed", "queued"])
def test_detections_of_unfinished_runs_are_not_shown(analysts_api, finished_run, status):
    finished_run.status = status
    finished_run.save()
    assert analysts_api.get(DETECTIONS).json()["count"] == 0
    detection = finished_run.detections.first()
    assert analysts_api.get(f"{DETECTIONS}{detection.pk}/thumbnail.jpg").status_code == 404


@pytest.mark.parametrize("copies", [1, 30])
def test_lists_take_the_same_few_queries_however_long(
    analysts_api, finished_run, mosaic, model_run, copies, django_assert_num_queries
):
    PredictionRun.objects.bulk_create(
        PredictionRun(scene=mosaic, model_run=model_run, threshold=0.5) for _ in range(copies)
    )
    Detection.objects.bulk_create(
        Detection(run=finished_run, x_px=0, y_px=0, width_px=9, height_px=9, lon=0, lat=0, score=0.5)
        for _ in range(copies)
    )
    with django_assert_num_queries(2):  # count, rows
        analysts_api.get(RUNS)
    with django_assert_num_queries(4):  # count, rows, their runs, the runs' scenes
        analysts_api.get(DETECTIONS)


def test_a_list_of_detections_reads_each_scene_once(analysts_api, finished_run, monkeypatch):
    Detection.objects.bulk_create(
        Detection(
            run=finished_run,
            look=finished_run.look,
            x_px=0,
            y_px=0,
            width_px=9,
            height_px=9,
            lon=0,
            lat=0,
            score=0.9,
        )
        for _ in range(30)
    )
    read = []
    parse = JSONField.from_db_value

    def counted(field, value, *rest):
        read.append(field.name)
        return parse(field, value, *rest)

    monkeypatch.setattr(JSONField, "from_db_value", counted)
    with CaptureQueriesContext(connection) as asked:
        rows = analysts_api.get(DETECTIONS).json()["features"]
    assert len(rows) > 30
    assert all(row["properties"]["box_4326"] for row in rows)
    assert read == ["transform", "ground_corners_4326"]
    assert not any("footprint_4326" in query["sql"] for query in asked)


def test_the_lists_of_runs_leave_out_what_is_long(analysts_api, finished_run, client, analyst):
    with CaptureQueriesContext(connection) as asked:
        (row,) = analysts_api.get(RUNS).json()["results"]
    assert row["heat_tiles"]
    assert not any('"footprint_4326"' in query["sql"] or '"transform"' in query["sql"] for query in asked)
    with CaptureQueriesContext(connection) as asked:
        client.force_login(analyst)
        assert client.get(reverse("prediction-runs")).status_code == 200
    assert not any('"metrics"' in query["sql"] for query in asked)


def test_a_thumbnail_shows_the_place_with_its_surroundings(
    analysts_api, finished_run, django_assert_num_queries
):
    detection = finished_run.detections.get(x_px=154)
    with django_assert_num_queries(1):
        answer = analysts_api.get(f"{DETECTIONS}{detection.pk}/thumbnail.jpg")
    assert answer["Content-Type"] == "image/jpeg"
    assert "private" in answer["Cache-Control"]
    picture = np.asarray(Image.open(BytesIO(answer.content)))
    # 32 * 1.5 pixels; the box's centre is (170, 104), so the square spans 146..194 and 80..128.
    assert picture.shape == (48, 48, 3)
    red, green, _ = picture[104 - 80 + 4, 170 - 146 - 2]
    assert red > 200 > 60 > green


@pytest.mark.parametrize(
    ("box", "square"),
    [
        ((0, 0, 32, 32), (0, 0, 48)),  # shifted in at the corner
        ((168, 118, 32, 32), (152, 102, 48)),
        ((84, 60, 32, 32), (76, 52, 48)),  # 8 pixels on each side
        ((0, 0, 200, 150), (25, 0, 150)),  # as large as the scene allows
    ],
)
def test_thumbnails_stay_inside_the_scene(box, square):
    assert thumbnail_square(box, scene_width_px=200, scene_height_px=150) == square


@pytest.mark.parametrize(
    ("name", "media_type"), [("export.geojson", "application/geo+json"), ("export.zip", "application/zip")]
)
def test_exports_are_attachments(analysts_api, finished_run, name, media_type):
    answer = analysts_api.get(f"{RUNS}{finished_run.pk}/{name}")
    assert answer["Content-Type"] == media_type
    suffix = name.split(".")[1]
    expected = f'attachment; filename="damage-prediction-{finished_run.pk}.{suffix}"'
    assert answer["Content-Disposition"] == expected
    assert b"".join(answer.streaming_content)


def test_an_unfinished_run_has_no_exports(analysts_api, mosaic, model_run):
    run = PredictionRun.objects.create(scene=mosaic, model_run=model_run, threshold=0.5)
    assert analysts_api.get(f"{RUNS}{run.pk}/export.geojson").status_code == 404


def test_the_administration_shows_rows_and_changes_none(client, finished_run, site_admin):
    client.force_login(site_admin)
    assert client.get("/admin/prediction/predictionrun/").status_code == 200
    assert client.get("/admin/prediction/detection/").status_code == 200
    assert client.get(f"/admin/prediction/predictionrun/{finished_run.pk}/change/").status_code == 200
    assert client.post(f"/admin/prediction/predictionrun/{finished_run.pk}/delete/").status_code == 403
    assert client.get("/admin/prediction/detection/add/").status_code == 403


def test_an_admin_cancels_a_waiting_run_and_lets_it_go_on(admins_api, mosaic, model_run, engine, work):
    run = request_prediction(mosaic, model_run, requested_by=None)
    row = admins_api.post(f"{RUNS}{run.pk}/cancel/").json()
    assert (row["status"], row["error"]) == ("cancelled", "Cancelled by adela.")
    assert (row["can_cancel"], row["can_continue"]) == (False, True)
    assert admins_api.post(f"{RUNS}{run.pk}/cancel/").status_code == 400
    row = admins_api.post(f"{RUNS}{run.pk}/continue/").json()
    assert (row["status"], row["error"]) == ("queued", "")
    work()
    assert PredictionRun.objects.get(pk=run.pk).status == "done"


@pytest.mark.parametrize("action", ["cancel", "continue"])
def test_analysts_neither_cancel_nor_continue(analysts_api, mosaic, model_run, action):
    run = request_prediction(mosaic, model_run, requested_by=None)
    assert analysts_api.post(f"{RUNS}{run.pk}/{action}/").status_code == 403
    assert PredictionRun.objects.get(pk=run.pk).status == "queued"


def test_speed_and_time_left_follow_from_the_present_attempt(admins_api, mosaic, model_run):
    run = request_prediction(mosaic, model_run, requested_by=None)
    began = datetime.now(UTC) - timedelta(seconds=4)
    PredictionRun.objects.filter(pk=run.pk).update(
        status="running", started_at=began, heartbeat_at=began + timedelta(seconds=4),
        pixels_done_before=10_000_000, units_done=90_000_000, units_total=190_000_000,
    )  # fmt: skip
    row = admins_api.get(f"{RUNS}{run.pk}/").json()
    assert (row["speed_mpx_s"], row["seconds_left"]) == (20.0, 5.0)


def test_heat_tiles_show_scores_as_colours_and_nothing_beyond(analysts_api, finished_run):
    row = analysts_api.get(f"{RUNS}{finished_run.pk}/").json()
    assert row["heat_tiles"] == f"/api/v1/prediction-runs/{finished_run.pk}/heat-tiles/{{z}}/{{x}}/{{y}}.webp"
    answer = analysts_api.get(heat_tile_of(finished_run))
    assert answer["Content-Type"] == "image/webp"
    assert "private" in answer["Cache-Control"]
    with Image.open(BytesIO(answer.content)) as tile:
        assert (tile.size, tile.mode) == ((256, 256), "RGBA")
        assert tile.getchannel("A").getextrema()[0] == 0  # the scene does not fill the tile
    assert analysts_api.get(f"{RUNS}{finished_run.pk}/heat-tiles/16/0/0.webp").status_code == 404


def test_a_run_without_a_heat_map_has_no_tiles(analysts_api, mosaic, model_run):
    run = request_prediction(mosaic, model_run, requested_by=None)
    assert analysts_api.get(f"{RUNS}{run.pk}/").json()["heat_tiles"] is None
    assert analysts_api.get(f"{RUNS}{run.pk}/heat-tiles/16/0/0.webp").status_code == 404


def test_heat_is_clear_where_scores_are_low_or_unknown():
    scores = np.array([[0.0, 0.5, 1.0, 1.0]])
    rgba = coloured(scores, np.array([[True, True, True, False]]))
    assert rgba[0].tolist() == [[255, 243, 176, 0], [255, 197, 61, 130], [138, 10, 143, 215], [0, 0, 0, 0]]


def test_a_run_without_sign_of_life_is_stalled_and_has_no_speed(analysts_api, mosaic, model_run):
    run = request_prediction(mosaic, model_run, requested_by=None)
    long_ago = datetime.now(UTC) - timedelta(minutes=2)
    PredictionRun.objects.filter(pk=run.pk).update(
        status="running", started_at=long_ago, heartbeat_at=long_ago + timedelta(seconds=9), units_done=1000
    )
    row = analysts_api.get(f"{RUNS}{run.pk}/").json()
    assert (row["is_stalled"], row["speed_mpx_s"], row["seconds_left"], row["can_continue"]) == (
        True, None, None, True,
    )  # fmt: skip
