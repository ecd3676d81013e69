"""Tokens: shown once, kept as digests, ended by time, password, role or owner; nobody else makes or reads them."""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from damage.accounts.models import ApiToken, LoginAttempt
from damage.accounts.tokens import MOST_TOKENS, create_token, digest_of, find_token
from damage.errors import Refused

QUESTIONS = "/api/v1/questions/"
TOKENS = "/account/tokens/"


def ask(api, key, address="203.0.113.9"):
    return api.get(QUESTIONS, HTTP_AUTHORIZATION=f"Token {key}", REMOTE_ADDR=address)


def dump() -> str:
    """All that the database holds, as text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - tables of our own
            rows += cursor.fetchall()
    return str(rows)


def test_a_token_opens_the_api_and_is_not_in_the_database(api, volunteer):
    key = create_token(volunteer, name="notebook")
    answer = ask(api, key)
    assert (answer.status_code, answer.wsgi_request.path) == (200, QUESTIONS)
    assert key not in dump()
    assert key.removeprefix("damage_") not in dump()
    assert ApiToken.objects.get().last_used_at is not None


def test_a_token_ends_after_its_days(api, volunteer):
    key = create_token(volunteer, name="notebook", days=30)
    left = ApiToken.objects.get().expires_at - timezone.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    answer = ask(api, key)
    assert answer.status_code == 401
    assert "expired or been revoked" in answer.json()["detail"]


@pytest.mark.parametrize("days", [0, -1, 367, 10**12])
def test_no_token_is_for_ever(volunteer, days):
    with pytest.raises(Refused):
        create_token(volunteer, name="notebook", days=days)


def test_a_person_has_a_bounded_number_of_tokens_and_expired_ones_make_room(volunteer):
    for number in range(MOST_TOKENS):
        create_token(volunteer, name=str(number))
    with pytest.raises(Refused, match="already"):
        create_token(volunteer, name="one more")
    ApiToken.objects.filter(name="0").update(expires_at=timezone.now())
    create_token(volunteer, name="one more")


def test_use_is_noted_once_an_hour(volunteer, django_assert_num_queries):
    key = create_token(volunteer, name="notebook")
    find_token(key)
    with django_assert_num_queries(1):
        find_token(key)


def test_the_page_shows_a_new_token_this_once(client, api, volunteer):
    client.force_login(volunteer)
    page = client.post(TOKENS, {"name": "notebook", "days": "30"})
    key = re.search(r"damage_[\w-]+", page.content.decode()).group()
    assert ask(api, key).status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert key not in client.get(TOKENS).content.decode()
    assert key not in dump()
    again = client.post(TOKENS, {"name": "notebook", "days": "30"})  # the browser's reload
    assert again.status_code == 400
    assert ApiToken.objects.count() == 1


def test_one_revokes_ones_own_tokens_and_nobody_elses(client, volunteer, other_volunteer):
    own, others = create_token(volunteer, name="mine"), create_token(other_volunteer, name="his")
    client.force_login(volunteer)
    pk = ApiToken.objects.get(name="his").pk
    assert client.post(f"{TOKENS}{pk}/revoke/").status_code == 404
    assert client.get(f"{TOKENS}{ApiToken.objects.get(name='mine').pk}/revoke/").status_code == 405
    client.post(f"{TOKENS}{ApiToken.objects.get(name='mine').pk}/revoke/")
    assert (find_token(own), find_token(others) is None) == (None, False)


@pytest.mark.parametrize("address", [TOKENS, "/account/password/"])
def test_a_stranger_is_led_to_the_login(client, db, address):
    assert client.get(address)["Location"] == f"/login/?next={address}"


def test_an_admin_sees_no_token_makes_none_for_others_and_revokes_any(client, site_admin, analyst):
    key = create_token(analyst, name="notebook")
    token = ApiToken.objects.get()
    client.force_login(site_admin)
    base = "/admin/accounts/apitoken/"
    pages = [
        client.get(base),
        client.get(f"{base}{token.pk}/change/"),
        client.get(f"{base}{token.pk}/delete/"),
    ]
    pages.append(client.get(f"/admin/accounts/user/{analyst.pk}/change/"))
    for page in pages:
        text = page.content.decode()
        assert page.status_code == 200
        assert not [secret for secret in (key, key[7:], digest_of(key)) if secret in text]
    assert client.get(f"{base}add/").status_code == 403
    assert client.post(f"{base}{token.pk}/change/", {"person": site_admin.pk}).status_code == 403
    assert client.get("/admin/authtoken/tokenproxy/").status_code == 404
    client.post(TOKENS, {"name": "x", "days": "30", "person": analyst.pk})
    assert ApiToken.objects.get(name="x").person == site_admin
    client.post(f"{base}{token.pk}/delete/", {"post": "yes"})
    assert find_token(key) is None


def test_a_new_password_ends_tokens_and_other_devices_but_not_this_one(client, api, volunteer):
    key = create_token(volunteer, name="notebook")
    other_device = type(client)()
    other_device.force_login(volunteer)
    client.force_login(volunteer)
    body = {
        "old_password": "practice-tags",
        "new_password1": "field-work-7",
        "new_password2": "field-work-7",
    }
    answer = client.post("/account/password/", body, follow=True)
    assert "Your password is changed." in answer.content.decode()
    assert client.get(TOKENS).status_code == 200
    assert other_device.get(TOKENS).status_code == 302
    assert ask(api, key).status_code == 401


def test_a_password_changed_on_the_command_line_ends_tokens(volunteer, monkeypatch):
    key = create_token(volunteer, name="notebook")
    monkeypatch.setattr("getpass.getpass", lambda *args, **options: "field-work-7")
    call_command("changepassword", "rosa", stdout=StringIO())
    assert find_token(key) is None


def test_a_password_hashed_anew_does_not_end_tokens(client, volunteer, settings):
    """A new release of Django hashes more slowly, and stores passwords again as people log in."""
    key = create_token(volunteer, name="notebook")
    before = volunteer.password
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert client.post("/login/", {"username": "rosa", "password": "practice-tags"}).status_code == 302
    volunteer.refresh_from_db()
    assert volunteer.password != before
    assert find_token(key) is not None
    assert client.get(TOKENS).status_code == 200


def test_bad_tokens_of_an_address_are_noted_then_refused_and_do_not_shut_out_good_ones(api, volunteer):
    key = create_token(volunteer, name="notebook")
    answers = [ask(api, f"guess{number}") for number in range(32)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429] * 2
    assert int(answers[-1]["Retry-After"]) in range(1, 61)
    assert LoginAttempt.objects.filter(door="token", address="203.0.113.9").count() == 30
    assert ask(api, "guess", "198.51.100.1").status_code == 401
    assert ask(api, key).status_code == 200
    assert "guess7" not in str(list(LoginAttempt.objects.values()))


def test_bad_tokens_do_not_count_at_the_login(client, api, volunteer):
    for number in range(40):
        ask(api, f"guess{number}", "127.0.0.1")
    assert client.post("/login/", {"username": "rosa", "password": "practice-tags"}).status_code == 302


BAD_HEADERS = ["Token", "Token a b", "Token ñ", "Token \x00", "Basic cm9zYTp4", "Token " + "x" * 9000]


@pytest.mark.parametrize("header", BAD_HEADERS)
def test_a_header_that_is_none_is_told_so(api, volunteer, header):
    assert api.get(QUESTIONS, HTTP_AUTHORIZATION=header).status_code == 401


def test_the_command_makes_a_token(api, volunteer):
    out = StringIO()
    call_command("make_token", "rosa", "--days", "7", "--json", stdout=out)
    result = json.loads(out.getvalue())
    assert (result["username"], result["days"]) == ("rosa", 7)
    assert ask(api, result["token"]).status_code == 200
    with pytest.raises(CommandError, match="no account"):
        call_command("make_token", "nobody")


def test_the_former_command_still_does(api, volunteer):
    out = StringIO()
    call_command("drf_create_token", "rosa", stdout=out)
    first = re.fullmatch(r"Generated token (\S+) for user rosa\n", out.getvalue()).group(1)
    assert ask(api, first).status_code == 200
    call_command("drf_create_token", "-r", "rosa", stdout=StringIO())
    assert ask(api, first).status_code == 401
