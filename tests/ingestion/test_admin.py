import pytest

from damage.ingestion.models import Event, Town
from damage.ingestion.services import ingest_photo


@pytest.fixture
def scene(photo, town):
    return ingest_photo(photo(), event=town.event.name, town=town.name).scene


def addresses(scene):
    return [
        "/admin/ingestion/event/",
        "/admin/ingestion/town/",
        "/admin/ingestion/scene/",
        f"/admin/ingestion/scene/{scene.pk}/change/",
    ]


def test_admins_look_at_scenes_but_change_no_more_than_when_and_what(client, scene, site_admin):
    client.force_login(site_admin)
    for address in addresses(scene):
        assert client.get(address).status_code == 200
    name, sha256 = scene.name, scene.sha256
    assert client.post(addresses(scene)[-1], {"name": "x", "sha256": "0", "role": "after"}).status_code == 302
    scene.refresh_from_db()
    assert (scene.name, scene.sha256) == (name, sha256)
    assert client.get("/admin/ingestion/scene/add/").status_code == 403
    assert client.post(f"/admin/ingestion/scene/{scene.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["volunteer", "verifier", "analyst"])
def test_others_do_not_reach_the_administration(client, scene, role, request):
    client.force_login(request.getfixturevalue(role))
    for address in addresses(scene):
        assert client.get(address).status_code == 302


def test_a_town_that_an_admin_adds_is_named_as_everywhere_and_has_an_address(client, event, site_admin):
    client.force_login(site_admin)
    form = "/admin/ingestion/town/add/"
    assert 'name="slug"' not in client.get(form).content.decode()
    for name in ("  C++ ", "C#", "Barrio  東"):
        assert client.post(form, {"event": event.pk, "name": name}).status_code == 302
    assert list(Town.objects.order_by("pk").values_list("name", "slug")) == [
        ("C++", "c"), ("C#", "c-2"), ("Barrio 東", "barrio-東")
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["ALTAMIRA", " altamira\u200f", "Alta\uff4dira"])
def test_a_name_that_is_there_is_no_new_one(client, town, site_admin, name):
    client.force_login(site_admin)
    again = client.post("/admin/ingestion/town/add/", {"event": town.event.pk, "name": name})
    assert "There is one of this name already." in again.content.decode()
    again = client.post("/admin/ingestion/event/add/", {"name": "PRACTICE  QUAKE"})
    assert "There is one of this name already." in again.content.decode()
    bad = client.post("/admin/ingestion/town/add/", {"event": town.event.pk, "name": "!?"})
    assert "is no name for an event or a town" in bad.content.decode()
    assert (Event.objects.count(), Town.objects.count()) == (1, 1)


def test_a_town_keeps_its_address_when_it_is_renamed_unless_another_event_has_it(client, town, site_admin):
    client.force_login(site_admin)
    change = f"/admin/ingestion/town/{town.pk}/change/"
    assert client.post(change, {"event": town.event.pk, "name": "Altamira Norte"}).status_code == 302
    town.refresh_from_db()
    assert (town.name, town.normalised_name, town.slug) == ("Altamira Norte", "altamira norte", "altamira")
    other = Event.objects.create(name="Other", slug="other")
    Town.objects.create(event=other, name="Altamira", slug="altamira")
    assert client.post(change, {"event": other.pk, "name": "Altamira Norte"}).status_code == 302
    town.refresh_from_db()
    assert town.path == "other/altamira-norte"
