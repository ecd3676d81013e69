"""What people are asked next, and that it is known afterwards why."""

from random import Random

import numpy as np
import pytest
from django.core import signing
from django.core.cache import cache

from damage.accounts.models import Role
from damage.accounts.services import create_account
from damage.ingestion.capture import SceneRole
from damage.ingestion.joining.models import EventMembership
from damage.ingestion.models import Event, SceneProblem
from damage.ingestion.quality import set_usable
from damage.ingestion.quarantine import quarantine_scene
from damage.ingestion.services import ingest_mosaic
from tagging.known_answers import record_gold_answer
from tagging.models import Share, Tag
from tagging.queue import SALT, live_event, next_squares
from tagging.services import record_tag
from tagging.squares import Square
from tests.ingestion.conftest import geotiff  # noqa: F401

QUEUE = "/api/v1/queue/"
TAGS = "/api/v1/tags/"


@pytest.fixture(autouse=True)
def nothing_kept():
    """The next test's scenes have the same numbers."""
    cache.clear()


@pytest.fixture
def mosaic(geotiff, question):  # noqa: F811
    """300 x 200 px of half a metre: six cells of 100 px, of which the right two show nothing."""
    question.crop_size_m = 50
    question.save()
    mask = np.full((200, 300), 255, np.uint8)
    mask[:, 200:] = 0
    pixels = np.full((3, 200, 300), 90, np.uint8)
    return ingest_mosaic(geotiff(pixels=pixels, mask=mask), event="Practice quake", town="Altamira").scene


@pytest.fixture
def people(db):
    return [create_account(username=f"person {n}", password=None, role=Role.VOLUNTEER) for n in range(6)]


def tag(person, question, scene, cell, answer) -> Tag:
    return record_tag(
        tagger=person, question=question, scene=scene, x_px=cell[0], y_px=cell[1], size_px=100, answer=answer
    )


def asked(person, question, scene, count=50, seed=1):
    return next_squares(person, question, scene.town.event, count, random=Random(seed))


def test_every_cell_with_ground_is_asked_once_and_none_without(mosaic, question, volunteer):
    found = asked(volunteer, question, mosaic)
    assert {(one.square.x_px, one.square.y_px) for one in found} == {(0, 0), (100, 0), (0, 100), (100, 100)}
    assert len(found) == 4
    assert {one.chance for one in found} == {1 / 6}  # of one drawing among all six


def test_what_one_has_answered_is_not_asked_again(mosaic, question, volunteer):
    tag(volunteer, question, mosaic, (0, 0), "positive")
    tag(volunteer, question, mosaic, (100, 100), "unsure")
    found = asked(volunteer, question, mosaic)
    assert {one.square for one in found} == {Square(100, 0, 100), Square(0, 100, 100)}


def test_others_are_asked_about_what_one_has_answered(mosaic, question, volunteer, people):
    tag(volunteer, question, mosaic, (100, 0), "positive")
    shares = [
        one.share
        for seed in range(40)
        for one in asked(people[0], question, mosaic, count=1, seed=seed)
        if one.square == Square(100, 0, 100)
    ]
    assert shares.count(Share.OPEN) > 25  # four fifths of 40, less chance; the rest is drawn from everywhere


def shares_of(person, question, scene, seeds=20) -> dict[Square, set[Share]]:
    """By square all reasons why the person would be asked."""
    found = [one for seed in range(seeds) for one in asked(person, question, scene, seed=seed)]
    return {one.square: {other.share for other in found if other.square == one.square} for one in found}


def test_what_is_settled_is_not_asked_again_except_by_chance(mosaic, question, people):
    """Of people of whom nothing is known, three that agree are enough: 27 to 1 is more than 0.95."""
    for person in people[:3]:
        tag(person, question, mosaic, (0, 0), "negative")
    for person, answer in zip(people, ("negative", "negative", "positive"), strict=False):
        tag(person, question, mosaic, (0, 100), answer)
    reasons = shares_of(people[5], question, mosaic)
    assert {square for square, shares in reasons.items() if Share.OPEN in shares} == {Square(0, 100, 100)}
    assert reasons[Square(0, 0, 100)] <= {Share.RANDOM, Share.FRESH}


def test_what_people_do_not_agree_on_goes_to_verifiers(mosaic, question, people, volunteer, verifier):
    for number, person in enumerate([*people, volunteer]):
        tag(person, question, mosaic, (0, 100), "positive" if number % 2 else "negative")
    tag(people[0], question, mosaic, (0, 0), "negative")
    reasons = shares_of(verifier, question, mosaic)
    assert Share.VERIFY in reasons[Square(0, 100, 100)]
    assert Share.OPEN in reasons[Square(0, 0, 100)]
    first = [
        next_squares(verifier, question, mosaic.town.event, 1, random=Random(seed)) for seed in range(40)
    ]
    wanted = [one[0].square for one in first if one[0].share in (Share.VERIFY, Share.OPEN)]
    assert len(wanted) > 20
    assert set(wanted) == {Square(0, 100, 100)}
    other = create_account(username="late", password=None, role=Role.VOLUNTEER)
    assert reasons_of_all(shares_of(other, question, mosaic)) <= {Share.OPEN, Share.RANDOM, Share.FRESH}


def reasons_of_all(reasons: dict[Square, set[Share]]) -> set[Share]:
    return set().union(*reasons.values())


def test_the_nearest_to_its_end_is_asked_first_and_of_those_the_least_certain(
    mosaic, question, people, monkeypatch
):
    """One answer at (0, 0), two that agree at (100, 0), two that do not at (0, 100)."""
    monkeypatch.setattr("tagging.queue.CHOSEN_FROM", 1)
    for cell, answers in {
        (0, 0): ["positive"],
        (100, 0): ["positive"] * 2,
        (0, 100): ["positive", "negative"],
    }.items():
        for person, answer in zip(people, answers, strict=False):
            tag(person, question, mosaic, cell, answer)
    found = [one for seed in range(20) for one in asked(people[5], question, mosaic, count=1, seed=seed)]
    assert {one.square for one in found if one.share == Share.OPEN} == {Square(0, 100, 100)}


@pytest.fixture
def gold(mosaic, question, people, site_admin):
    """What is known of the square at (0, 0), that one person answered."""
    crop = tag(people[0], question, mosaic, (0, 0), "negative").crop
    return record_gold_answer(crop, question, "positive", by=site_admin)


def test_a_square_whose_answer_is_known_hides_among_the_others(
    gold, mosaic, question, people, site_admin, monkeypatch
):
    """5 % of 200 are 10, with a standard deviation of 3."""
    found = [one for seed in range(200) for one in asked(people[1], question, mosaic, count=1, seed=seed)]
    known = [one for one in found if one.share == Share.GOLD]
    assert 1 <= len(known) <= 25
    assert {one.square for one in known} == {Square(0, 0, 100)}
    monkeypatch.setattr("tagging.queue.GOLD_SHARE", 0.8)
    assert Share.GOLD in reasons_of_all(shares_of(people[1], question, mosaic, seeds=5))
    for nobody in (people[0], site_admin):  # who has answered there, and who knows it
        assert Share.GOLD not in reasons_of_all(shares_of(nobody, question, mosaic, seeds=5))


def test_nothing_that_a_page_gets_tells_that_an_answer_is_known(
    api, gold, mosaic, question, people, volunteer, monkeypatch
):
    tag(people[0], question, mosaic, (100, 0), "negative")
    monkeypatch.setattr("tagging.queue.RANDOM_SHARE", 0)
    monkeypatch.setattr("tagging.queue.GOLD_SHARE", 0.5)
    api.force_authenticate(volunteer)
    wanted = {Square(0, 0, 100): Share.GOLD, Square(100, 0, 100): Share.OPEN}
    given = {}
    while len(given) < len(wanted):
        for one in api.get(QUEUE, {"question": "damage", "count": 2}).json()["squares"]:
            if signing.loads(one["receipt"], salt=SALT)[6] == Share.OPEN:
                given[Square(one["x_px"], one["y_px"], one["size_px"])] = one
    known, other = (
        {**given[square], "receipt": signing.loads(given[square]["receipt"], salt=SALT)} for square in wanted
    )
    # Their places alone differ: in the square, in the picture's address, and in the readable part of the receipt.
    assert [(name, known[name]) for name in known if name not in ("x_px", "picture", "receipt")] == [
        (name, other[name]) for name in other if name not in ("x_px", "picture", "receipt")
    ]
    assert known["picture"].replace("/0/0/", "/100/0/") == other["picture"]
    assert [*known["receipt"][:3], 100, *known["receipt"][4:]] == other["receipt"]
    for square, share in wanted.items():
        assert answered(api, given[square]).asked_as == share


def test_a_fifth_is_drawn_by_chance_whatever_is_wanted(geotiff, question, volunteer, people):  # noqa: F811
    """400 cells, all of which want another answer: of 50 asked, 10 are drawn, with a standard deviation of 2.8."""
    question.crop_size_m = 8  # 16 px
    question.save()
    pixels = np.full((3, 320, 320), 90, np.uint8)
    scene = ingest_mosaic(geotiff(pixels=pixels), event="Practice quake", town="Altamira").scene
    for x in range(0, 320, 16):
        for y in range(0, 320, 16):
            record_tag(
                tagger=volunteer, question=question, scene=scene, x_px=x, y_px=y, size_px=16, answer="unsure"
            )
    found = [one.share for seed in range(10) for one in asked(people[0], question, scene, seed=seed)]
    assert len(found) == 500
    assert 72 <= found.count(Share.RANDOM) <= 128
    assert found.count(Share.FRESH) == 0


def test_imagery_from_before_and_out_of_use_is_not_asked_about(mosaic, question, volunteer, site_admin):
    mosaic.role = SceneRole.BEFORE
    mosaic.save()
    assert asked(volunteer, question, mosaic) == []
    assert live_event(volunteer) is None
    mosaic.role = SceneRole.AFTER
    mosaic.save()
    assert live_event(volunteer) == mosaic.town.event
    quarantine_scene(mosaic, by=site_admin, reason="blurred")
    assert live_event(volunteer) is None


@pytest.mark.parametrize(("code", "is_asked"), [("oblique", False), ("blurred", False), ("no_gps", True)])
def test_photos_that_show_too_little_are_not_asked_about_unless_found_usable(
    scene, question, volunteer, site_admin, code, is_asked
):
    SceneProblem.objects.create(scene=scene, code=code)
    assert bool(asked(volunteer, question, scene)) is is_asked
    set_usable([scene], True, by=site_admin)
    assert asked(volunteer, question, scene)


def test_a_scene_whose_view_is_gone_stops_no_other(mosaic, question, volunteer, geotiff):  # noqa: F811
    whole = ingest_mosaic(
        geotiff("whole.tif", pixels=np.full((3, 200, 300), 80, np.uint8)),
        event="Practice quake",
        town="Altamira",
    ).scene
    mosaic.view_path.unlink()
    assert {one.scene for one in asked(volunteer, question, mosaic)} == {whole}


def test_what_is_settled_is_asked_again_as_a_measure_alone(mosaic, question, people):
    for person in people[:3]:
        tag(person, question, mosaic, (0, 0), "negative")
    found = [one for seed in range(60) for one in asked(people[5], question, mosaic, count=1, seed=seed)]
    shares = {one.share for one in found if one.square == Square(0, 0, 100)}
    assert shares == {Share.RANDOM}
    assert {one.share for one in found if one.square != Square(0, 0, 100)} == {Share.RANDOM, Share.FRESH}


def test_the_api_gives_what_a_page_needs(api, mosaic, question, volunteer):
    api.force_authenticate(volunteer)
    found = api.get(QUEUE, {"question": "damage"}).json()
    assert (found["event"], found["event_name"]) == (mosaic.town.event_id, "Practice quake")
    one = found["squares"][0]
    assert {key: one[key] for key in ("scene", "scene_name", "town_name", "size_px")} == {
        "scene": mosaic.pk, "scene_name": mosaic.name, "town_name": "Altamira", "size_px": 100,
    }  # fmt: skip
    picture = api.get(one["picture"])
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/jpeg")
    assert "private" in picture["Cache-Control"]


ODD_REQUESTS = [
    {},
    {"question": "none"},
    {"question": "x\x00"},
    {"question": "damage", "count": 0},
    {"question": "damage", "count": 51},
    {"question": "damage", "event": 999},
]


@pytest.mark.parametrize("query", ODD_REQUESTS)
def test_odd_requests_are_refused_in_words(api, mosaic, volunteer, query):
    api.force_authenticate(volunteer)
    answer = api.get(QUEUE, query)
    assert answer.status_code == 400


def test_a_guest_is_asked_about_their_own_event_alone(api, mosaic, question, geotiff):  # noqa: F811
    pixels = np.full((3, 200, 300), 90, np.uint8)
    newer = ingest_mosaic(geotiff("newer.tif", pixels=pixels), event="Another quake", town="Lejos").scene
    guest = create_account(username="guest", password=None, role=Role.GUEST)
    EventMembership.objects.create(person=guest, event=mosaic.town.event, role=Role.VOLUNTEER)
    api.force_authenticate(guest)
    found = api.get(QUEUE, {"question": "damage"}).json()
    assert {square["scene"] for square in found["squares"]} == {mosaic.pk}
    elsewhere = {"question": "damage", "event": newer.town.event_id}
    assert api.get(QUEUE, elsewhere).status_code == 400
    for address in (
        f"/api/v1/scenes/{newer.pk}/cells/?question=damage",
        f"/api/v1/scenes/{newer.pk}/squares/0/0/99.jpg",
    ):
        assert api.get(address).status_code == 404


def test_without_imagery_nothing_is_asked(api, volunteer, question, event):
    api.force_authenticate(volunteer)
    assert api.get(QUEUE, {"question": "damage"}).json() == {"event": None, "event_name": "", "squares": []}
    assert api.get(QUEUE, {"question": "damage", "event": event.pk}).json()["squares"] == []
    assert Event.objects.count() == 1


def test_a_closed_question_is_not_asked(api, mosaic, question, volunteer):
    question.is_open = False
    question.save()
    api.force_authenticate(volunteer)
    assert api.get(QUEUE, {"question": "damage"}).status_code == 400


@pytest.fixture
def from_queue(api, mosaic, question, volunteer):
    api.force_authenticate(volunteer)
    return api.get(QUEUE, {"question": "damage", "count": 1}).json()["squares"][0]


def answered(api, square, **changes):
    names = ("scene", "x_px", "y_px", "size_px", "receipt")
    body = {"question": "damage", "answer": "negative", **{name: square[name] for name in names}, **changes}
    assert api.post(TAGS, body).status_code == 201
    return Tag.objects.latest("pk")


def test_a_tag_keeps_why_its_person_was_asked(api, from_queue):
    stored = answered(api, from_queue)
    assert stored.asked_as in (Share.RANDOM, Share.FRESH)
    assert stored.inclusion_probability == pytest.approx(1 / 6)


def test_nobody_makes_up_why_they_were_asked(api, from_queue, other_volunteer):
    other_place = {"x_px": 50, "y_px": 50}
    for changes in (
        other_place,
        {"receipt": from_queue["receipt"] + "x"},
        {"receipt": "a:b:c"},
        {"receipt": ""},
    ):
        stored = answered(api, from_queue, **{"x_px": 50, "y_px": 0, **changes})
        assert (stored.asked_as, stored.inclusion_probability) == ("", None)
    api.force_authenticate(other_volunteer)
    assert answered(api, from_queue).asked_as == ""
