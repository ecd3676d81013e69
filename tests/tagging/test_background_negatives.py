"""Random squares of undamaged imagery, as "no"."""

import json
from dataclasses import replace
from itertools import chain, combinations, cycle

import numpy as np
import pytest
import shapely
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from PIL import Image

from damage.accounts.models import Role, User
from damage.accounts.services import create_account
from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_mosaic, ingest_photo
from tagging import background_negatives, undamaged
from tagging import squares as squares_module
from tagging.background_negatives import tag_undamaged
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Question, Tag, TagChange
from tagging.quarantine import quarantine_crop
from tagging.services import delete_tag, record_tag
from tagging.squares import Square
from tagging.undamaged import untag_undamaged
from tests.ingestion.conftest import geotiff  # noqa: F401
from tests.tagging.conftest import SQUARE, gradient


@pytest.fixture
def question(question):
    """People's squares have 32 px in these small scenes."""
    question.crop_size_m, question.crop_size_px = None, 32
    question.save()
    return question


@pytest.fixture
def mosaic(geotiff, db) -> Scene:  # noqa: F811
    """300 x 200 px of half a metre; its right half holds no data."""
    mask = np.zeros((200, 300), np.uint8)
    mask[:, :150] = 255
    path = geotiff(pixels=gradient(300, 200).transpose(2, 0, 1), mask=mask)
    return ingest_mosaic(path, event="Spared", town="Lejos").scene


@pytest.fixture
def wide(geotiff, db) -> Scene:  # noqa: F811
    """Another mosaic of the town, with data everywhere."""
    pixels = gradient(240, 160).transpose(2, 0, 1)
    return ingest_mosaic(geotiff("wide.tif", pixels=pixels), event="Spared", town="Lejos").scene


def squares(scene) -> set[Square]:
    return {Square(*place) for place in scene.crops.values_list("x_px", "y_px", "size_px")}


def outline(square):
    return shapely.box(square.x_px, square.y_px, square.x_px + square.size_px, square.y_px + square.size_px)


def overlap(one, other) -> bool:
    return outline(one).intersection(outline(other)).area > 0


def stored_files():
    return sorted(default_storage.listdir("crops")[1]) if default_storage.exists("crops") else []


def test_squares_lie_apart_on_valid_ground_and_are_no_for_an_account_nobody_can_use(mosaic, question):
    (result,) = tag_undamaged([mosaic], question, count=6, size_m=10)
    assert (result.added, result.already, result.without_room, result.size_px) == (6, 0, 0, 20)
    places = squares(mosaic)
    assert len(places) == 6
    assert all(place.x_px + 20 <= 150 and place.y_px + 20 <= 200 for place in places)
    assert not any(overlap(one, other) for one, other in combinations(places, 2))
    account = User.objects.get()
    assert (account.username, account.is_active, account.has_usable_password()) == ("undamaged", False, False)
    assert set(Tag.objects.values_list("answer", "tagger")) == {("negative", account.pk)}
    assert TagChange.objects.filter(answer="negative", tagger=account, changed_by=account).count() == 6


def test_a_square_keeps_the_pixels_and_the_position_of_its_place(mosaic, question):
    tag_undamaged([mosaic], question, count=1, size_m=10)
    crop = mosaic.crops.get()
    pixels = np.asarray(Image.open(crop.image))
    assert pixels[0, 0].tolist() == [crop.x_px, crop.y_px, 7]
    assert pixels[19, 19].tolist() == [crop.x_px + 19, crop.y_px + 19, 7]
    assert (crop.town, crop.gsd_m) == (mosaic.town, mosaic.gsd_m)
    assert (crop.lon, crop.lat) == pytest.approx((39.0, 37.58), abs=0.01)


def test_the_same_seed_gives_the_same_squares_and_adds_none_even_after_people_tagged(
    mosaic, question, volunteer
):
    tag_undamaged([mosaic], question, count=5, size_m=10)
    first = squares(mosaic)
    one = min(first, key=lambda square: square.x_px)
    place = {"x_px": one.x_px + 1, "y_px": one.y_px, "size_px": 20}
    record_tag(tagger=volunteer, question=question, scene=mosaic, answer="negative", **place)
    (again,) = tag_undamaged([mosaic], question, count=5, size_m=10)
    assert (again.added, again.already) == (0, 5)
    assert squares(mosaic) == first | {Square(**place)}
    assert len(stored_files()) == 5
    (more,) = tag_undamaged([mosaic], question, count=7)  # of the size that was asked for before
    assert (more.added, more.already, more.size_px) == (2, 5, 20)


def test_another_seed_adds_other_squares(mosaic, question):
    tag_undamaged([mosaic], question, count=5, size_m=10)
    (result,) = tag_undamaged([mosaic], question, count=5, size_m=10, seed=1)
    assert (result.added, result.already) == (5, 0)
    assert not any(overlap(one, other) for one, other in combinations(squares(mosaic), 2))


def test_no_square_lies_over_what_somebody_could_not_tell_and_what_fits_is_taken(wide, question, volunteer):
    """A square of 100 px in the middle of 240 x 160 leaves strips of 70 and 30 px: no room for 80."""
    place = {"x_px": 70, "y_px": 30, "size_px": 100}
    tag = record_tag(tagger=volunteer, question=question, scene=wide, answer="unsure", **place)
    (result,) = tag_undamaged([wide], question, count=3, size_m=80 * wide.gsd_m)
    assert (result.added, result.without_room, result.tried_in_vain) == (0, 3, {"doubtful": 5000})
    delete_tag(tag, by=volunteer)
    assert tag_undamaged([wide], question, count=1, size_m=80 * wide.gsd_m)[0].added == 1


def test_what_somebody_said_no_to_is_no_obstacle(wide, question, volunteer):
    place = {"x_px": 0, "y_px": 0, "size_px": 128}
    record_tag(tagger=volunteer, question=question, scene=wide, answer="negative", **place)
    (result,) = tag_undamaged([wide], question, count=1, size_m=150 * wide.gsd_m)
    assert result.added == 1  # whatever 150 px of 240 x 160 are drawn, some of them lie over the crop


def test_no_square_lies_over_what_an_admin_took_out_of_use(wide, question, volunteer, site_admin):
    place = {"x_px": 70, "y_px": 30, "size_px": 100}
    tag = record_tag(tagger=volunteer, question=question, scene=wide, answer="negative", **place)
    quarantine_crop(tag.crop, by=site_admin, reason="a face")
    assert tag_undamaged([wide], question, count=1, size_m=80 * wide.gsd_m)[0].added == 0


def test_room_for_fewer_squares_than_asked_gives_those_that_fit(wide, question):
    """Of squares of 90 px, 240 x 160 px hold two at most: one row of them, as 2 x 90 is more than 160."""
    (result,) = tag_undamaged([wide], question, count=9, size_m=90 * wide.gsd_m)
    assert 1 <= result.added <= 2
    assert (result.without_room, result.tried_in_vain) == (9 - result.added, {"occupied": 5000})


def test_little_room_is_found_however_little_it_is(wide, question, volunteer):
    """Between crops that nobody could tell, a single corridor of 84 px is left: 5 x 81 of 161 x 81 places do."""
    for x_px, size_px in ((0, 78), (0, 78), (162, 78)):
        for y_px in (0, 160 - size_px):
            place = {"x_px": x_px, "y_px": y_px, "size_px": size_px}
            record_tag(tagger=volunteer, question=question, scene=wide, answer="unsure", **place)
    (result,) = tag_undamaged([wide], question, count=1, size_m=80 * wide.gsd_m)
    assert result.added == 1
    (square,) = squares(wide) - {Square(x, y, 78) for x in (0, 162) for y in (0, 82)}
    assert 78 <= square.x_px <= 82


def test_the_size_is_the_median_of_peoples_crops_on_the_ground(mosaic, question, volunteer, town):
    for number, (size_px, gsd_m) in enumerate([(20, 0.5), (24, 0.5), (400, 0.1), (9000, None)]):
        crop = Crop.objects.create(town=town, size_px=size_px, gsd_m=gsd_m, sha256=f"{number:064}")
        Tag.objects.create(crop=crop, question=question, tagger=volunteer, answer="positive")
    (result,) = tag_undamaged([mosaic], question, count=1)
    assert (result.size_px, result.note) == (24, "")  # 10, 12 and 40 m


def test_without_known_ground_sizes_the_questions_pixels_are_taken_and_said(mosaic, scene, question):
    question.crop_size_px = 30
    question.save()
    of_mosaic, of_photo = tag_undamaged([mosaic, scene], question, count=2)
    assert (of_mosaic.size_px, of_photo.size_px, of_photo.size_m) == (30, 30, None)
    assert "no tagged crop has a known ground size" in of_mosaic.note
    assert "ground size unknown" in of_photo.note
    assert tag_undamaged([scene], question, count=1, size_m=5, seed=3)[0].size_px == 30


def test_a_turned_photos_squares_are_those_of_the_photo_as_shown(question, tmp_path):
    question.crop_size_px = 16
    question.save()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(gradient(60, 20)).save(tmp_path / "turned.png", exif=exif)
    photo = ingest_photo(tmp_path / "turned.png", event="Spared", town="Lejos").scene
    assert (photo.width_px, photo.height_px) == (20, 60)
    (result,) = tag_undamaged([photo], question, count=3)
    assert result.added >= 1
    crop = photo.crops.first()
    assert np.asarray(Image.open(crop.image))[0, 0].tolist() == [crop.y_px, 19 - crop.x_px, 7]


def test_removing_takes_the_tags_back_and_keeps_history_and_crops(mosaic, wide, question, volunteer):
    tag_undamaged([mosaic, wide], question, count=4, size_m=10)
    record_tag(
        tagger=volunteer, question=question, scene=mosaic, answer="negative", x_px=0, y_px=0, size_px=16
    )
    before = squares(mosaic)
    (result,) = untag_undamaged([mosaic], question)
    assert result.removed == 4
    assert list(Tag.objects.filter(crop__scene=mosaic).values_list("tagger__username", flat=True)) == ["rosa"]
    assert Tag.objects.filter(crop__scene=wide).count() == 4
    assert squares(mosaic) == before
    assert TagChange.objects.filter(answer="", changed_by__username="undamaged").count() == 4
    assert untag_undamaged([mosaic], question)[0].removed == 0


def test_squares_that_were_taken_back_come_again_and_block_no_others(wide, question):
    tag_undamaged([wide], question, count=3, size_m=10)
    places, files = squares(wide), stored_files()
    untag_undamaged([wide], question)
    assert tag_undamaged([wide], question, count=1, size_m=150 * wide.gsd_m)[0].added == 1
    untag_undamaged([wide], question)
    assert tag_undamaged([wide], question, count=3, size_m=10)[0].added == 3
    assert Tag.objects.count() == 3
    assert len(stored_files()) == len(files) + 1
    assert places < squares(wide)


def test_nothing_is_removed_where_nothing_was_tagged(mosaic, question):
    assert untag_undamaged([mosaic], question)[0].removed == 0
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"count": 0}, "At least one square"),
        ({"size_m": 0.0}, "size above 0"),
        ({"size_m": float("nan")}, "size above 0"),
        ({"size_m": 1.0}, "would have 2 px"),
        ({"size_m": 9999.0}, "would have"),
        ({"size_m": 120.0}, "too small"),
        ({"buffer_m": 0.0}, "A distance to keep"),
        ({"buffer_m": float("inf")}, "A distance to keep"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(mosaic, question, options, problem):
    with pytest.raises(Refused, match=problem):
        tag_undamaged([mosaic], question, **options)
    assert (Crop.objects.count(), User.objects.count()) == (0, 0)


def test_a_scene_where_somebody_saw_damage_is_refused_and_no_other_scene_is_tagged(
    tag, scene, mosaic, question
):
    with pytest.raises(Refused, match=r"street\.png is not undamaged: 1 of its tags"):
        tag_undamaged([mosaic, scene], question, count=2, size_m=10)
    assert Crop.objects.count() == 1


def let_damage_be_seen_meanwhile(monkeypatch, **by) -> None:
    """Somebody tags a square "yes" after the random ones are drawn, and before they are stored."""
    draw = background_negatives._drawn

    def and_somebody_tags(*args):
        drawn = draw(*args)
        record_tag(answer="positive", **by, **SQUARE)
        return drawn

    monkeypatch.setattr(background_negatives, "_drawn", and_somebody_tags)


def test_a_scene_where_somebody_sees_damage_meanwhile_is_refused_too(
    mosaic, question, volunteer, monkeypatch
):
    let_damage_be_seen_meanwhile(monkeypatch, tagger=volunteer, question=question, scene=mosaic)
    with pytest.raises(Refused, match="not undamaged"):
        tag_undamaged([mosaic], question, count=2, size_m=10)
    assert (Crop.objects.count(), stored_files()) == (1, [])


def offer(monkeypatch, *places: tuple[int, int]) -> None:
    """Let these places be tried, one after the other and all over again."""

    class InTurn:
        def __init__(self, seed):
            self._numbers = cycle(chain.from_iterable(places))

        def randint(self, least, most):
            return next(self._numbers)

    monkeypatch.setattr(squares_module, "Random", InTurn)


@pytest.mark.parametrize("answer", ["positive", "unsure"])
def test_squares_lie_beyond_the_buffer_around_what_somebody_doubts_from_edge_to_edge(
    wide, question, volunteer, monkeypatch, answer
):
    """The crop ends at 60, 60. At 90, 100 a square is 30 px across and 40 px down from it: 50 px away."""
    place = {"x_px": 40, "y_px": 40, "size_px": 20}
    record_tag(tagger=volunteer, question=question, scene=wide, answer=answer, **place)
    offer(monkeypatch, (90, 100), (90, 99), (110, 40), (109, 40), (0, 0))
    (result,) = tag_undamaged([wide], question, count=5, size_m=20 * wide.gsd_m, buffer_m=50 * wide.gsd_m)
    assert (result.added, result.without_room) == (2, 3)
    assert result.tried_in_vain == {
        "doubtful": 3000,
        "occupied": 2000,
    }  # of five places three, and the two taken
    assert squares(wide) == {Square(90, 100, 20), Square(110, 40, 20), Square(**place)}


def test_no_buffer_lies_around_a_no_or_the_answers_to_another_question(
    wide, question, volunteer, monkeypatch
):
    other = Question.objects.create(slug="tents", text="Tents?")
    for about, answer in [(question, "negative"), (other, "positive")]:
        place = {"x_px": 40, "y_px": 40, "size_px": 20}
        record_tag(tagger=volunteer, question=about, scene=wide, answer=answer, **place)
    offer(monkeypatch, (60, 40))
    assert tag_undamaged([wide], question, count=1, size_m=20 * wide.gsd_m, buffer_m=9)[0].added == 1


def test_the_same_seed_gives_the_same_squares_off_the_damage(wide, question, volunteer):
    record_tag(tagger=volunteer, question=question, scene=wide, answer="positive", **SQUARE)
    options = {"count": 4, "size_m": 10, "buffer_m": 20 * wide.gsd_m}
    assert tag_undamaged([wide], question, **options)[0].added == 4
    first = squares(wide)
    assert tag_undamaged([wide], question, **options)[0].already == 4
    untag_undamaged([wide], question)
    assert tag_undamaged([wide], question, **options)[0].added == 4
    assert squares(wide) == first
    doubt = outline(Square(**SQUARE))
    assert all(outline(one).distance(doubt) >= 20 for one in first - {Square(**SQUARE)})


def test_squares_that_lie_near_a_later_doubt_must_be_taken_back_first(wide, question, volunteer):
    options = {"count": 2, "size_m": 10, "buffer_m": 200 * wide.gsd_m}
    tag_undamaged([wide], question, **options)
    record_tag(tagger=volunteer, question=question, scene=wide, answer="unsure", **SQUARE)
    with pytest.raises(Refused, match=r"lie too near to what people tagged: 2.*--remove"):
        tag_undamaged([wide], question, **options)
    untag_undamaged([wide], question)
    assert tag_undamaged([wide], question, **options)[0].without_room == 2


def test_damage_seen_meanwhile_near_a_new_square_is_noticed(wide, question, volunteer, monkeypatch):
    let_damage_be_seen_meanwhile(monkeypatch, tagger=volunteer, question=question, scene=wide)
    with pytest.raises(Refused, match="too near"):
        tag_undamaged([wide], question, count=2, size_m=10, buffer_m=999)
    assert (Crop.objects.count(), stored_files()) == (1, [])


def test_metres_cannot_be_kept_where_the_ground_size_is_unknown(scene, question):
    with pytest.raises(Refused, match=r"ground size of .* is unknown"):
        tag_undamaged([scene], question, count=2, buffer_m=5)


def test_a_closed_question_is_refused_but_squares_can_be_taken_back(mosaic, question):
    tag_undamaged([mosaic], question, count=2, size_m=10)
    question.is_open = False
    question.save()
    with pytest.raises(Refused, match="is closed"):
        tag_undamaged([mosaic], question, count=2, size_m=10)
    assert untag_undamaged([mosaic], question)[0].removed == 2


def test_a_town_held_out_towns_is_refused(mosaic, question, settings):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, test_towns=("spared/lejos",))
    with pytest.raises(Refused, match="Lejos is kept for tests"):
        tag_undamaged([mosaic], question, count=2, size_m=10)


def test_a_person_of_the_accounts_name_is_not_written_for(mosaic, question):
    create_account(username="undamaged", password="practice-tags", role=Role.VOLUNTEER)
    with pytest.raises(Refused, match="is a person's"):
        tag_undamaged([mosaic], question, count=2, size_m=10)
    assert not Tag.objects.exists()


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), IntegrityError("twice")])
def test_when_the_rows_cannot_be_written_nothing_stays(mosaic, question, monkeypatch, failure):
    def fail(*args, **kwargs):
        raise failure

    monkeypatch.setattr(undamaged, "store_many", fail)
    with pytest.raises((KeyboardInterrupt, Refused)):
        tag_undamaged([mosaic], question, count=2, size_m=10)
    assert (Crop.objects.count(), stored_files()) == (0, [])


def test_ctrl_c_while_squares_are_cut_keeps_all_tags_and_the_rest_is_cut_later(mosaic, wide, question):
    def interrupt(done, total):
        assert total == 6
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tag_undamaged([mosaic, wide], question, count=3, size_m=10, progress=interrupt)
    assert (Tag.objects.count(), len(stored_files())) == (6, 3)
    cut_pending_crops()
    assert len(stored_files()) == 6
    assert tag_undamaged([mosaic, wide], question, count=3, size_m=10)[1].already == 3


def test_volunteers_see_nothing_of_the_account(mosaic, question, volunteer, api):
    tag_undamaged([mosaic], question, count=2, size_m=10)
    api.force_authenticate(volunteer)
    assert api.get("/api/v1/tags/").json()["count"] == 0
    api.force_authenticate(create_account(username="vera", password="x", role=Role.VERIFIER))
    answer = api.get("/api/v1/tags/").json()
    assert [tag["tagger"] for tag in answer["results"]] == ["undamaged", "undamaged"]
    assert api.get("/api/v1/tags/?mine=true").json()["count"] == 0


def test_the_command_says_what_came_of_it(mosaic, capsys):
    command = ["tag_undamaged", "mosaic.tif", "--count", "2", "--size-m", "10"]
    call_command(*command)
    assert capsys.readouterr().out == "mosaic.tif: 2 added, 0 already there; 20 px (10.004 m)\n"
    call_command(*command, "--json")
    (printed,) = json.loads(capsys.readouterr().out)["scenes"]
    assert (printed["scene"], printed["added"], printed["already"]) == (mosaic.pk, 0, 2)
    call_command("tag_undamaged", str(mosaic.pk), "--remove")
    assert capsys.readouterr().out == "mosaic.tif: 2 taken back\n"


def test_the_command_refuses_what_is_not_there(mosaic):
    with pytest.raises(CommandError, match=r"no scene nowhere\.tif"):
        call_command("tag_undamaged", "nowhere.tif")
    with pytest.raises(CommandError, match="no question water"):
        call_command("tag_undamaged", "mosaic.tif", "--question", "water")
