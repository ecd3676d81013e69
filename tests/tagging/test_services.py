"""What happens when people tag."""

import pytest
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import translation

from damage.commits import committed
from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind
from tagging import services
from tagging.crowd import crowd_of
from tagging.models import Crop, Tag, TagChange
from tagging.recompute_requests import request_recomputing_when_due
from tagging.services import change_tag, delete_tag, record_tag
from tests.tagging.conftest import SQUARE


def history(tag: Tag) -> list[tuple[str, str]]:
    changes = TagChange.objects.filter(crop=tag.crop, question=tag.question, tagger=tag.tagger)
    return [(change.answer, change.changed_by.username) for change in changes]


def test_a_tag_is_stored_without_opening_any_file(volunteer, question, scene):
    default_storage.delete(scene.file.name)
    default_storage.delete(scene.view_file.name)
    tag = record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert (tag.answer, tag.crop.sha256, tag.crop.image.name) == ("positive", "", "")
    assert history(tag) == [("positive", "rosa")]


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


def test_two_people_share_one_crop(tag, other_volunteer, question, scene):
    theirs = record_tag(tagger=other_volunteer, question=question, scene=scene, answer="negative", **SQUARE)
    assert theirs.crop == tag.crop
    assert Tag.objects.count() == 2
    assert Crop.objects.count() == 1


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
    assert Crop.objects.count() == 1


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


@pytest.mark.parametrize("corner", [(0, 0), (168, 0), (0, 88), (168, 88)])
def test_it_takes_squares_that_touch_the_edge(corner, volunteer, question, scene):
    x_px, y_px = corner
    tag = record_tag(
        tagger=volunteer, question=question, scene=scene, x_px=x_px, y_px=y_px, size_px=32, answer="unsure"
    )
    assert (tag.crop.x_px, tag.crop.y_px) == (x_px, y_px)


def test_it_refuses_an_unknown_answer(volunteer, question, scene):
    with pytest.raises(Refused, match="maybe"):
        record_tag(tagger=volunteer, question=question, scene=scene, answer="maybe", **SQUARE)
    assert not Crop.objects.exists()


def test_a_closed_question_takes_no_answers_and_no_changes(tag, volunteer, other_volunteer, question, scene):
    question.is_open = False
    question.save()
    with pytest.raises(Refused, match="closed"):
        record_tag(tagger=other_volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    with pytest.raises(Refused, match="closed"):
        change_tag(Tag.objects.get(), by=volunteer, answer="negative")


def test_no_crop_stays_without_its_tag(monkeypatch, volunteer, question, scene):
    def fail(*args):
        raise RuntimeError("the disk of the database is full")

    monkeypatch.setattr(services, "_store_first_answer", fail)
    with pytest.raises(RuntimeError):
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert not Crop.objects.exists()


def test_when_somebody_was_faster_both_tag_their_crop(
    monkeypatch, volunteer, other_volunteer, question, scene
):
    def commit_after_another_tagged(work):
        monkeypatch.setattr(services, "committed", committed)
        record_tag(tagger=other_volunteer, question=question, scene=scene, answer="negative", **SQUARE)
        return committed(work)

    monkeypatch.setattr(services, "committed", commit_after_another_tagged)
    tag = record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert Crop.objects.get() == tag.crop
    assert dict(Tag.objects.values_list("tagger__username", "answer")) == {
        "rosa": "positive",
        "tomas": "negative",
    }


def test_it_works_inside_a_transaction_of_the_caller(volunteer, question, scene):
    with transaction.atomic():
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
    assert Tag.objects.count() == 1


def test_tagging_takes_few_queries(volunteer, other_volunteer, question, scene, django_assert_num_queries):
    given = {"question": question, "scene": scene, **SQUARE}
    crowd_of(question.pk)  # both are looked up once a minute in each process
    request_recomputing_when_due(question)
    # The crop looked up; savepoint, crop, tag, history, the crop's state, savepoint released.
    with django_assert_num_queries(7):
        record_tag(tagger=volunteer, answer="positive", **given)
    # The crop looked up; savepoint, tag looked up, tag, history; state locked, tags, state; released.
    with django_assert_num_queries(9):
        record_tag(tagger=other_volunteer, answer="negative", **given)


def test_a_refusal_names_the_question_in_the_readers_language(volunteer, question, scene):
    question.is_open = False
    question.save()
    with translation.override("es"), pytest.raises(Refused, match="¿Hay daños por el sismo\\?"):
        record_tag(tagger=volunteer, question=question, scene=scene, answer="positive", **SQUARE)
