"""Rows by number: what the commands that list and show tell."""

import json

import pytest
from django.core.management import CommandError, call_command

from damage.ingestion.models import Event, Scene, Town
from prediction.models import PredictionRun
from tagging.models import Question
from training.models import ModelRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def scenes():
    """Three mosaics in two towns, the newest in Tuxtla."""
    event = Event.objects.create(name="Oaxaca 2017", slug="oaxaca-2017")
    made = []
    for name, town in (("a.tif", "Juchitán"), ("b.tif", "Juchitán"), ("c.tif", "Tuxtla")):
        place = Town.objects.filter(name=town).first() or Town.objects.create(
            event=event, name=town, slug=town.lower()
        )
        made.append(
            Scene.objects.create(
                town=place, kind="mosaic", name=name, sha256=name[0] * 64, size_bytes=1, in_place_path=f"/{name}",
                width_px=2000, height_px=1500, band_count=3, gsd_m=0.05, gsd_source="geotransform",
                crs_wkt="x", transform=[1, 0, 0, 0, -1, 0],
            )
        )  # fmt: skip
    return made


@pytest.fixture
def prediction(scenes):
    model = ModelRun.objects.create(
        question=Question.objects.get(slug="damage"), status="done", backbone="lite", threshold=0.25
    )
    return PredictionRun.objects.create(
        scene=scenes[2],
        model_run=model,
        status="done",
        threshold=0.25,
        parameters={"threshold_from": "model"},
    )


def listed(capsys, command, *options):
    call_command(command, *options, "--json")
    return json.loads(capsys.readouterr().out)


def test_scenes_are_listed_with_the_newest_first(scenes, capsys):
    result = listed(capsys, "list_scenes")
    assert [row["name"] for row in result["rows"]] == ["c.tif", "b.tif", "a.tif"]
    first = result["rows"][0]
    assert (first["number"], first["megapixels"], first["gsd_m"]) == (scenes[2].pk, 3.0, 0.05)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--town", "juchitán"], ["b.tif", "a.tif"]),
        (["--event", "Oaxaca 2017", "--kind", "photo"], []),
        (["--event", "oaxaca-2017", "--limit", "1"], ["c.tif"]),
        (["--limit", "0"], ["c.tif", "b.tif", "a.tif"]),
    ],
)
def test_a_list_can_be_narrowed(scenes, capsys, options, names):
    assert [row["name"] for row in listed(capsys, "list_scenes", *options)["rows"]] == names


def test_a_table_stands_in_columns_and_says_how_many_more_there_are(scenes, capsys):
    call_command("list_scenes", "--limit", "2")
    heading, one, two, more, then = capsys.readouterr().out.splitlines()
    assert one.index("Oaxaca 2017") == two.index("Oaxaca 2017") == heading.index("event")
    assert more == "and 1 older; --limit 0 lists all"
    assert then == "One of them: manage.py show scene NUMBER"


def test_models_and_runs_are_listed(prediction, capsys):
    model = listed(capsys, "list_models", "--question", "damage")["rows"][0]
    assert (model["number"], model["threshold"], model["stage"]) == (
        prediction.model_run_id,
        0.25,
        "candidate",
    )
    run = listed(capsys, "list_runs", "--town", "Tuxtla", "--model", str(model["number"]))["rows"][0]
    assert (run["number"], run["scene"], run["places"]) == (prediction.pk, prediction.scene_id, 0)
    assert listed(capsys, "list_runs", "--town", "Juchitán")["rows"] == []


@pytest.mark.parametrize("command", ["list_scenes", "list_models", "list_runs"])
def test_an_empty_list_says_how_to_fill_it(capsys, command):
    call_command(command)
    assert "There is no such" in capsys.readouterr().out


def test_each_is_shown_with_its_page_and_without_python(prediction, capsys):
    pages = {
        ("scene", prediction.scene.name): f"/tag/explore/?scene={prediction.scene_id}",
        ("model", str(prediction.model_run_id)): f"/training/runs/{prediction.model_run_id}/",
        ("run", str(prediction.pk)): f"/map/?run={prediction.pk}",
    }
    for asked, page in pages.items():
        call_command("show", *asked)
        shown = capsys.readouterr().out
        assert shown.splitlines()[-1] == f"See {page} on the site."
        assert not {"None", "True", "False", "{", "[", "datetime"} & set(shown.replace(":", " ").split())
        assert "state: done" in shown or "is out of use: no" in shown


@pytest.mark.parametrize(
    ("asked", "words"),
    [(("scene", "7000"), "no scene"), (("model", "7000"), "no model run"), (("run", "7000"), "no prediction run"),
     (("run", "x"), "not a number")],
)  # fmt: skip
def test_what_is_not_there_is_said(asked, words):
    with pytest.raises(CommandError, match=words):
        call_command("show", *asked)
