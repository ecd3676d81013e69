"""The administration shows tags and changes none."""

import pytest


@pytest.fixture
def administration(client, site_admin):
    client.force_login(site_admin)
    return client


@pytest.mark.parametrize("rows", ["question", "crop", "tag", "tagchange"])
def test_an_admin_looks_at_every_list(rows, administration, tag):
    assert administration.get(f"/admin/tagging/{rows}/").status_code == 200


@pytest.mark.parametrize("rows", ["question", "crop", "tag", "tagchange"])
def test_what_services_write_is_not_added_by_hand(rows, administration):
    assert administration.get(f"/admin/tagging/{rows}/add/").status_code == 403


def test_a_tag_is_neither_changed_nor_deleted_by_hand(administration, tag):
    address = f"/admin/tagging/tag/{tag.pk}"
    assert administration.post(f"{address}/change/", {"answer": "negative"}).status_code == 403
    assert administration.post(f"{address}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["volunteer", "verifier", "analyst"])
def test_nobody_else_gets_in(role, request, client):
    client.force_login(request.getfixturevalue(role))
    assert client.get("/admin/tagging/tag/").status_code == 302
