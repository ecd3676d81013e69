"""An admin makes questions: through the API, which the page calls."""

import pytest

from tagging.models import Question
from tagging.services import delete_tag
from tagging.starting_points import STARTING_POINTS

QUESTIONS = "/api/v1/questions/"


def row(text, counts_as="neither", **more):
    return {"text": text, "counts_as": counts_as, **more}


WATER = {
    "text": "Is there water?",
    "text_es": "¿Hay agua?",
    "crop_size_m": 20,
    "answers": [row("Dry land", "negative", text_es="Seco"), row("Water", "positive", text_es="Agua")],
}


@pytest.fixture
def admin(api, site_admin):
    api.force_authenticate(site_admin)
    return api


def kept(question):
    """Keys, what they count as, and colours, as stored."""
    question.refresh_from_db()
    return [(one.key, one.counts_as.value, one.colour) for one in question.choices]


def as_written(question):
    """Its answers as the form sends them."""
    return [{name: one[name] for name in ("key", "text", "text_es", "counts_as")} for one in question.answers]


def test_an_admin_makes_a_question(admin):
    told = admin.post(QUESTIONS, WATER)
    assert told.status_code == 201
    question = Question.objects.get(slug="is-there-water")
    assert (question.crop_size_m, question.crop_size_px, question.is_open) == (20, 299, True)
    assert kept(question) == [("dry-land", "negative", 1), ("water", "positive", 0)]
    assert told.json()["labels"] == {"dry-land": "Dry land", "water": "Water", "unsure": "Can't tell"}
    assert told.json()["warnings"] == []


def test_names_are_made_apart(admin):
    """The second question of these words, and answers whose words make the same key."""
    admin.post(QUESTIONS, WATER)
    admin.post(QUESTIONS, {**WATER, "answers": [row("Water!"), row("Water?"), row("Unsure")]})
    question = Question.objects.get(slug="is-there-water-2")
    assert kept(question) == [("water", "neither", 2), ("water-2", "neither", 3), ("unsure-2", "neither", 4)]


def test_words_without_latin_letters_make_a_question_all_the_same(admin):
    admin.post(QUESTIONS, {"text": "洪水？", "answers": [row("有", "positive"), row("无", "negative")]})
    assert kept(Question.objects.get(slug="question")) == [
        ("answer", "positive", 0),
        ("answer-2", "negative", 1),
    ]


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"answers": [row("Yes")]}, "answers"),
        ({"answers": [row(str(number)) for number in range(6)]}, "answers"),
        ({"answers": [row("Yes"), row("yes")]}, "detail"),
        ({"answers": [row("Yes", text_es="Sí"), row("No", text_es="SÍ")]}, "detail"),
        ({"answers": [row("Yes"), row("No", "perhaps")]}, "answers"),
        ({"answers": [row("Yes"), row("No", key="no")]}, "detail"),  # no such answer is there
        ({"text": ""}, "text"),
        ({"text": "?" * 201}, "text"),
        ({"crop_size_m": 0.1}, "crop_size_m"),
        ({"crop_size_px": 5000}, "crop_size_px"),
        ({"slug": "damage"}, "detail"),
        ({"slug": "no blanks"}, "slug"),
    ],
)  # fmt: skip
def test_a_question_that_cannot_be_is_refused_in_words(wrong, named, admin, question):
    told = admin.post(QUESTIONS, {**WATER, **wrong})
    assert told.status_code == 400
    assert named in told.json()
    assert Question.objects.get() == question


def test_what_could_not_be_trained_is_said(admin):
    told = admin.post(QUESTIONS, {**WATER, "answers": [row("Tent"), row("Hut", "negative")]})
    assert told.json()["warnings"] == ["No answer counts as yes: no model can be trained for this question."]


def test_nobody_else_makes_or_changes_one(api, question, volunteer, verifier, analyst):
    for person in (volunteer, verifier, analyst):
        api.force_authenticate(person)
        assert api.post(QUESTIONS, WATER).status_code == 403
        assert api.patch(f"{QUESTIONS}{question.pk}/", {"is_open": False}).status_code == 403
        assert api.get(QUESTIONS).status_code == 200
    assert Question.objects.get().is_open


def test_closing_changes_nothing_else(admin, question):
    before = question.answers
    assert admin.patch(f"{QUESTIONS}{question.pk}/", {"is_open": False}).status_code == 200
    question.refresh_from_db()
    assert (question.is_open, question.answers, question.text_es) == (
        False,
        before,
        "¿Hay daños por el sismo?",
    )


def test_answers_are_moved_added_and_removed_while_nobody_has_answered(admin, question):
    yes, no = as_written(question)
    answers = [no, yes, row("Rubble")]
    admin.patch(f"{QUESTIONS}{question.pk}/", {"answers": answers})
    assert kept(question) == [
        ("negative", "negative", 1),
        ("positive", "positive", 0),
        ("rubble", "neither", 2),
    ]
    admin.patch(f"{QUESTIONS}{question.pk}/", {"answers": [no, row("Rubble", key="rubble")]})
    assert kept(question) == [("negative", "negative", 1), ("rubble", "neither", 2)]


def test_answers_that_were_given_stay_even_after_the_last_tag_is_gone(admin, question, tag, volunteer):
    _yes, no = as_written(question)
    for _ in range(2):
        told = admin.patch(f"{QUESTIONS}{question.pk}/", {"answers": [no, row("Rubble")]})
        assert told.status_code == 400
        assert "positive" in told.json()["detail"]
        if Question.objects.filter(tags__isnull=False).exists():
            delete_tag(tag, by=volunteer)
    assert kept(question) == [("positive", "positive", 0), ("negative", "negative", 1)]


def test_other_words_and_another_meaning_are_taken_with_a_warning(admin, question, tag):
    yes, no = as_written(question)
    told = admin.patch(f"{QUESTIONS}{question.pk}/", {"answers": [no, {**yes, "text": "Destroyed"}]})
    assert [warning[:18] for warning in told.json()["warnings"]] == ["Words have changed"]
    told = admin.patch(
        f"{QUESTIONS}{question.pk}/",
        {"answers": [{**no, "counts_as": "neither"}, {**yes, "text": "Destroyed"}]},
    )
    assert [warning[:22] for warning in told.json()["warnings"]] == [
        "What answers count as ",
        "No answer counts as no",
    ]
    assert kept(question) == [("negative", "neither", 1), ("positive", "positive", 0)]
    tag.refresh_from_db()
    assert tag.answer == "positive"


@pytest.mark.parametrize("point", STARTING_POINTS, ids=lambda point: point["name"])
def test_each_starting_point_makes_a_question_that_can_be_trained(point, admin):
    wanted = {name: value for name, value in point.items() if not name.startswith("name")}
    told = admin.post(QUESTIONS, wanted)
    assert (told.status_code, told.json()["warnings"]) == (201, [])


def test_the_pages_show_what_is_there(client, site_admin, question, tag):
    client.force_login(site_admin)
    listed = client.get("/questions/")
    assert "Is there earthquake damage?" in listed.content.decode()
    assert "1 answer " in listed.content.decode()
    form = client.get(f"/questions/{question.pk}/")
    assert form.context["facts"]["isAnswered"]
    assert form.context["facts"]["question"]["answers"] == question.answers
    assert client.get("/questions/new/").context["facts"]["question"] is None
    assert client.get("/questions/999999/").status_code == 404
