"""What every page has in common: who is led where, errors in words, nothing from elsewhere."""

import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
LONGEST_LINE = 160


def links(response) -> set[str]:
    return set(re.findall(r'href="([^"]+)"', response.content.decode()))


def test_a_visitor_sees_the_front_page_and_the_way_in(client, db):
    response = client.get("/")
    assert response.status_code == 200
    assert "/login/" in links(response)
    assert not {"/tag/", "/tags/", "/map/", "/admin/"} & links(response)


def test_a_volunteer_is_led_to_tagging_and_to_nothing_that_is_not_theirs(client, volunteer):
    client.force_login(volunteer)
    found = links(client.get("/"))
    assert "/tag/" in found
    assert not {"/map/", "/admin/", "/api/"} & found


def test_an_admin_is_led_to_the_administration(client, site_admin):
    client.force_login(site_admin)
    assert {"/tag/", "/admin/"} <= links(client.get("/"))


def test_a_wrong_password_is_told_in_words(client, volunteer):
    response = client.post("/login/", {"username": "rosa", "password": "wrong"})
    assert "do not match" in response.content.decode()
    assert 'value="rosa"' in response.content.decode()


def test_after_logging_in_one_is_where_one_wanted_to_be(client, volunteer):
    body = {"username": "rosa", "password": "practice-tags", "next": "/tag/"}
    response = client.post("/login/", body)
    assert (response.status_code, response["Location"]) == (302, "/tag/")


def test_logging_out_leads_to_the_front_page(client, volunteer):
    client.force_login(volunteer)
    response = client.post("/logout/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert "/login/" in links(client.get("/"))


def test_the_language_can_be_chosen(client, db):
    client.post("/i18n/setlang/", {"language": "es", "next": "/"})
    assert '<html lang="es">' in client.get("/").content.decode()


def test_an_unknown_address_is_told_in_words(client, db):
    response = client.get("/nothing-here/")
    assert response.status_code == 404
    assert "Page not found" in response.content.decode()


def test_a_fault_is_told_without_any_context():
    assert "Something went wrong" in render_to_string("500.html")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_holds_scripts_or_loads_from_elsewhere(path):
    """The content security policy would stop them in the browser; this says so earlier."""
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\son\w+=", text)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_lines_of_a_template_can_be_read(path):
    """A long text within {% blocktranslate trimmed %} may be broken anywhere and stays the same text."""
    lines = path.read_text().splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > LONGEST_LINE] == []
