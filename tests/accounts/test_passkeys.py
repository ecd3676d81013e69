"""Passkeys, as far as no browser is needed; `tests/e2e/test_account.py` makes and uses one."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.urls import NoReverseMatch, reverse

from damage.accounts import attempts
from damage.accounts.models import LoginAttempt
from tests.accounts.passkey import passkey_data


def try_one(client, credential="{}", address="203.0.113.9"):
    return client.post("/login/passkey/", {"credential": credential}, REMOTE_ADDR=address)


def test_the_options_tell_nobody_who_has_an_account_and_ask_for_finger_or_pin(client, volunteer):
    Authenticator.objects.create(user=volunteer, type="webauthn", data=passkey_data("phone"))
    options = client.get("/login/passkey/").json()["request_options"]["publicKey"]
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")
    assert options["rpId"] == "testserver"
    again = client.get("/login/passkey/").json()["request_options"]["publicKey"]
    assert again["challenge"] != options["challenge"]


@pytest.mark.parametrize(
    "credential", ["{}", "[]", "null", "", "nonsense", '{"id": "x"}', '{"response": {"userHandle": "MQ"}}']
)
def test_what_is_no_passkey_lets_nobody_in_and_is_noted(client, volunteer, credential):
    client.get("/login/passkey/")
    answer = try_one(client, credential)
    assert (answer.status_code, answer["Location"]) == (302, "/login/")
    assert "_auth_user_id" not in client.session
    rows = [(row.door, row.outcome, row.person) for row in LoginAttempt.objects.all()]
    assert rows == [("passkey", "failed", None)]


def test_trying_is_limited_for_each_address(client, db, monkeypatch):
    monkeypatch.setattr(attempts, "BAD_PASSKEYS", attempts.Limit(3, 900, timedelta(hours=1)))
    answers = [try_one(client) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
    assert answers[3]["Retry-After"] == "60"
    assert "Wait 1 min" in answers[3].content.decode()
    assert try_one(client, address="203.0.113.10").status_code == 302


def test_guesses_of_the_password_are_limited_here_too(client, volunteer):
    """Or whoever finds an unlocked phone could try passwords on this page."""
    client.force_login(volunteer)
    body = {"password": "wrong", "credential": json.dumps({}), "passwordless": "on"}
    answers = [client.post("/account/passkeys/", body).status_code for _ in range(6)]
    assert answers == [400] * 5 + [429]
    assert not Authenticator.objects.exists()


def test_what_no_browser_made_is_no_passkey(client, volunteer):
    client.force_login(volunteer)
    client.get("/account/passkeys/")
    body = {"password": "practice-tags", "credential": json.dumps({"id": "x"}), "passwordless": "on"}
    assert client.post("/account/passkeys/", body).status_code == 400
    assert not Authenticator.objects.exists()


def test_nobody_takes_anothers_passkey_back(client, volunteer, other_volunteer):
    passkey = Authenticator.objects.create(user=volunteer, type="webauthn", data=passkey_data("phone"))
    client.force_login(other_volunteer)
    assert client.post(f"/account/passkeys/{passkey.pk}/revoke/").status_code == 404
    client.force_login(volunteer)
    assert client.post(f"/account/passkeys/{passkey.pk}/revoke/").status_code == 302
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize(
    "name",
    ["account_signup", "account_reset_password", "account_email", "mfa_index", "account_reauthenticate"],
)
def test_what_this_site_does_not_offer_has_no_address(name):
    with pytest.raises(NoReverseMatch):
        reverse(name)
