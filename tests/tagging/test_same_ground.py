"""Imagery from before the event as "no" on the ground of the crops that people tagged after it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from django.core.management import CommandError, call_command
from PIL import Image

from damage.errors import Refused
from damage.ingestion.services import ingest_mosaic, ingest_photo
from tagging.background_negatives import tag_undamaged
from tagging.models import Crop, Tag
from tagging.quarantine import quarantine_crop
from tagging.same_ground import tag_same_ground
from tagging.services import record_tag
from tagging.undamaged import untag_undamaged
from tests.ingestion.conftest import NORTH_UP, geotiff  # noqa: F401
from tests.tagging.conftest import gradient

pytestmark = pytest.mark.one_database  # is about ground

EVENT, TOWN = "Quake", "Altamira"


@pytest.fixture
def mosaic(geotiff, db):  # noqa: F811
    """Ingest a mosaic of the town: 300 x 200 px of half a metre whose pixels tell where they are."""

    def ingest(name, *, size=(300, 200), town=TOWN, event=EVENT, seed=0, **changes):
        pixels = gradient(*size)
        pixels[..., 2] = len(name) + seed  # no two files alike
        path = geotiff(name, pixels=pixels.transpose(2, 0, 1), **changes)
        return ingest_mosaic(path, event=event, town=town).scene

    return ingest


@pytest.fixture
def post(mosaic):
    return mosaic("post.tif")


@pytest.fixture
def answer(volunteer, question):
    """The volunteer answers for a square of a scene."""
    question.crop_size_m, question.crop_size_px = None, 32
    question.save()

    def record(scene, x_px, y_px, size_px=32, answer="positive"):
        place = {"x_px": x_px, "y_px": y_px, "size_px": size_px}
        return record_tag(tagger=volunteer, question=question, scene=scene, answer=answer, **place)

    return record


def places(scene) -> set[tuple[int, int, int]]:
    tagged = scene.crops.filter(tags__tagger__username="undamaged")
    return set(tagged.values_list("x_px", "y_px", "size_px"))


def added(scene, question) -> int:
    (result,) = tag_same_ground([scene], question).scenes
    return result.added


def test_on_the_same_grid_the_squares_are_the_same_pixels(mosaic, post, question, answer):
    pre = mosaic("pre.tif")
    crops = [answer(post, 0, 0), answer(post, 101, 57, 31, "negative"), answer(post, 236, 136, 64, "unsure")]
    (result,) = tag_same_ground([pre], question).scenes
    assert (result.added, result.already, result.left_out) == (3, 0, {})
    assert places(pre) == {(0, 0, 32), (101, 57, 31), (236, 136, 64)}
    twin = pre.crops.get(x_px=101)
    assert np.asarray(Image.open(twin.image))[0, 0].tolist() == [101, 57, len("pre.tif")]
    tags = Tag.objects.filter(crop__scene=pre)
    assert set(tags.values_list("answer", "tagger__username")) == {("negative", "undamaged")}
    assert (twin.lon, twin.lat) == pytest.approx((crops[1].crop.lon, crops[1].crop.lat), abs=1e-9)


def test_on_another_grid_the_square_lies_at_the_same_place_in_metres(mosaic, post, question, answer):
    """Pixels of 0.2 m from 20 m further west and 10 m further north: 150 px are 375, and 75 m become 475 px.

    The crop from 150, 60 with 32 px has its centre 83 m east and 38 m south of the corner: 103 m and 48 m from the
    other corner, 515 and 240 px; its 16 m are 80 px, from 475, 200.
    """
    pre = mosaic("pre.tif", size=(900, 600), transform=Affine(0.2, 0, 499_980, 0, -0.2, 4_160_010))
    answer(post, 150, 60)
    assert added(pre, question) == 1
    assert places(pre) == {(475, 200, 80)}


def test_in_degrees_and_with_rows_from_the_south_the_ground_is_the_same(mosaic, post, question, answer):
    """Half a metre is 5.663e-6 degrees of longitude here, and 4.505e-6 of latitude.

    The crop's centre, 500083 E 4159962 N in UTM 37N, lies at 39.0009401 E 37.5867168 N: 166.0 columns east of 39 E and
    159.1 rows north of 37.586 N.
    """
    transform = Affine(5.663e-6, 0, 39.0, 0, 4.505e-6, 37.586)
    pre = mosaic("pre.tif", size=(400, 300), crs="EPSG:4326", transform=transform)
    answer(post, 150, 60)
    assert added(pre, question) == 1
    assert places(pre) == {(150, 143, 32)}


def test_a_scene_in_degrees_beyond_180_is_met_too(mosaic, question, answer):
    """Taveuni lies on the antimeridian: one mosaic counts on beyond 180 degrees, the other from -180."""
    degrees = {"size": (300, 200), "crs": "EPSG:4326"}
    step = 5e-6
    post = mosaic("post.tif", transform=Affine(step, 0, -180 + 50 * step, 0, -step, -16.8), **degrees)
    pre = mosaic("pre.tif", transform=Affine(step, 0, 180, 0, -step, -16.8), **degrees)
    answer(post, 100, 80)
    assert added(pre, question) == 1
    assert places(pre) == {(150, 80, 32)}


def test_a_square_belongs_to_the_town_of_its_crop_whatever_its_scene_came_in_under(
    mosaic, post, question, answer
):
    pre = mosaic("pre.tif", town="Altamira before")
    answer(post, 10, 10)
    tag_same_ground([pre], question)
    assert pre.crops.get().town == post.town


def test_crops_of_another_event_and_of_the_scene_itself_are_none_of_it(mosaic, post, question, answer):
    elsewhere = mosaic("other.tif", event="Another quake")
    pre = mosaic("pre.tif")
    answer(elsewhere, 10, 10)
    answer(pre, 200, 100, answer="negative")
    answer(post, 50, 50)
    assert added(pre, question) == 1
    assert places(pre) == {(50, 50, 32)}


def test_two_earlier_scenes_are_no_post_event_imagery_of_each_other(mosaic, post, question, answer):
    first, second = mosaic("pre-1.tif", seed=1), mosaic("pre-2.tif", seed=2)
    answer(post, 50, 50)
    answer(first, 90, 90, answer="negative")
    assert [result.added for result in tag_same_ground([first, second], question).scenes] == [1, 1]
    assert places(second) == {(50, 50, 32)}


def test_again_it_adds_only_what_is_missing(mosaic, post, question, answer):
    pre = mosaic("pre.tif")
    answer(post, 50, 50)
    tag_same_ground([pre], question)
    answer(post, 150, 50)
    (again,) = tag_same_ground([pre], question).scenes
    assert (again.added, again.already) == (1, 1)
    assert Tag.objects.filter(tagger__username="undamaged").count() == 2


def test_squares_that_were_taken_back_come_again_without_a_second_crop(mosaic, post, question, answer):
    pre = mosaic("pre.tif")
    answer(post, 50, 50)
    tag_same_ground([pre], question)
    assert untag_undamaged([pre], question)[0].removed == 1
    assert added(pre, question) == 1
    assert pre.crops.count() == 1


def test_what_people_answered_in_the_earlier_scene_is_left_to_them(mosaic, post, question, answer):
    pre = mosaic("pre.tif")
    answer(post, 50, 50)
    answer(pre, 50, 50, answer="unsure")
    (result,) = tag_same_ground([pre], question).scenes
    assert (result.added, result.already) == (0, 1)
    assert list(Tag.objects.filter(crop__scene=pre).values_list("tagger__username", "answer")) == [
        ("rosa", "unsure")
    ]


def test_what_the_scene_does_not_show_is_left_out_and_counted(mosaic, post, question, answer, site_admin):
    """The earlier scene begins 100 px further east and ends 100 px further north; 50 columns hold no data."""
    mask = np.full((100, 300), 255, np.uint8)
    mask[:, :50] = 0
    pre = mosaic("pre.tif", size=(300, 100), mask=mask, transform=NORTH_UP @ Affine.translation(100, 0))
    answer(post, 68, 0)  # its last column is the one before the scene's first
    answer(post, 99, 0)  # a column too far west
    answer(post, 200, 69)  # a row too far south
    answer(post, 149, 0)  # its first column holds no data
    answer(post, 150, 0)
    answer(post, 200, 68)
    ground = tag_same_ground([pre], question)
    assert (ground.crops, ground.covered) == (6, 2)
    assert (ground.scenes[0].added, ground.scenes[0].left_out) == (2, {"cut_off": 2, "no_data": 1})
    assert places(pre) == {(50, 0, 32), (100, 68, 32)}


def test_crops_without_a_place_or_of_no_usable_size_are_left_out_and_counted(
    mosaic, post, question, answer, town, scene, volunteer
):
    """At 2 m a pixel, 16 m are 8 px: too few."""
    coarse = mosaic("pre.tif", transform=Affine(2, 0, 500_000, 0, -2, 4_160_000))
    answer(post, 50, 50)
    photo = ingest_photo(scene.path, event=town.event.name, town=town.name).scene
    Crop.objects.filter(pk=answer(photo, 40, 24).crop.pk).update(town=post.town)
    ground = tag_same_ground([coarse], question)
    assert (ground.crops, ground.covered, ground.unplaced) == (2, 0, 1)
    assert (ground.scenes[0].added, ground.scenes[0].left_out) == (0, {"wrong_size": 1})


def test_an_imported_crop_without_its_scene_is_found_by_its_position(
    mosaic, post, question, volunteer, answer
):
    """A crop of 16 m whose centre is that of the square from 101, 57 with 32 px."""
    there = answer(post, 101, 57).crop
    Tag.objects.all().delete()
    crop = Crop.objects.create(
        town=post.town, size_px=64, gsd_m=0.2501, lon=there.lon, lat=there.lat, sha256="0" * 64
    )
    Tag.objects.create(crop=crop, question=question, tagger=volunteer, answer="positive")
    pre = mosaic("pre.tif")
    assert added(pre, question) == 1
    assert places(pre) == {(101, 57, 32)}


def test_what_an_admin_took_out_of_use_stays_out(mosaic, post, question, answer, site_admin):
    pre = mosaic("pre.tif")
    quarantine_crop(answer(post, 10, 10).crop, by=site_admin, reason="a face")
    answer(post, 100, 100)
    tag_same_ground([pre], question)
    assert places(pre) == {(100, 100, 32)}
    quarantine_crop(pre.crops.get(), by=site_admin, reason="a face")
    untag_undamaged([pre], question)
    (result,) = tag_same_ground([pre], question).scenes
    assert (result.added, result.left_out) == (0, {"out_of_use": 1})


def test_towns_kept_for_tests_teach_nothing(mosaic, post, question, answer, settings):
    pre = mosaic("pre.tif", town="Altamira before")
    answer(post, 10, 10)
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("quake/altamira",))
    ground = tag_same_ground([pre], question)
    assert (ground.crops, ground.covered, ground.kept_for_tests) == (1, 0, 1)
    assert not pre.crops.exists()
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("quake/altamira-before",))
    with pytest.raises(Refused, match="kept for tests"):
        tag_same_ground([pre], question)


def test_a_scene_with_damage_is_not_from_before(mosaic, post, question, answer):
    pre = mosaic("pre.tif")
    answer(post, 10, 10)
    answer(pre, 100, 100)
    with pytest.raises(Refused, match=r"pre\.tif is not undamaged"):
        tag_same_ground([pre], question)
    assert pre.crops.count() == 1


def test_without_tagged_crops_or_a_georeference_there_is_nothing_to_match(mosaic, scene, question, answer):
    pre = mosaic("pre.tif")
    with pytest.raises(Refused, match="No crop of this event has been tagged"):
        tag_same_ground([pre], question)
    with pytest.raises(Refused, match="not georeferenced"):
        tag_same_ground([scene], question)


def test_random_squares_lie_beside_and_have_their_own_size(mosaic, post, question, answer):
    """People's crops have 16 and 31 m: the random ones 23.5, whatever came last on the ground of crops."""
    pre = mosaic("pre.tif")
    answer(post, 0, 0)
    answer(post, 101, 57, 62)
    tag_same_ground([pre], question)
    (drawn,) = tag_undamaged([pre], question, count=2)
    assert (drawn.added, drawn.size_px) == (2, 47)
    answer(post, 200, 100)
    tag_same_ground([pre], question)
    (again,) = tag_undamaged([pre], question, count=2)
    assert (again.added, again.already, again.size_px) == (0, 2, 47)


def test_the_command_says_what_came_of_it(mosaic, post, question, answer, capsys):
    mosaic("pre.tif", size=(200, 200))
    answer(post, 50, 50)
    answer(post, 180, 50)
    answer(post, 250, 50)
    call_command("tag_undamaged", "pre.tif", "--same-ground")
    assert capsys.readouterr().out == (
        "pre.tif: 1 added, 0 already there, 1 crops cut off by the scene's edge\n"
        "1 of 3 tagged crops have their ground in these scenes\n"
    )
    call_command("tag_undamaged", "pre.tif", "--same-ground", "--json")
    printed = json.loads(capsys.readouterr().out)
    assert (printed["crops"], printed["covered"]) == (3, 1)
    assert (printed["scenes"][0]["already"], printed["scenes"][0]["left_out"]) == (1, {"cut_off": 1})
    call_command("tag_undamaged", "pre.tif", "--remove")
    assert capsys.readouterr().out == "pre.tif: 1 taken back\n"


def test_options_of_random_squares_are_refused_beside_it(mosaic, post, answer):
    mosaic("pre.tif")
    answer(post, 50, 50)
    with pytest.raises(CommandError, match="--count, --seed"):
        call_command("tag_undamaged", "pre.tif", "--same-ground", "--count", "9", "--seed", "0")


def test_every_crop_of_a_real_town_has_its_square_in_the_imagery_from_before(
    shared, question, volunteer, event
):
    """Both mosaics of a pair have the same grid, so every square has its crop's own pixels' place."""
    from tagging.importing import import_crops

    mosaics = shared / "data" / "mosaics"
    scenes = {
        name: ingest_mosaic(
            mosaics / f"{name}.tif", event=event.name, town="kahramanmaras", in_place=True
        ).scene
        for name in (f"kahramanmaras_{n}_{when}" for n in (2, 4) for when in ("post", "pre"))
    }
    import_crops(shared / "data" / "crops.csv", event=event.name)
    ground = tag_same_ground([scenes["kahramanmaras_2_pre"], scenes["kahramanmaras_4_pre"]], question)
    assert ground.covered == 499 + 183
    for number, count in (("2", 499), ("4", 183)):
        of_post = scenes[f"kahramanmaras_{number}_post"].crops
        wanted = set(of_post.values_list("x_px", "y_px", "size_px"))
        assert len(wanted) == count
        assert wanted <= places(scenes[f"kahramanmaras_{number}_pre"])
