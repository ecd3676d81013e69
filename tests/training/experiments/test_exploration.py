"""Scenes and crops laid out: which images stand for them, and what is said of their towns."""

import io
import json

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image

from damage.errors import Refused
from damage.ingestion.models import Scene, Town
from damage.ingestion.services import ingest_photo
from damage.work import claims
from training.experiments.exploration import Exploration, _tiles, explore
from training.models import Experiment

GREY, RED = (120, 120, 120), (200, 60, 60)


@pytest.fixture
def photos(event, tmp_path):
    """Six photos of a grey town and six of a red one, each of a brightness of its own."""
    for town, colour in (("Gris", GREY), ("Roja", RED)):
        for number in range(6):
            pixels = np.full((40, 60, 3), colour, np.uint8) + np.uint8(number)
            path = tmp_path / f"{town}-{number}.png"
            Image.fromarray(pixels).save(path)
            ingest_photo(path, event=event.name, town=town)
    return event


def test_towns_of_different_colours_lie_apart(photos):
    experiment = explore(Exploration(event="practice-quake"))
    assert (experiment.kind, experiment.status) == ("explore", "done")
    rows = {
        row[0]: dict(zip(experiment.results["columns"], row, strict=True))
        for row in experiment.results["rows"]
    }
    assert rows["Gris"]["images"] == rows["Roja"]["images"] == 6
    assert rows["all"]["nearest_of_own"] == 1.0
    assert rows["all"]["silhouette"] > 0.3
    assert rows["all"]["by_chance"] == pytest.approx(5 / 11)


def test_every_point_leads_to_its_scene(photos):
    points = explore(Exploration(event="practice-quake")).results["points"]
    assert {point["scene"] for point in points} == set(Scene.objects.values_list("pk", flat=True))
    assert all({"x", "y", "town"} <= set(point) for point in points)


def test_crops_carry_their_answer_and_a_seed_draws_as_many_as_wanted(towns, question, event):
    wanted = Exploration(event=event.slug, of="crops", towns=["Norte", "sur"], limit=20, seed=3)
    results = explore(wanted, question=question).results
    assert len(results["points"]) == 20
    assert {point["town"] for point in results["points"]} == {"Norte", "Sur"}
    assert {point["label"] for point in results["points"]} == {"yes", "no"}
    # Rubble is noise, so deviations tell it from plain ground.
    answers = {row[0]: row for row in results["answers"]["rows"]}
    assert answers["all"][3] > 0.9
    assert explore(wanted, question=question).results == results


def test_a_backbone_sees_scenes_and_its_features_are_kept(photos, tiny, data_folder):
    results = explore(Exploration(event="practice-quake", features=tiny)).results
    assert len(results["points"]) == 12
    kept = list((data_folder / "features").rglob("*.npy"))
    assert len(kept) == 12
    explore(Exploration(event="practice-quake", features=tiny))
    assert list((data_folder / "features").rglob("*.npy")) == kept


def test_a_mosaic_stands_there_as_few_tiles_whatever_its_size():
    # The pyramid's side is 65,536 px, a tile's 8,192: five columns, three rows and a sliver of a fourth.
    assert len(_tiles(40_000, 25_000)) == 5 * 3
    assert _tiles(200, 200) == [(0, 0, 0)]
    # 2,048 + 100 px wide: of the last column only a sliver would be inside.
    assert {x for _z, x, _y in _tiles(2048 + 100, 2048)} == {0, 1, 2, 3}


def test_too_few_images_and_unknown_names_are_refused_before_any_work(event, town, photos):
    with pytest.raises(Refused, match="0 images are too few"):
        explore(Exploration(event=event.slug, towns=["Altamira"]))
    with pytest.raises(Refused, match="no event"):
        explore(Exploration(event="Atlantis"))
    with pytest.raises(Refused, match="no town"):
        explore(Exploration(event=event.slug, towns=["Atlantis"]))
    with pytest.raises(Refused, match="no backbone"):
        explore(Exploration(event=event.slug, features="eyes"))
    with pytest.raises(Refused, match="limit"):
        explore(Exploration(event=event.slug, limit=3))
    assert not Experiment.objects.exists()


def test_a_cancelled_exploration_keeps_nothing(photos):
    def cancel_it(done, total):
        claims.cancel(Experiment.objects.get(), by=None)

    with pytest.raises(claims.ClaimLost):
        explore(Exploration(event="practice-quake"), progress=cancel_it)
    experiment = Experiment.objects.get()
    assert (experiment.status, experiment.results) == ("cancelled", {})


def test_the_command_prints_how_far_towns_lie_apart(photos):
    out = io.StringIO()
    call_command("explore", "--event", "practice-quake", stdout=out)
    assert "| Gris | 6 |" in out.getvalue()
    out = io.StringIO()
    call_command(
        "explore", "--event", "practice-quake", "--town", "Gris", "--town", "Roja", "--json", stdout=out
    )
    assert len(json.loads(out.getvalue())["points"]) == 12
    assert Town.objects.count() == 2
