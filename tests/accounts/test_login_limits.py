"""Who guesses passwords gets nowhere; who is guessed at, and who shares an address, gets in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from damage.accounts import attempts
from damage.accounts.attempts import NAME_AT_PLACE, Limit
from damage.accounts.models import LoginAttempt, Role
from damage.accounts.services import create_account

SHELTER = "203.0.113.9"
ELSEWHERE = "198.51.100.1"
RIGHT = "practice-tags"


class Clock:
    """The time of the limits, which a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 26, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def wait(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(attempts, "timezone", clock)
    return clock


@pytest.fixture
def low_limits(monkeypatch) -> None:
    """The two wide limits at ten failures: the same rules, quicker to reach."""
    for name in ("NAME", "ADDRESS"):
        monkeypatch.setattr(attempts, name, replace(getattr(attempts, name), free=10))


def test_the_wide_limits_are_far_from_what_a_shelter_needs():
    assert attempts.NAME.free == 50
    assert attempts.ADDRESS.free == 100


def log_in(name, password, address=SHELTER, client=None, door="/login/"):
    return (client or Client()).post(door, {"username": name, "password": password}, REMOTE_ADDR=address)


def guess(name, times, address=SHELTER, client=None) -> list[int]:
    return [log_in(name, "wrong", address, client).status_code for _ in range(times)]


@pytest.mark.parametrize(
    ("failures", "wait_s"), [(0, 0), (4, 0), (5, 60), (6, 120), (10, 1920), (11, 3600), (10_000, 3600)]
)
def test_each_further_failure_doubles_the_wait(failures, wait_s):
    limit = Limit(free=5, longest_wait_s=3600, counted_over=timedelta(days=1))
    assert limit.wait_s(failures) == wait_s


def test_after_five_wrong_passwords_even_the_right_one_waits_and_is_told_how_long(volunteer, clock):
    assert guess("rosa", 5) == [200] * 5
    refused = log_in("rosa", RIGHT)
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    assert "Wait 1 min" in refused.content.decode()
    clock.wait(59)
    assert log_in("rosa", RIGHT).status_code == 429
    clock.wait(1)
    assert log_in("rosa", RIGHT).status_code == 302


def test_waiting_grows_with_failures_and_not_with_knocking(volunteer, clock):
    guess("rosa", 5)
    clock.wait(60)
    assert guess("rosa", 4) == [200, 429, 429, 429]
    assert log_in("rosa", RIGHT)["Retry-After"] == "120"


def test_a_success_forgives(volunteer, clock):
    guess("rosa", 4)
    log_in("rosa", RIGHT)
    clock.wait(1)
    assert guess("rosa", 5) == [200] * 5


def test_failures_are_forgotten_after_a_day(volunteer, clock):
    guess("rosa", 4)
    clock.wait(24 * 3600 + 1)
    assert guess("rosa", 5) == [200] * 5


def test_an_account_that_does_not_exist_looks_the_same(db, clock):
    assert guess("nobody", 6) == [200] * 5 + [429]


def test_one_fool_does_not_lock_out_the_others_behind_the_same_address(volunteer, other_volunteer, clock):
    guess("tomas", 8)
    assert log_in("rosa", RIGHT).status_code == 302


def test_nobody_is_locked_out_from_elsewhere_by_guesses_at_one_address(site_admin, clock):
    guess("adela", 8)
    assert log_in("adela", RIGHT, ELSEWHERE).status_code == 302


def test_many_names_from_one_address_are_stopped(volunteer, clock, low_limits):
    answers = [log_in(f"guess{number}", "wrong").status_code for number in range(11)]
    assert answers == [200] * 10 + [429]
    assert log_in("rosa", RIGHT).status_code == 429
    assert log_in("rosa", RIGHT, ELSEWHERE).status_code == 302
    clock.wait(60)
    assert log_in("rosa", RIGHT).status_code == 302


def test_many_addresses_at_one_name_are_stopped(site_admin, clock, low_limits):
    answers = [log_in("adela", "wrong", f"10.1.{number}.1").status_code for number in range(11)]
    assert answers == [200] * 10 + [429]


def test_nobody_locks_out_a_browser_that_logged_in_before(site_admin, clock, low_limits):
    """However many guess at the admin, from everywhere and from the same address, for however long."""
    own = Client()
    assert log_in("adela", RIGHT, client=own).status_code == 302
    own.post("/logout/")
    for _hour in range(2):
        clock.wait(3600)
        guess("adela", NAME_AT_PLACE.free + 1)
        for number in range(10):
            log_in("adela", "wrong", f"10.1.{number}.1")
        for number in range(2):
            guess(f"guess{number}", NAME_AT_PLACE.free)
    assert log_in("adela", RIGHT).status_code == 429
    assert log_in("adela", RIGHT, client=own).status_code == 302


def test_a_known_browser_has_its_own_limit_and_knows_one_account(site_admin, volunteer, clock):
    own = Client()
    log_in("rosa", RIGHT, client=own)
    own.post("/logout/")
    assert guess("adela", 6, client=own) == [200] * 5 + [429]
    assert guess("rosa", 6, client=own) == [200] * 5 + [429]


def test_a_forged_device_is_no_device(site_admin, clock):
    forger = Client()
    log_in("adela", RIGHT, client=Client())
    forger.cookies[attempts._cookie_of("adela")] = "0123456789abcdef0123456789abcdef"
    assert guess("adela", 6, client=forger) == [200] * 5 + [429]


def test_an_invented_address_does_not_help(volunteer, clock):
    client = Client()
    answers = [
        client.post(
            "/login/",
            {"username": "rosa", "password": "wrong"},
            REMOTE_ADDR=SHELTER,
            HTTP_X_FORWARDED_FOR=f"10.0.0.{number}",
        ).status_code
        for number in range(6)
    ]
    assert answers == [200] * 5 + [429]


def test_the_administration_has_no_door_of_its_own(site_admin, clock):
    answer = Client().get("/admin/login/?next=/admin/accounts/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/admin/accounts/")
    answers = [log_in("adela", "wrong", door="/admin/login/") for _ in range(6)]
    assert {answer.status_code for answer in answers} == {302}
    assert not LoginAttempt.objects.exists()


def test_guesses_of_the_old_password_are_limited_too(volunteer, clock):
    client = Client()
    client.force_login(volunteer)
    body = {"old_password": "wrong", "new_password1": "field-work-7", "new_password2": "field-work-7"}
    answers = [client.post("/account/password/", body).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    volunteer.refresh_from_db()
    assert volunteer.check_password(RIGHT)


def test_every_attempt_is_noted_for_admins_and_in_the_log(volunteer, site_admin, clock, caplog):
    with caplog.at_level("INFO", "damage.accounts"):
        log_in("rosa", "wrong")
        log_in("rosa", RIGHT)
        log_in("my-secret-word", "rosa")  # the fields mixed up
    rows = [(row.person, row.outcome, row.address) for row in LoginAttempt.objects.order_by("pk")]
    assert rows == [
        (volunteer, "failed", SHELTER),
        (volunteer, "succeeded", SHELTER),
        (None, "failed", SHELTER),
    ]
    assert [record.getMessage() for record in caplog.records] == [
        f"log-in failed: account=rosa address={SHELTER}",
        f"log-in: account=rosa address={SHELTER}",
        f"log-in failed: account=(no such account) address={SHELTER}",
    ]
    assert "my-secret-word" not in str(list(LoginAttempt.objects.values())) + caplog.text
    client = Client()
    client.force_login(site_admin)
    page = client.get("/admin/accounts/loginattempt/").content.decode()
    assert SHELTER in page
    assert client.get("/admin/accounts/loginattempt/add/").status_code == 403


def test_what_is_noted_is_forgotten_after_90_days(volunteer, clock):
    log_in("rosa", "wrong")
    clock.wait(91 * 24 * 3600)
    log_in("rosa", RIGHT)
    assert [row.outcome for row in LoginAttempt.objects.all()] == ["succeeded"]


def test_a_session_gets_a_new_number_at_the_login(volunteer, clock):
    """So that nobody who planted a number in a browser has the session afterwards."""
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    log_in("rosa", RIGHT, client=client)
    assert client.session.session_key != planted


def test_an_account_that_is_switched_off_cannot_log_in(clock, db):
    person = create_account(username="berta", password=RIGHT, role=Role.ADMIN)
    person.is_active = False
    person.save()
    assert log_in("berta", RIGHT).status_code == 200
    assert LoginAttempt.objects.get().outcome == "failed"
