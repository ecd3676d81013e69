"""What volunteers may ask the model, and how little of the damage map that gives away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import connections
from PIL import Image

from damage.errors import Refused, TooMany
from damage.ingestion.models import Scene
from damage.ingestion.services import ingest_photo
from tagging.crops import encoded_png
from tagging.models import Crop, Question, Tag
from tagging.services import delete_tag
from training import asking
from training.asking import ask_model
from training.models import ModelAnswerRequest, ModelRun

ASK = "/api/v1/model-answer/"
SIDE, CELLS = 16, 29  # 841 squares, as many as were asked about in 52 s when this was first tried
DAMAGED = frozenset(range(11, 841, 37))  # 23 of them


class Seer:
    """A network that sees damage where the red is bright."""

    input_size_px = SIDE

    def scores(self, windows: np.ndarray) -> np.ndarray:
        return windows[..., 0].mean(axis=(1, 2)) / 255


DAMAGE_OR_NOT = [
    {"key": "positive", "text": "Damage", "text_es": "Daño", "counts_as": "positive", "colour": 0},
    {"key": "negative", "text": "No damage", "text_es": "Sin daño", "counts_as": "negative", "colour": 1},
]


@pytest.fixture
def question(db) -> Question:
    """Also in a test that empties the tables."""
    return Question.objects.get_or_create(slug="damage", defaults={"answers": DAMAGE_OR_NOT})[0]


@pytest.fixture
def model(question, monkeypatch) -> ModelRun:
    monkeypatch.setattr("training.inference.load_engine", lambda run: Seer())
    return ModelRun.objects.create(
        question=question, backbone="tiny", status="done", stage="promoted", threshold=0.5,
        window_px=SIDE, window_m=SIDE * 0.1, parameters={"network": {"window_px": SIDE}},
    )  # fmt: skip


@pytest.fixture
def scene(town, tmp_path) -> Scene:
    path = tmp_path / "town.png"
    Image.new("RGB", (SIDE * CELLS, SIDE * CELLS)).save(path)
    return ingest_photo(path, event=town.event.name, town=town.name).scene


def answered_squares(count, scene, question, person) -> list[dict[str, object]]:
    """Squares of the scene, each answered "can't tell" by the person, as the model is asked about them."""
    colours = {True: np.full((SIDE, SIDE, 3), 250, np.uint8), False: np.full((SIDE, SIDE, 3), 5, np.uint8)}
    stored = {}
    for is_damaged, colour in colours.items():
        png = encoded_png(colour)
        crop = Crop()
        crop.image.save(f"{is_damaged}.png", ContentFile(png), save=False)
        stored[is_damaged] = {"image": crop.image.name, "sha256": sha256(png).hexdigest()}
    places = [{"x_px": n % CELLS * SIDE, "y_px": n // CELLS * SIDE, "size_px": SIDE} for n in range(count)]
    crops = Crop.objects.bulk_create(
        Crop(scene=scene, town=scene.town, **place, **stored[n in DAMAGED]) for n, place in enumerate(places)
    )
    Tag.objects.bulk_create(
        Tag(crop=crop, question=question, tagger=person, answer="unsure") for crop in crops
    )
    return [{"scene": scene, "question": question, **place} for place in places]


@pytest.fixture
def squares(scene, question, volunteer) -> list[dict[str, object]]:
    """The first forty squares, answered by the volunteer."""
    return answered_squares(40, scene, question, volunteer)


@pytest.fixture
def all_squares(scene, question, volunteer) -> list[dict[str, object]]:
    """All 841 of them."""
    return answered_squares(CELLS**2, scene, question, volunteer)


@pytest.fixture
def body(squares, scene, question):
    """What a person sends to ask about the n-th square."""
    return lambda n: {**squares[n], "scene": scene.pk, "question": question.slug}


class Clock:
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 26, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    return clock


def found_in_a_day(person, squares, clock, *, is_deleting=False) -> tuple[int, set[int]]:
    """How many answers a patient attacker gets in a day, and the damaged places among them."""
    end = clock.time + timedelta(days=1)
    answered, found = 0, set()
    for number, square in enumerate(squares):
        while clock.time < end:
            clock.time += timedelta(seconds=0.06)
            try:
                answer = ask_model(person=person, **square)
            except TooMany as refused:
                clock.time += timedelta(seconds=refused.retry_after_s)
                continue
            answered += 1
            if answer.is_positive:
                found.add(number)
            if is_deleting:
                place = {name: square[name] for name in ("scene", "x_px", "y_px", "size_px")}
                delete_tag(Tag.objects.get(tagger=person, crop__in=Crop.objects.filter(**place)), by=person)
            break
    return answered, found


def test_nobody_asks_about_squares_that_they_have_not_answered(api, other_volunteer, model, squares, body):
    api.force_authenticate(other_volunteer)
    answers = [api.post(ASK, body(number)) for number in range(0, 40, 8)]
    assert {answer.status_code for answer in answers} == {400}
    assert "have not answered" in answers[0].data["detail"]
    assert not ModelAnswerRequest.objects.exists()


@pytest.mark.parametrize("change", [{"x_px": 1}, {"size_px": 17}, {"y_px": 3}])
def test_a_square_beside_the_answered_one_is_another(change, api, volunteer, model, body):
    api.force_authenticate(volunteer)
    assert api.post(ASK, body(0)).status_code == 200
    assert api.post(ASK, body(0) | change).status_code == 400


def test_an_answer_to_another_question_does_not_count(api, volunteer, model, squares, body, monkeypatch):
    water = Question.objects.create(slug="water", text="Water?")
    ModelRun.objects.filter(pk=model.pk).update(question=water)
    api.force_authenticate(volunteer)
    assert api.post(ASK, body(0) | {"question": "water"}).status_code == 400


@pytest.mark.parametrize("is_deleting", [False, True])
def test_who_answers_all_squares_and_asks_all_day_gets_thirty_answers(
    is_deleting, volunteer, model, all_squares, clock
):
    answered, found = found_in_a_day(volunteer, all_squares, clock, is_deleting=is_deleting)
    assert answered == asking.ANSWERS_A_DAY == 30
    assert found == {11}  # of 23: what happened to lie among the first thirty


def test_841_questions_of_somebody_who_answered_nothing_find_none_of_23_places(verifier, model, all_squares):
    found = 0
    for square in all_squares:
        try:
            found += ask_model(person=verifier, **square).is_positive
        except Refused:
            continue
    assert found == 0


@pytest.mark.parametrize("role", ["volunteer", "verifier"])
def test_those_who_may_not_see_predictions_get_words_and_no_score(role, request, api, model, squares, body):
    person = request.getfixturevalue(role)
    Tag.objects.update(tagger=person)
    api.force_authenticate(person)
    answer = api.post(ASK, body(11))
    assert answer.data == {"is_positive": True, "model_run": model.pk, "label": "Damage"}


@pytest.mark.parametrize("role", ["analyst", "site_admin"])
def test_those_who_see_predictions_get_the_score_and_may_ask_all_day(
    role, request, api, model, squares, body, clock, monkeypatch
):
    monkeypatch.setattr(asking, "ANSWERS_A_DAY", 1)
    person = request.getfixturevalue(role)
    Tag.objects.update(tagger=person)
    api.force_authenticate(person)
    answers = [api.post(ASK, body(number)).data for number in (11, 12)]
    assert [round(answer["score"], 3) for answer in answers] == [0.980, 0.020]
    assert answers[0]["threshold"] == 0.5


def test_the_minute_has_a_limit_and_says_when_to_ask_again(api, volunteer, model, body, clock):
    api.force_authenticate(volunteer)
    for _ in range(asking.ANSWERS_A_MINUTE):
        assert api.post(ASK, body(3)).status_code == 200
        clock.time += timedelta(seconds=2)
    refused = api.post(ASK, body(3))
    assert (refused.status_code, refused["Retry-After"]) == (429, "40")
    clock.time += timedelta(seconds=40)
    assert api.post(ASK, body(3)).status_code == 200


@pytest.mark.parametrize(("gsd_m", "status"), [(0.1, 200), (0.4, 200), (0.41, 400), (0.003, 400)])
def test_it_refuses_the_ground_that_prediction_refuses(gsd_m, status, api, volunteer, model, scene, body):
    """The model learnt at 0.1 m to the pixel: four times coarser is the end, thirty-two times finer too."""
    Scene.objects.filter(pk=scene.pk).update(gsd_m=gsd_m)
    api.force_authenticate(volunteer)
    answer = api.post(ASK, body(0))
    assert answer.status_code == status
    assert status == 200 or "m per pixel" in answer.data["detail"]
    assert ModelAnswerRequest.objects.count() == (status == 200)


def test_a_square_whose_pixels_are_not_cut_yet_is_asked_about_later(api, volunteer, model, body):
    Crop.objects.update(image="", sha256="")
    api.force_authenticate(volunteer)
    answer = api.post(ASK, body(0))
    assert (answer.status_code, bool(answer["Retry-After"])) == (503, True)
    assert not ModelAnswerRequest.objects.exists()


def test_a_square_taken_out_of_use_is_not_asked_about(api, volunteer, model, scene, body):
    Scene.objects.filter(pk=scene.pk).update(is_quarantined=True)
    api.force_authenticate(volunteer)
    assert api.post(ASK, body(0)).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_many_requests_at_once_get_no_more_than_the_share(volunteer, model, squares, monkeypatch):
    monkeypatch.setattr(asking, "ANSWERS_A_DAY", 3)

    def ask(number: int) -> bool:
        try:
            ask_model(person=volunteer, **squares[number])
        except TooMany:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(16))) == 3
