"""Who may do what with tags, told as stories."""

from io import BytesIO

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image

from damage.ingestion.services import ingest_mosaic
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Tag, TagChange
from tagging.services import record_tag
from tests.ingestion.conftest import geotiff  # noqa: F401
from tests.tagging.conftest import SQUARE, gradient

TAGS = "/api/v1/tags/"


def listed(response) -> list[int]:
    assert response.status_code == 200
    return [row["id"] for row in response.json()["results"]]


def at(tag) -> str:
    return f"{TAGS}{tag.pk}/"


@pytest.fixture
def theirs(other_volunteer, question, scene):
    """Another volunteer saw no damage in the same square."""
    return record_tag(tagger=other_volunteer, question=question, scene=scene, answer="negative", **SQUARE)


def test_nobody_tags_without_an_account(api, scene, question):
    body = {"scene": scene.pk, "question": "damage", "answer": "positive", **SQUARE}
    assert api.post(TAGS, body).status_code in (401, 403)
    for address in (TAGS, "/api/v1/crops/", "/api/v1/questions/"):
        assert api.get(address).status_code in (401, 403)


def test_a_volunteer_tags_a_square(api, volunteer, scene, question):
    api.force_authenticate(volunteer)
    body = {"scene": scene.pk, "question": "damage", "answer": "positive", **SQUARE}
    response = api.post(TAGS, body)
    assert response.status_code == 201
    assert response.json() | SQUARE == response.json()
    assert {key: response.json()[key] for key in ("answer", "tagger", "scene_name", "town_name")} == {
        "answer": "positive",
        "tagger": "rosa",
        "scene_name": "street.png",
        "town_name": "Altamira",
    }
    assert Tag.objects.get().tagger == volunteer


def test_a_tag_costs_few_queries_from_session_to_answer(
    client, volunteer, scene, question, django_assert_num_queries
):
    """Session, person, scene, question, the minute's share, town, crop; then a savepoint, crop, tag, history, state.

    The state is what the answer says of its crop: the queue would count all tags without it.
    What they gave in the day is counted once, and not again before they can have reached their share.
    """
    client.force_login(volunteer)
    body = {"scene": scene.pk, "question": "damage", "answer": "positive", **SQUARE}
    assert client.post(TAGS, body, content_type="application/json").status_code == 201
    body["x_px"] += 1
    with django_assert_num_queries(13):
        assert client.post(TAGS, body, content_type="application/json").status_code == 201


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"answer": "perhaps"}, "detail"),
        ({"scene": 10**6}, "scene"),
        ({"question": "fire"}, "question"),
        ({"x_px": "left"}, "x_px"),
        ({"x_px": 190}, "detail"),
        ({"size_px": 4}, "detail"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(wrong, named, api, volunteer, scene, question):
    api.force_authenticate(volunteer)
    body = {"scene": scene.pk, "question": "damage", "answer": "positive", **SQUARE, **wrong}
    response = api.post(TAGS, body)
    assert response.status_code == 400
    assert named in response.json()


def test_a_closed_question_refuses_in_words(api, volunteer, scene, question):
    question.is_open = False
    question.save()
    api.force_authenticate(volunteer)
    response = api.post(TAGS, {"scene": scene.pk, "question": "damage", "answer": "unsure", **SQUARE})
    assert response.status_code == 400
    assert "closed" in response.json()["detail"]
    assert response.json()["remedy"]


def test_a_volunteer_sees_their_own_tags_alone(api, volunteer, tag, theirs):
    api.force_authenticate(volunteer)
    assert listed(api.get(TAGS)) == [tag.pk]
    assert api.get(at(theirs)).status_code == 404


def test_a_volunteer_neither_changes_nor_deletes_anothers_tag(api, volunteer, theirs):
    api.force_authenticate(volunteer)
    assert api.patch(at(theirs), {"answer": "positive"}).status_code == 404
    assert api.delete(at(theirs)).status_code == 404
    theirs.refresh_from_db()
    assert theirs.answer == "negative"


@pytest.mark.parametrize("role", ["verifier", "analyst", "site_admin"])
def test_those_who_check_list_everybodys_tags_and_change_none(role, request, api, tag, theirs):
    api.force_authenticate(request.getfixturevalue(role))
    assert listed(api.get(TAGS)) == [theirs.pk, tag.pk]
    assert listed(api.get(TAGS, {"mine": "true"})) == []
    assert api.get(at(tag)).status_code == 200
    assert api.patch(at(tag), {"answer": "unsure"}).status_code == 404


@pytest.mark.parametrize("role", ["verifier", "analyst"])
def test_those_who_check_delete_none_of_others(role, request, api, tag):
    api.force_authenticate(request.getfixturevalue(role))
    assert api.delete(at(tag)).status_code == 404
    assert Tag.objects.exists()


def test_an_admin_deletes_anybodys(api, site_admin, tag):
    api.force_authenticate(site_admin)
    assert api.delete(at(tag)).status_code == 204
    assert TagChange.objects.last().changed_by == site_admin


def test_a_volunteer_changes_and_deletes_their_own(api, volunteer, tag):
    api.force_authenticate(volunteer)
    assert api.patch(at(tag), {"answer": "unsure"}).json()["answer"] == "unsure"
    assert api.patch(at(tag), {"answer": "perhaps"}).status_code == 400
    assert api.delete(at(tag)).status_code == 204
    assert listed(api.get(TAGS)) == []


def test_a_tag_is_not_replaced_as_a_whole(api, volunteer, tag):
    api.force_authenticate(volunteer)
    assert api.put(at(tag), {"answer": "unsure"}).status_code == 405


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"answer": "positive"}, 1),
        ({"answer": "negative"}, 0),
        ({"question": "damage"}, 1),
        ({"question": "water"}, 0),
        ({"mine": "1"}, 1),
    ],
)
def test_tags_are_filtered(filters, count, api, volunteer, tag):
    api.force_authenticate(volunteer)
    assert len(listed(api.get(TAGS, filters))) == count


def test_tags_are_filtered_by_scene_and_town(api, volunteer, tag, scene, town, other_town):
    api.force_authenticate(volunteer)
    assert listed(api.get(TAGS, {"scene": scene.pk, "town": town.pk})) == [tag.pk]
    assert listed(api.get(TAGS, {"town": other_town.pk})) == []


def test_listing_tags_takes_three_queries_however_many(
    api, volunteer, question, scene, django_assert_num_queries
):
    for x_px in range(0, 160, 32):
        place = {"x_px": x_px, "y_px": 0, "size_px": 32}
        record_tag(tagger=volunteer, question=question, scene=scene, answer="unsure", **place)
    api.force_authenticate(volunteer)
    with django_assert_num_queries(3):  # where the volunteer verifies, the count and the rows
        assert len(listed(api.get(TAGS))) == 5


def test_crops_are_listed_without_anybodys_answer(api, other_volunteer, tag):
    api.force_authenticate(other_volunteer)
    (row,) = api.get("/api/v1/crops/").json()["results"]
    assert row["id"] == tag.crop_id
    assert "answer" not in row
    assert "tags" not in row


def test_a_crops_image_is_its_pixels_and_private(api, other_volunteer, tag):
    cut_pending_crops()
    api.force_authenticate(other_volunteer)
    (row,) = api.get("/api/v1/crops/").json()["results"]
    response = api.get(row["image"])
    pixels = np.asarray(Image.open(BytesIO(b"".join(response.streaming_content))))
    assert np.array_equal(pixels, gradient(200, 120)[24:56, 40:72])
    assert response["Content-Type"] == "image/png"
    assert "private" in response["Cache-Control"]


def test_a_thumbnail_is_a_small_jpeg(api, volunteer, scene, question):
    place = {"x_px": 0, "y_px": 0, "size_px": 120}
    tag = record_tag(tagger=volunteer, question=question, scene=scene, answer="unsure", **place)
    api.force_authenticate(volunteer)
    for cut in (no_cutting, cut_pending_crops):
        cut()
        response = api.get(f"/api/v1/crops/{tag.crop_id}/thumbnail.jpg")
        assert response["Content-Type"] == "image/jpeg"
        picture = Image.open(BytesIO(response.content))
        assert picture.size == (120, 120)
        assert picture.getpixel((100, 50)) == pytest.approx((100, 50, 7), abs=12)


def no_cutting() -> None:
    """Leave crops as they are."""


def test_the_image_of_a_photos_square_is_given_once_it_is_cut(api, volunteer, tag):
    api.force_authenticate(volunteer)
    address = f"/api/v1/crops/{tag.crop_id}/image.png"
    response = api.get(address)
    assert (response.status_code, "Retry-After" in response.headers) == (503, True)
    assert "still being cut" in response.json()["detail"]
    cut_pending_crops()
    assert api.get(address).status_code == 200


def test_the_image_of_a_mosaics_square_is_given_at_once_and_nothing_is_written(
    api,
    volunteer,
    question,
    town,
    geotiff,  # noqa: F811
):
    mosaic = ingest_mosaic(
        geotiff(pixels=gradient(300, 200).transpose(2, 0, 1)), event="Practice quake", town="Altamira"
    ).scene
    tag = record_tag(tagger=volunteer, question=question, scene=mosaic, answer="positive", **SQUARE)
    api.force_authenticate(volunteer)
    address = f"/api/v1/crops/{tag.crop_id}/image.png"
    at_once = api.get(address).content
    assert not Crop.objects.with_pixels().exists()
    assert not default_storage.exists("crops")
    cut_pending_crops()
    assert b"".join(api.get(address).streaming_content) == at_once
    assert np.array_equal(np.asarray(Image.open(BytesIO(at_once))), gradient(300, 200)[24:56, 40:72])


@pytest.mark.parametrize("picture", ["image.png", "thumbnail.jpg"])
def test_a_crop_whose_file_is_gone_has_no_picture(api, volunteer, tag, picture):
    cut_pending_crops()
    default_storage.delete(Crop.objects.get().image.name)
    api.force_authenticate(volunteer)
    assert api.get(f"/api/v1/crops/{tag.crop_id}/{picture}").status_code == 404


def test_crop_images_are_not_for_strangers(api, tag):
    for file in ("image.png", "thumbnail.jpg"):
        assert api.get(f"/api/v1/crops/{tag.crop_id}/{file}").status_code in (401, 403)


def test_questions_speak_the_readers_language(api, volunteer, question):
    api.force_authenticate(volunteer)
    (english,) = api.get("/api/v1/questions/").json()["results"]
    (spanish,) = api.get("/api/v1/questions/", headers={"accept-language": "es"}).json()["results"]
    assert english["labels"]["positive"] == "Damage"
    assert spanish["labels"]["positive"] == "Daño"
    assert spanish["text"] == "¿Hay daños por el sismo?"


def test_a_question_without_spanish_words_speaks_english(api, volunteer, question):
    question.text_es = ""
    question.save()
    api.force_authenticate(volunteer)
    (row,) = api.get("/api/v1/questions/", headers={"accept-language": "es"}).json()["results"]
    assert row["text"] == "Is there earthquake damage?"
