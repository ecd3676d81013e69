"""A question brings its own answers; what each counts as is what models learn."""

import importlib
from types import SimpleNamespace

import pytest
from django.utils import translation
from PIL import Image

from damage.errors import Refused
from tagging.answers import CountsAs
from tagging.importing import import_crops
from tagging.models import Crop, Question, Tag, TagChange
from tagging.queue import next_squares
from tagging.services import change_tag, record_tag
from tagging.undamaged import check_may_be_assumed, check_no_yes
from tests.tagging.conftest import SQUARE
from training.data.dataset import agreement


def answer(key, text, text_es, counts_as, colour):
    return {"key": key, "text": text, "text_es": text_es, "counts_as": counts_as, "colour": colour}


@pytest.fixture
def grades(db) -> Question:
    """Four answers: two count as yes, one as no, one as neither."""
    return Question.objects.create(
        slug="grades",
        text="How bad is it?",
        crop_size_px=32,
        answers=[
            answer("undamaged", "Undamaged", "Sin daño", "negative", 1),
            answer("possible", "Possibly damaged", "Posiblemente dañado", "neither", 2),
            answer("damaged", "Damaged", "Dañado", "positive", 3),
            answer("destroyed", "Destroyed", "Destruido", "positive", 0),
        ],
    )


@pytest.fixture
def answered(grades, town, volunteer, other_volunteer, verifier):
    """Store one crop whose pixels are there, with an answer of each person in turn."""
    people = [volunteer, other_volunteer, verifier]

    def store(*answers):
        crop = Crop.objects.create(
            town=town, size_px=32, gsd_m=0.5, sha256=f"{Crop.objects.count():064x}", image="x.png"
        )
        for person, key in zip(people, answers, strict=False):
            Tag.objects.create(crop=crop, question=grades, tagger=person, answer=key)
        return crop

    return store


def test_the_first_question_keeps_the_keys_that_its_tags_hold(question):
    assert question.keys == ["positive", "negative", "unsure"]
    assert question.words_counting_as(CountsAs.POSITIVE) == "Damage"
    assert question.words_counting_as(CountsAs.NEGATIVE) == "No damage"
    assert question.hint.startswith("Damage: a collapsed")


def test_a_question_of_an_earlier_version_brings_its_labels_along():
    """The step of the migration, on a row as it was."""
    row = SimpleNamespace(
        slug="water", positive_label="Water", positive_label_es="Agua", negative_label="", negative_label_es="",
        saved=0,
    )  # fmt: skip
    row.save = lambda: setattr(row, "saved", row.saved + 1)
    model = SimpleNamespace(objects=SimpleNamespace(all=lambda: [row]))
    migration = importlib.import_module("tagging.migrations.0009_questions_with_any_answers")
    migration.give_answers(SimpleNamespace(get_model=lambda *names: model), None)
    assert row.answers == [
        answer("positive", "Water", "Agua", "positive", 0),
        answer("negative", "No", "", "negative", 1),
    ]
    assert row.saved == 1


@pytest.mark.parametrize("key", ["possible", "destroyed", "unsure"])
def test_any_of_its_answers_is_taken(key, grades, volunteer, scene):
    tag = record_tag(tagger=volunteer, question=grades, scene=scene, answer=key, **SQUARE)
    assert Tag.objects.get().answer == key
    change_tag(tag, by=volunteer, answer="damaged")
    assert list(TagChange.objects.values_list("answer", flat=True)) == [key, "damaged"]


@pytest.mark.parametrize("key", ["positive", "negative", "Damaged", ""])
def test_an_answer_of_another_question_is_refused_and_nothing_is_stored(key, grades, volunteer, scene):
    with pytest.raises(Refused, match=r"not an answer.*undamaged, possible, damaged, destroyed, unsure"):
        record_tag(tagger=volunteer, question=grades, scene=scene, answer=key, **SQUARE)
    assert not Tag.objects.exists()


def test_crops_are_settled_by_what_their_answers_count_as(grades, answered):
    yes = answered("damaged", "destroyed", "undamaged")  # two yes of different grades against one no
    no = answered("undamaged", "undamaged", "destroyed")
    answered("possible", "unsure", "damaged")  # two that count as neither against one yes
    answered("damaged", "undamaged")  # a tie
    answered("possible", "undamaged")  # a tie as well
    found = agreement(grades)
    assert {crop.pk: crop.is_positive for crop in found.crops} == {yes.pk: True, no.pk: False}
    assert (found.unsure, found.tied) == (1, 2)


def test_an_admins_other_choice_of_what_counts_is_what_is_learnt(grades, answered):
    crop = answered("possible")
    assert agreement(grades).crops == []
    grades.answers[1]["counts_as"] = "positive"
    assert [(one.pk, one.is_positive) for one in agreement(grades).crops] == [(crop.pk, True)]


def test_different_grades_of_yes_do_not_divide_people(
    grades, volunteer, other_volunteer, analyst, verifier, scene
):
    """Three that agree are enough as long as nobody is known; a yes and a no ask for another."""
    for person, key in [(volunteer, "damaged"), (other_volunteer, "destroyed"), (analyst, "damaged")]:
        record_tag(tagger=person, question=grades, scene=scene, answer=key, **SQUARE)
    aside = SQUARE | {"x_px": 80}
    for person, key in [(volunteer, "damaged"), (other_volunteer, "undamaged")]:
        record_tag(tagger=person, question=grades, scene=scene, answer=key, **aside)
    asked = next_squares(verifier, grades, scene.town.event, 20)
    assert [one.square.x_px for one in asked if one.share == "open"] == [80]


def test_a_scene_with_any_grade_of_yes_is_not_undamaged(grades, volunteer, scene):
    record_tag(tagger=volunteer, question=grades, scene=scene, answer="possible", **SQUARE)
    check_no_yes(scene, grades)
    record_tag(tagger=volunteer, question=grades, scene=scene, answer="damaged", **SQUARE)
    with pytest.raises(Refused, match="Damaged / Destroyed"):
        check_no_yes(scene, grades)


@pytest.mark.parametrize(
    ("counts_as", "why"), [("neither", "No answer to .* counts as no"), ("negative", "undamaged, possible")]
)
def test_no_square_is_assumed_where_not_one_answer_is_the_no(counts_as, why, grades, scene):
    check_may_be_assumed([scene], grades)
    grades.answers[0]["counts_as"] = counts_as
    grades.answers[1]["counts_as"] = counts_as
    with pytest.raises(Refused, match=why):
        check_may_be_assumed([scene], grades)


def test_a_list_names_an_answer_by_its_key_and_a_plain_no_by_what_counts_as_one(grades, tmp_path):
    for grey, name in enumerate("abc"):
        Image.new("RGB", (40, 40), (grey, grey, grey)).save(tmp_path / f"{name}.png")
    lines = ["file,town,label", "a.png,Lejos,destroyed", "b.png,Lejos,no_damage", "c.png,Lejos,unsure"]
    (tmp_path / "crops.csv").write_text("\n".join(lines), encoding="utf-8")
    imported = import_crops(tmp_path / "crops.csv", event="Quake", question="grades")
    assert sorted(Tag.objects.values_list("answer", flat=True)) == ["destroyed", "undamaged", "unsure"]
    assert imported.towns == {"Lejos": {"damage": 0, "no_damage": 1, "unsure": 1, "destroyed": 1}}


def test_a_plain_yes_is_refused_where_two_answers_count_as_one(grades, tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / "crops.csv").write_text("file,town,label\na.png,Lejos,damage\n", encoding="utf-8")
    with pytest.raises(Refused, match="damaged, destroyed count alike"):
        import_crops(tmp_path / "crops.csv", event="Quake", question="grades")
    assert not Crop.objects.exists()


def test_the_api_offers_the_answers_in_the_readers_language(grades, api, volunteer):
    api.force_authenticate(volunteer)
    address = f"/api/v1/questions/{grades.pk}/"
    offered = api.get(address, headers={"accept-language": "es"}).json()["answers"]
    assert [(one["key"], one["words"], one["counts_as"], one["colour"]) for one in offered] == [
        ("undamaged", "Sin daño", "negative", 1),
        ("possible", "Posiblemente dañado", "neither", 2),
        ("damaged", "Dañado", "positive", 3),
        ("destroyed", "Destruido", "positive", 0),
        ("unsure", "No sé", "neither", 5),
    ]


def test_tags_are_listed_by_any_answer(grades, api, volunteer, scene):
    record_tag(tagger=volunteer, question=grades, scene=scene, answer="possible", **SQUARE)
    api.force_authenticate(volunteer)
    assert api.get("/api/v1/tags/", {"answer": "possible"}).json()["count"] == 1
    assert api.get("/api/v1/tags/", {"answer": "damaged"}).json()["count"] == 0


def test_words_that_travel_with_a_model_do_not_depend_on_who_exports(grades):
    with translation.override("es"):
        assert grades.words_counting_as(CountsAs.POSITIVE) == "Dañado / Destruido"
        assert grades.words_counting_as(CountsAs.POSITIVE, "en") == "Damaged / Destroyed"
