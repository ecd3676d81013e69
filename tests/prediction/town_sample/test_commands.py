"""The two commands on a drawn scene, whose truth is known: a window shows damage where half of it is red or more."""

import csv
import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pyproj import Transformer

from damage.ingestion.models import SceneKind
from prediction.models import PredictionRun
from prediction.score_rasters import read_score_raster
from prediction.services import predict, rethreshold

pytestmark = pytest.mark.one_database  # predicts for each test

SIDE = 450  # twenty windows of 32 pixels every 22 on either side
TRUTH_FROM = 0.5
SAMPLED = ["place", "lon", "lat", "x_px", "y_px", "size_px", "score", "stratum", "weight", "answer",
           "prediction_run", "result_sha256"]  # fmt: skip


@pytest.fixture
def town_run(mosaic, model_run, engine, write_scene, grey_ground) -> PredictionRun:
    """A finished run over a scene in which every other window is red to some share of it, by chance."""
    pixels = grey_ground(SIDE, SIDE)
    random = np.random.default_rng(0)
    for y in range(0, SIDE - 32, 44):
        for x in range(0, SIDE - 32, 44):
            pixels[y : y + random.integers(0, 33), x : x + 32, :3] = (255, 0, 0)
    write_scene(mosaic.path, pixels)
    mosaic.width_px = mosaic.height_px = SIDE
    mosaic.save()
    return predict(mosaic, model_run, requested_by=None)


def drawn(run, **options):
    out = StringIO()
    call_command("review_sample", run.pk, stdout=out, **options)
    return list(csv.DictReader(StringIO(out.getvalue())))


def true_answer(row):
    return "yes" if float(row["score"]) >= TRUTH_FROM else "no"


def write_answers(path, rows, answer=true_answer, delimiter=","):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, SAMPLED, delimiter=delimiter)
        table.writeheader()
        table.writerows({**row, "answer": row["answer"] or answer(row)} for row in rows)
    return path


def test_the_sample_is_a_table_of_places_that_do_not_overlap(town_run):
    rows = drawn(town_run, count=40)
    assert list(rows[0]) == SAMPLED
    assert [int(row["place"]) for row in rows] == list(range(1, 41))
    assert {row["answer"] for row in rows} == {""}
    corners = [(int(row["x_px"]), int(row["y_px"])) for row in rows]
    assert all(
        max(abs(x - other_x), abs(y - other_y)) >= 32
        for index, (x, y) in enumerate(corners)
        for other_x, other_y in corners[:index]
    )
    scores, grid = read_score_raster(town_run.score_file.path)
    by_corner = {
        (int(x), int(y)): scores[row, column]
        for row, y in enumerate(grid.ys)
        for column, x in enumerate(grid.xs)
    }
    for row, corner in zip(rows, corners, strict=True):
        assert float(row["score"]) == pytest.approx(by_corner[corner], abs=1e-6)
    x, y = corners[0]
    to_4326 = Transformer.from_crs(32637, 4326, always_xy=True)
    place = to_4326.transform(300_000 + (x + 16) / 2, 4_160_000 - (y + 16) / 2)
    assert (float(rows[0]["lon"]), float(rows[0]["lat"])) == pytest.approx(place, abs=1e-6)


def test_the_same_seed_draws_the_same_places(town_run):
    assert drawn(town_run, count=10, seed=3) == drawn(town_run, count=10, seed=3)
    assert drawn(town_run, count=10, seed=3) != drawn(town_run, count=10, seed=4)


def test_a_scene_without_a_georeference_has_no_positions(town_run):
    scene = town_run.scene
    scene.kind, scene.transform, scene.crs_wkt = SceneKind.PHOTO, None, ""
    scene.save()
    assert {(row["lon"], row["lat"]) for row in drawn(town_run, count=10)} == {("", "")}


def test_the_second_round_keeps_the_answers_and_draws_around_the_threshold(town_run, tmp_path):
    first = drawn(town_run, count=24)
    answers = write_answers(tmp_path / "first.csv", first)
    both = drawn(town_run, count=16, answers=answers)
    assert [row["answer"] for row in both] == [
        {"yes": "damage", "no": "no_damage"}[true_answer(row)] for row in first
    ] + [""] * 16
    corners = [(row["x_px"], row["y_px"]) for row in both]
    assert corners[:24] == [(row["x_px"], row["y_px"]) for row in first]
    assert len(set(corners)) == 40

    def distance(rows):
        return np.median([abs(float(row["score"]) - TRUTH_FROM) for row in rows])

    assert distance(both[24:]) < distance(first) / 2


def test_answers_set_the_runs_threshold_and_are_kept_with_it(town_run, tmp_path, site_admin, client):
    rows = drawn(town_run, count=50)
    rows[0]["answer"], rows[1]["answer"] = "Unsure", " "
    path = write_answers(tmp_path / "answers.csv", rows, lambda row: true_answer(row).upper())
    out = StringIO()
    call_command("set_threshold", town_run.pk, str(path), "--balanced", "--json", stdout=out)
    told = json.loads(out.getvalue())
    threshold = told["threshold"]["value"]
    no = max(float(row["score"]) for row in rows[2:] if true_answer(row) == "no")
    yes = min(float(row["score"]) for row in rows[2:] if true_answer(row) == "yes")
    assert no - 0.1 < threshold < yes + 0.1
    assert told["answers"]["unsure"] == 1
    assert told["answers"]["damage"] + told["answers"]["no_damage"] + told["answers"]["unanswered"] == 49
    run = PredictionRun.objects.get()
    assert run.threshold == threshold
    assert told["detections"] == run.found().count() > 0
    assert min(run.found().values_list("score", flat=True)) >= threshold
    features = json.loads(run.geojson_file.read())["features"]
    assert len(features) == told["detections"]
    assert run.parameters["threshold_from"] == "sample"
    client.force_login(site_admin)
    shown = client.get(f"/api/v1/prediction-runs/{run.pk}/").json()["parameters"]["calibration"]
    assert shown == {name: value for name, value in told.items() if name in shown}
    assert shown["goal"] == "balanced"
    rethreshold(run, threshold=0.9)
    assert run.parameters["threshold_from"] == "person"
    assert run.parameters["calibration"] == shown


@pytest.mark.parametrize(("option", "rate"), [("--recall=0.9", "recall"), ("--precision=0.7", "precision")])
def test_a_wanted_rate_is_what_is_expected_and_about_what_is_true(town_run, tmp_path, option, rate):
    path = write_answers(tmp_path / "answers.csv", drawn(town_run, count=80))
    out = StringIO()
    call_command("set_threshold", town_run.pk, str(path), option, "--json", stdout=out)
    told = json.loads(out.getvalue())
    wanted = float(option.split("=")[1])
    assert told[rate]["value"] >= wanted
    scores = read_score_raster(town_run.score_file.path)[0].ravel()
    called, true = scores >= told["threshold"]["value"], scores >= TRUTH_FROM
    truth = {"recall": called[true].mean(), "precision": true[called].mean()}
    assert told[rate]["low"] <= truth[rate]
    assert (
        truth["recall"] > 0.85
    )  # the scores tell all there is: neither goal is bought with much of what is damaged


def test_the_result_in_words_has_its_intervals(town_run, tmp_path):
    path = write_answers(tmp_path / "answers.csv", drawn(town_run, count=60))
    out = StringIO()
    call_command("set_threshold", town_run.pk, str(path), "--recall=0.8", stdout=out)
    lines = dict(line.split(": ", 1) for line in out.getvalue().splitlines() if ": " in line)
    assert lines["threshold"].count(" to ") == lines["expected recall"].count(" to ") == 1
    assert "0 unsure, 0 unanswered" in lines["answers"]


def test_a_table_that_a_spreadsheet_saved_with_semicolons_is_read(town_run, tmp_path):
    rows = drawn(town_run, count=60)
    for row in rows:
        row["weight"] = row["weight"].replace(".", ",")
    path = write_answers(tmp_path / "answers.csv", rows, delimiter=";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    call_command("set_threshold", town_run.pk, str(path), "--balanced", stdout=StringIO())
    assert PredictionRun.objects.get().parameters["threshold_from"] == "sample"


def changed(column, value):
    def change(rows):
        rows[2][column] = value
        return rows

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (changed("answer", "perhaps"), r"line 4: the answer 'perhaps' is none of yes, no, unsure"),
        (changed("x_px", "1"), r"line 4: there is no window at x 1"),
        (changed("y_px", "-3"), r"line 4: y_px '-3' is not a whole number"),
        (changed("weight", "nan"), r"line 4: a weight of nan"),
        (changed("weight", "many"), r"line 4: weight 'many' is not a number"),
        (changed("prediction_run", "999"), r"line 4: it was drawn from another prediction run"),
        (changed("result_sha256", "0" * 64), r"line 4: it was drawn from another prediction run"),
        (lambda rows: [*rows, rows[0]], r"line 42: the same place is on line 2"),
        (lambda rows: rows[:8], r"more yes, .* more no"),
        (lambda rows: [], r"lists no places"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_line_and_changes_nothing(town_run, tmp_path, change, reason):
    rows = change(drawn(town_run, count=40))
    path = write_answers(tmp_path / "answers.csv", rows)
    with pytest.raises(CommandError, match=reason):
        call_command("set_threshold", town_run.pk, str(path), "--balanced")
    run = PredictionRun.objects.get()
    assert (run.threshold, run.look) == (town_run.threshold, town_run.look)
    assert "calibration" not in run.parameters


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "is no CSV in UTF-8"),
        (b"place,answer\n1,yes\n", "lacks the columns x_px, y_px"),
        (b"x" * 2_000_001, "larger than 2 MB"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused(town_run, tmp_path, content, reason):
    path = tmp_path / "answers.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=reason):
        call_command("set_threshold", town_run.pk, str(path), "--balanced")
    with pytest.raises(CommandError, match="is no file"):
        call_command("set_threshold", town_run.pk, str(tmp_path), "--balanced")


@pytest.mark.parametrize("option", ["--recall=1.5", "--precision=0", "--recall=nan"])
def test_a_goal_that_is_no_rate_is_refused(town_run, tmp_path, option):
    path = write_answers(tmp_path / "answers.csv", drawn(town_run, count=40))
    with pytest.raises(CommandError, match="between 0 and 1"):
        call_command("set_threshold", town_run.pk, str(path), option)


def test_a_run_that_is_not_finished_has_no_places_to_draw(town_run):
    PredictionRun.objects.update(status="failed")
    with pytest.raises(CommandError, match="has no scores: it is failed"):
        call_command("review_sample", town_run.pk)
    with pytest.raises(CommandError, match="Draw from 1 to"):
        call_command("review_sample", town_run.pk, count=0)
