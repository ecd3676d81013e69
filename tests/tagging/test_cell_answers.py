"""What a person is asked about in a scene, and that each answer counts once and is taken back to what was before."""

from base64 import b64decode

import numpy as np
import pytest

from damage.ingestion.services import ingest_mosaic
from tagging.limits import check_size_for
from tagging.models import Tag, TagChange
from tagging.services import record_tag
from tagging.square_side import asked_side_px
from tests.ingestion.conftest import geotiff  # noqa: F401
from tests.tagging.conftest import SQUARE

TAGS = "/api/v1/tags/"


@pytest.fixture
def mosaic(geotiff, db):  # noqa: F811
    """300 x 200 px of half a metre: 150 m x 100 m; its right third shows nothing."""
    mask = np.full((200, 300), 255, np.uint8)
    mask[:, 200:] = 0
    pixels = np.full((3, 200, 300), 90, np.uint8)
    return ingest_mosaic(geotiff(pixels=pixels, mask=mask), event="Practice quake", town="Altamira").scene


@pytest.mark.parametrize(
    ("size_m", "gsd_m", "side_px"),
    [
        (15.0, 0.05, 300),
        (15.0, 0.5, 30),
        (15.0, 0.02, 750),
        (15.0, None, 299),  # nobody knows: the question's pixels
        (None, 0.05, 299),
        (15.0, 5.0, 16),  # three pixels would show nothing: the least that a square may have
        (900.0, 0.01, 4096),
    ],
)
def test_a_square_has_as_many_metres_whatever_the_height_of_the_flight(size_m, gsd_m, side_px):
    assert asked_side_px(size_m=size_m, size_px=299, gsd_m=gsd_m) == side_px


def test_the_first_question_asks_for_fifteen_metres(question):
    assert (question.crop_size_m, question.crop_size_px) == (15.0, 299)


def test_what_is_far_from_the_questions_ground_is_refused(mosaic, question, volunteer):
    """15 m are 30 px here; four times that is the most, whatever 299 px would allow."""
    check_size_for(120, asked_px=question.side_px(mosaic), width_px=300, height_px=200)
    with pytest.raises(Exception, match="30 px; 150 px are too far"):
        record_tag(
            tagger=volunteer, question=question, scene=mosaic, x_px=0, y_px=0, size_px=150, answer="positive"
        )


def test_the_cells_of_a_mosaic_and_which_of_them_show_ground(api, volunteer, question, mosaic):
    question.crop_size_m = 50  # 100 px
    question.save()
    api.force_authenticate(volunteer)
    facts = api.get(f"/api/v1/scenes/{mosaic.pk}/cells/", {"question": "damage"}).json()
    assert (facts["size_px"], facts["xs"], facts["ys"], facts["mine"]) == (100, [0, 100, 200], [0, 100], [])
    assert b64decode(facts["asked"]) == bytes([0b11011000])  # the third of each row is nodata


def test_ones_own_answers_come_with_the_cells_and_nobody_elses(
    api, volunteer, other_volunteer, question, scene, tag
):
    record_tag(tagger=other_volunteer, question=question, scene=scene, answer="negative", **SQUARE)
    for person, mine in ((volunteer, [[40, 24, 32, "positive", tag.pk]]), (other_volunteer, "negative")):
        api.force_authenticate(person)
        found = api.get(f"/api/v1/scenes/{scene.pk}/cells/", {"question": "damage"}).json()["mine"]
        assert found == mine if isinstance(mine, list) else [row[3] for row in found] == [mine]


def test_all_of_many_answers_come(api, volunteer, question, scene):
    """Before, a page of 1,000 was read and no further."""
    tags = [
        record_tag(tagger=volunteer, question=question, scene=scene, answer="negative", **place)
        for place in ({"x_px": x, "y_px": y, "size_px": 30} for x in range(60) for y in range(18))
    ]
    api.force_authenticate(volunteer)
    facts = api.get(f"/api/v1/scenes/{scene.pk}/cells/", {"question": "damage"}).json()
    assert sorted(row[4] for row in facts["mine"]) == sorted(tag.pk for tag in tags)
    assert len(tags) == 1080


@pytest.mark.parametrize("query", [{}, {"question": "none"}, {"question": "x\x00"}])
def test_without_a_question_there_are_no_cells(api, volunteer, scene, query):
    api.force_authenticate(volunteer)
    assert api.get(f"/api/v1/scenes/{scene.pk}/cells/", query).status_code == 404


@pytest.fixture
def answer(api, volunteer, scene, question):
    """The volunteer sends an answer for a square under a name; gives what the server says was there before."""
    api.force_authenticate(volunteer)

    def send(value: str, sent_as: str = "") -> str:
        body = {"scene": scene.pk, "question": "damage", "answer": value, "sent_as": sent_as, **SQUARE}
        response = api.post(TAGS, body)
        assert response.status_code == 201, response.data
        return response.json()["answer_before"]

    return send


def test_the_server_says_what_an_answer_replaced(answer):
    assert [answer(value) for value in ("positive", "negative", "negative", "unsure")] == [
        "", "positive", "negative", "negative",
    ]  # fmt: skip


def test_an_answer_that_comes_twice_counts_once_and_is_told_the_same(answer):
    answer("positive", "first")
    assert answer("negative", "second") == "positive"
    assert answer("negative", "second") == "positive"
    assert list(TagChange.objects.values_list("answer", "sent_as")) == [
        ("positive", "first"), ("negative", "second"),
    ]  # fmt: skip


def test_an_old_answer_that_comes_again_late_does_not_undo_a_newer_one(answer):
    answer("positive", "first")
    answer("negative", "second")
    assert answer("positive", "first") == ""
    assert Tag.objects.get().answer == "negative"


def test_what_was_taken_back_in_between_is_nothing_to_go_back_to(answer, api):
    answer("positive", "first")
    api.delete(f"{TAGS}{Tag.objects.get().pk}/")
    assert answer("negative", "second") == ""
    assert answer("negative", "second") == ""
