"""What happens when people tag."""

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation
from PIL import Image

from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from tagging import services
from tagging.models import Crop, Tag, TagChange
from tagging.services import change_tag, delete_tag, record_tag
from tests.tagging.conftest import SQUARE


def stored_crops() -> list[str]:
    return default_storage.listdir("crops")[1] if default_storage.exists("crops") else []


def history(tag: Tag) -> list[tuple[str, str]]:
    changes = TagChange.objects.filter(crop=tag.crop, question=tag.question, tagger=tag.tagger)
    return [(change.answer, change.changed_by.username) for change in changes]


def test_a_tag_keeps_the_squares_own_pixels(tag):
    pixels = np.asarray(Image.open(tag.crop.image))
    assert pixels.shape == (32, 32, 3)
    assert pixels[0, 0].tolist() == [40, 24, 7]
    assert pixels[31, 31].tolist() == [71, 55, 7]


def test_a_crop_knows_its_place_and_town(tag, town, scene):
    crop = tag.crop
    assert (crop.town, crop.scene, crop.x_px, crop.y_px, crop.size_px) == (town, scene, 40, 24, 32)


def test_a_crop_of_a_mosaic_knows_where_it_lies(volunteer, question, scene):
    """In EPSG:4326 with a tenth of a degree a pixel, the centre (56, 40) is 5.6 degrees east, 4 south."""
    Scene.objects.filter(pk=scene.pk).update(
        kind=SceneKind.MOSAIC, crs_wkt="EPSG:4326", transform=[0.1, 0, 30, 0, -0.1, 40], gsd_m=0.5
    )
    scene.refresh_from_db()
    crop = record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE).crop
    assert (crop.lon, crop.lat) == pytest.approx((35.6, 36.0))
    assert crop.gsd_m == 0.5


def test_two_people_share_one_crop_and_one_file(tag, other_volunteer, question, scene):
    theirs = record_tag(tagger=other_volunteer, question=question, scene=scene, answer="negative", **SQUARE)
    assert theirs.crop == tag.crop
    assert Tag.objects.count() == 2
    assert len(stored_crops()) == 1


def test_a_second_answer_changes_the_first_and_keeps_its_history(tag, volunteer, question, scene):
    again = record_tag(tagger=volunteer, question=question, scene=scene, answer="unsure", **SQUARE)
    assert again.pk == tag.pk
    assert Tag.objects.get().answer == "unsure"
    assert history(tag) == [("positive", "rosa"), ("unsure", "rosa")]


def test_the_same_answer_again_is_no_change(tag, volunteer, question, scene):
    record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert history(tag) == [("positive", "rosa")]


def test_changing_keeps_history(tag, volunteer):
    change_tag(tag, by=volunteer, answer="negative")
    assert Tag.objects.get().answer == "negative"
    assert history(tag) == [("positive", "rosa"), ("negative", "rosa")]


def test_nobody_changes_anothers_tag_not_even_an_admin(tag, site_admin):
    with pytest.raises(Refused, match="Only the person who tagged"):
        change_tag(tag, by=site_admin, answer="negative")


def test_deleting_keeps_history_and_crop(tag, volunteer):
    delete_tag(tag, by=volunteer)
    assert not Tag.objects.exists()
    assert [(change.answer, change.tagger) for change in TagChange.objects.all()] == [
        ("positive", volunteer),
        ("", volunteer),
    ]
    assert Crop.objects.count() == len(stored_crops()) == 1


def test_an_admin_deletes_anybodys_and_history_says_who(tag, site_admin):
    delete_tag(tag, by=site_admin)
    assert TagChange.objects.last().changed_by == site_admin


def test_a_verifier_does_not_delete_anothers(tag, verifier):
    with pytest.raises(Refused):
        delete_tag(tag, by=verifier)
    assert Tag.objects.exists()


@pytest.mark.parametrize(
    "square",
    [
        {"x_px": -1, "y_px": 0, "size_px": 32},
        {"x_px": 0, "y_px": -1, "size_px": 32},
        {"x_px": 169, "y_px": 0, "size_px": 32},
        {"x_px": 0, "y_px": 89, "size_px": 32},
        {"x_px": 0, "y_px": 0, "size_px": 121},
        {"x_px": 0, "y_px": 0, "size_px": 15},
        {"x_px": 10**9, "y_px": 0, "size_px": 32},
    ],
)
def test_it_refuses_a_square_that_is_too_small_or_not_wholly_inside(square, volunteer, question, scene):
    with pytest.raises(Refused):
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **square)
    assert not Crop.objects.exists()
    assert stored_crops() == []


@pytest.mark.parametrize("corner", [(0, 0), (168, 0), (0, 88), (168, 88)])
def test_it_takes_squares_that_touch_the_edge(corner, volunteer, question, scene):
    x_px, y_px = corner
    tag = record_tag(
        tagger=volunteer, question=question, scene=scene, x_px=x_px, y_px=y_px, size_px=32, answer="unsure"
    )
    assert np.asarray(Image.open(tag.crop.image))[0, 0].tolist() == [x_px, y_px, 7]


def test_it_refuses_an_unknown_answer(volunteer, question, scene):
    with pytest.raises(Refused, match="maybe"):
        record_tag(tagger=volunteer, question=question, scene=scene, answer="maybe", **SQUARE)
    assert stored_crops() == []


def test_a_closed_question_takes_no_answers_and_no_changes(tag, volunteer, other_volunteer, question, scene):
    question.is_open = False
    question.save()
    with pytest.raises(Refused, match="closed"):
        record_tag(tagger=other_volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    with pytest.raises(Refused, match="closed"):
        change_tag(Tag.objects.get(), by=volunteer, answer="negative")


def test_no_file_stays_when_the_rows_fail(monkeypatch, volunteer, question, scene):
    def fail(*args):
        raise RuntimeError("the disk of the database is full")

    monkeypatch.setattr(services, "_store_answer", fail)
    with pytest.raises(RuntimeError):
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert stored_crops() == []
    assert not Crop.objects.exists()


def test_when_somebody_was_faster_their_crop_stays_and_ours_goes(
    monkeypatch, volunteer, other_volunteer, question, scene
):
    cut = services.cut_crop

    def cut_while_another_tags(*square):
        monkeypatch.setattr(services, "cut_crop", cut)
        record_tag(tagger=other_volunteer, question=question, scene=scene, answer="negative", **SQUARE)
        return cut(*square)

    monkeypatch.setattr(services, "cut_crop", cut_while_another_tags)
    tag = record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert Crop.objects.count() == 1
    assert Tag.objects.filter(crop=tag.crop).count() == 2
    assert stored_crops() == [tag.crop.image.name.removeprefix("crops/")]
    assert default_storage.exists(tag.crop.image.name)


def test_it_works_inside_a_transaction_of_the_caller(volunteer, question, scene):
    with transaction.atomic():
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert Tag.objects.count() == 1


def test_tagging_a_known_square_takes_few_queries(
    tag, other_volunteer, question, scene, django_assert_max_num_queries
):
    """The crop; the tag's look-up, savepoints and insert; its history."""
    with django_assert_max_num_queries(9):
        record_tag(tagger=other_volunteer, question=question, scene=scene, answer="negative", **SQUARE)


def test_a_refusal_names_the_question_in_the_readers_language(volunteer, question, scene):
    question.is_open = False
    question.save()
    with translation.override("es"), pytest.raises(Refused, match="¿Hay daños por el sismo\\?"):
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
