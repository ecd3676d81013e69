"""What members of one event see and do there, and that they see and do nothing elsewhere."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from damage.accounts.models import Role
from damage.accounts.services import create_account
from damage.ingestion.joining.membership import OutsideEvent, plays_anywhere, plays_in, role_in
from damage.ingestion.joining.models import EventMembership
from damage.ingestion.models import Event, Scene, Town
from damage.ingestion.services import ingest_photo
from tagging.models import Tag, TagChange
from tagging.services import change_tag, delete_tag, record_tag


def photo_scene(folder: Path, town: Town) -> Scene:
    """A photo in which a square of the question's size has room."""
    pixels = np.random.default_rng(town.pk).integers(0, 255, (320, 320, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / f"{town.slug}.png")
    return ingest_photo(folder / f"{town.slug}.png", event=town.event.name, town=town.name).scene


@pytest.fixture
def other_event(db) -> Event:
    return Event.objects.create(name="Flood", slug="flood")


@pytest.fixture
def scene(town, tmp_path) -> Scene:
    return photo_scene(tmp_path, town)


@pytest.fixture
def other_scene(other_event, tmp_path) -> Scene:
    return photo_scene(tmp_path, Town.objects.create(event=other_event, name="Lejos", slug="lejos"))


@pytest.fixture
def member(event):
    """A guest who plays a role in the event, and none elsewhere."""

    def make(role: Role, username: str = "gina"):
        person = create_account(username=username, password=None, role=Role.GUEST)
        EventMembership.objects.create(person=person, event=event, role=role)
        return person

    return make


def square(scene, question, answer="positive"):
    place = {"x_px": 0, "y_px": 0, "size_px": question.crop_size_px}
    return {"scene": scene.pk, "question": question.slug, "answer": answer, **place}


@pytest.mark.parametrize(
    ("own", "there", "expected"),
    [
        (Role.GUEST, None, Role.GUEST),
        (Role.GUEST, Role.VOLUNTEER, Role.VOLUNTEER),
        (Role.VOLUNTEER, Role.ANALYST, Role.ANALYST),
        (Role.ANALYST, Role.VOLUNTEER, Role.ANALYST),
        (Role.ADMIN, Role.VOLUNTEER, Role.ADMIN),
        (Role.VERIFIER, Role.VERIFIER, Role.VERIFIER),
    ],
)
def test_the_stronger_of_both_roles_counts(event, other_event, own, there, expected):
    person = create_account(username="gina", password=None, role=own)
    if there:
        EventMembership.objects.create(person=person, event=event, role=there)
    assert role_in(person, event.pk) == expected
    assert role_in(person, other_event.pk) == own


def test_roles_go_from_the_least_to_the_most():
    roles = [Role.GUEST, Role.VOLUNTEER, Role.VERIFIER, Role.ANALYST, Role.ADMIN]
    for place, role in enumerate(roles):
        assert [role.reaches(each) for each in roles] == [number <= place for number in range(5)]


def test_nobody_is_an_admin_of_one_event(member, event):
    person = member(Role.ANALYST)
    assert plays_anywhere(person, Role.ANALYST)
    assert not plays_anywhere(person, Role.ADMIN)
    assert not plays_in(person, event.pk, Role.ADMIN)


def test_whose_own_role_is_enough_is_not_looked_up(volunteer, event, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert plays_anywhere(volunteer, Role.VOLUNTEER)
        assert plays_in(volunteer, event.pk, Role.VOLUNTEER)


def test_a_member_tags_in_the_event_and_nowhere_else(api, member, scene, other_scene, question):
    api.force_authenticate(member(Role.VOLUNTEER))
    assert api.post("/api/v1/tags/", square(scene, question)).status_code == 201
    refused = api.post("/api/v1/tags/", square(other_scene, question))
    unknown = api.post("/api/v1/tags/", square(other_scene, question) | {"scene": 987654})
    assert (refused.status_code, unknown.status_code) == (400, 400)
    assert str(refused.json()).replace(str(other_scene.pk), "N") == str(unknown.json()).replace("987654", "N")
    assert [tag.crop.scene for tag in Tag.objects.all()] == [scene]


def test_a_member_asks_the_model_in_the_event_alone(api, member, scene, other_scene, question):
    api.force_authenticate(member(Role.VOLUNTEER))
    answer = api.post("/api/v1/model-answer/", square(other_scene, question))
    assert (answer.status_code, list(answer.json())) == (400, ["detail", "scene"])
    assert "scene" not in api.post("/api/v1/model-answer/", square(scene, question)).json()


def test_who_is_taken_out_of_an_event_sees_and_does_nothing_there_any_more(api, member, scene, question):
    person = member(Role.VERIFIER)
    api.force_authenticate(person)
    tag = api.post("/api/v1/tags/", square(scene, question)).json()["id"]
    EventMembership.objects.all().delete()
    assert api.get("/api/v1/tags/").status_code == 403
    assert api.delete(f"/api/v1/tags/{tag}/").status_code == 403
    EventMembership.objects.create(person=person, event=Event.objects.get(name="Flood"), role=Role.VERIFIER)
    assert api.get("/api/v1/tags/").json()["count"] == 0
    assert api.patch(f"/api/v1/tags/{tag}/", {"answer": "negative"}).status_code == 404
    assert api.delete(f"/api/v1/tags/{tag}/").status_code == 404
    assert Tag.objects.get().answer == "positive"


@pytest.fixture(autouse=True)
def two_events(event, other_event):
    """Each test has the event and another."""


def test_the_services_themselves_let_nobody_act_outside_their_event(
    member, scene, other_scene, question, volunteer
):
    person = member(Role.ANALYST)
    given = {
        "question": question,
        "x_px": 0,
        "y_px": 0,
        "size_px": question.crop_size_px,
        "answer": "positive",
    }
    with pytest.raises(OutsideEvent):
        record_tag(tagger=person, scene=other_scene, **given)
    tag = record_tag(tagger=person, scene=scene, **given)
    EventMembership.objects.all().delete()
    for act in (lambda: change_tag(tag, by=person, answer="negative"), lambda: delete_tag(tag, by=person)):
        with pytest.raises(OutsideEvent):
            act()
    assert record_tag(tagger=volunteer, scene=other_scene, **given).pk


@pytest.mark.parametrize("role", [Role.VOLUNTEER, Role.VERIFIER, Role.ANALYST])
def test_nobody_edits_anothers_tag(api, member, volunteer, scene, question, role):
    own = {"question": question, "x_px": 0, "y_px": 0, "size_px": question.crop_size_px, "answer": "positive"}
    tag = record_tag(tagger=volunteer, scene=scene, **own)
    api.force_authenticate(member(role))
    assert api.patch(f"/api/v1/tags/{tag.pk}/", {"answer": "negative"}).status_code == 404
    assert api.delete(f"/api/v1/tags/{tag.pk}/").status_code == 404
    assert api.get(f"/api/v1/tags/{tag.pk}/").status_code == (404 if role == Role.VOLUNTEER else 200)
    tag.refresh_from_db()
    assert (tag.answer, TagChange.objects.count()) == ("positive", 1)


def test_a_verifier_of_one_event_sees_others_tags_there_and_only_own_ones_elsewhere(
    api, volunteer, event, scene, other_scene, question, other_volunteer
):
    """A volunteer of the whole site who verifies in one event."""
    EventMembership.objects.create(person=volunteer, event=event, role=Role.VERIFIER)
    given = {
        "question": question,
        "x_px": 0,
        "y_px": 0,
        "size_px": question.crop_size_px,
        "answer": "positive",
    }
    for scene_of_event in (scene, other_scene):
        for person in (volunteer, other_volunteer):
            record_tag(tagger=person, scene=scene_of_event, **given)
    api.force_authenticate(volunteer)
    seen = {(tag["scene"], tag["tagger"]) for tag in api.get("/api/v1/tags/").json()["results"]}
    assert seen == {(scene.pk, "rosa"), (scene.pk, "tomas"), (other_scene.pk, "rosa")}


def test_a_volunteer_here_who_analyses_elsewhere_sees_no_photo_page_here(
    client, member, scene, other_scene, other_event
):
    person = member(Role.VOLUNTEER)
    EventMembership.objects.create(person=person, event=other_event, role=Role.ANALYST)
    client.force_login(person)
    assert client.get(f"/photos/{scene.pk}/").status_code == 404
    assert client.get(f"/photos/{other_scene.pk}/").status_code == 200


def links_of(client, path="/") -> str:
    return client.get(path).content.decode()


def test_members_are_led_to_what_is_theirs(client, member):
    client.force_login(member(Role.ANALYST))
    page = links_of(client)
    assert 'href="/map/"' in page
    assert 'href="/tag/"' in page
    assert 'href="/training/"' not in page
    client.force_login(member(Role.VOLUNTEER, "hugo"))
    assert 'href="/map/"' not in links_of(client)


def test_a_guest_of_no_event_is_told_so(client, db):
    client.force_login(create_account(username="gina", password=None, role=Role.GUEST))
    page = links_of(client)
    assert 'href="/tag/"' not in page
    assert "You are in no event" in page
    assert client.get("/tag/").status_code == 403
