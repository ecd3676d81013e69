"""Who came by an invitation keeps their answers by choosing a user name and a password."""

import pytest
from django.test import Client

from damage.accounts.models import Role, User
from damage.accounts.services import create_account
from damage.accounts.tokens import create_token, find_token

CHOSEN = {"username": "lucia", "new_password1": "field-work-7", "new_password2": "field-work-7"}


@pytest.fixture
def guest(db) -> User:
    person = create_account(username="lucía-k7p2", password=None, role=Role.GUEST)
    person.first_name = "Lucía"
    person.save()
    return person


def test_a_guest_chooses_a_password_stays_logged_in_and_logs_in_elsewhere(client, guest):
    client.force_login(guest)
    key = create_token(guest, name="phone")
    assert client.post("/account/keep/", CHOSEN)["Location"] == "/"
    guest.refresh_from_db()
    assert (guest.username, guest.role, guest.first_name) == ("lucia", Role.GUEST, "Lucía")
    assert client.get("/account/tokens/").status_code == 200
    assert find_token(key) is None  # as with every new password
    elsewhere = Client()
    answer = elsewhere.post("/login/", {"username": "lucia", "password": "field-work-7"})
    assert (answer.status_code, elsewhere.session["_auth_user_id"]) == (302, str(guest.pk))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"username": "adela"}, "Somebody has this user name"),
        ({"username": "two words"}, "valid username"),
        ({"new_password2": "other-work-7"}, "match"),
        ({"new_password1": "short", "new_password2": "short"}, "too short"),
        (
            {"username": "field-work", "new_password1": "field-work1", "new_password2": "field-work1"},
            "similar",
        ),
    ],
)
def test_what_cannot_be_is_said_and_nothing_changes(client, guest, site_admin, changes, words):
    client.force_login(guest)
    answer = client.post("/account/keep/", CHOSEN | changes)
    assert answer.status_code == 400
    assert words in answer.content.decode()
    guest.refresh_from_db()
    assert (guest.username, guest.has_usable_password()) == ("lucía-k7p2", False)


def test_who_has_a_password_changes_it_with_the_old_one(client, volunteer):
    """Or whoever found an unlocked phone could take the account over."""
    client.force_login(volunteer)
    assert client.get("/account/keep/")["Location"] == "/account/password/"
    assert client.post("/account/keep/", CHOSEN)["Location"] == "/account/password/"
    volunteer.refresh_from_db()
    assert volunteer.check_password("practice-tags")
    assert volunteer.username == "rosa"


def test_who_has_none_is_led_to_choosing_one(client, guest):
    client.force_login(guest)
    assert client.get("/account/password/")["Location"] == "/account/keep/"
    page = client.get("/").content.decode()
    assert "/account/keep/" in page
    assert "Lucía" in page
    assert "/account/password/" not in page


def test_strangers_are_led_to_the_log_in(client, db):
    assert client.get("/account/keep/")["Location"].startswith("/login/")


def test_without_a_password_nobody_logs_in(client, guest):
    for password in ("", "!", guest.password):
        assert not client.login(username=guest.username, password=password)
