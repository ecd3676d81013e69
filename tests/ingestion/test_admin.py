import pytest

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


def test_admins_look_at_scenes_but_cannot_change_them(client, scene, site_admin):
    client.force_login(site_admin)
    for address in addresses(scene):
        assert client.get(address).status_code == 200
    assert client.post(addresses(scene)[-1], {"name": "x"}).status_code == 403
    assert client.get("/admin/ingestion/scene/add/").status_code == 403
    assert client.post(f"/admin/ingestion/scene/{scene.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["volunteer", "verifier", "analyst"])
def test_others_do_not_reach_the_administration(client, scene, role, request):
    client.force_login(request.getfixturevalue(role))
    for address in addresses(scene):
        assert client.get(address).status_code == 302
