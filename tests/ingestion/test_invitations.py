"""By an invitation people come in, in its event alone, as many and as long as it says; looking at it makes nothing."""

import re
from datetime import timedelta
from io import StringIO
from threading import Barrier, Thread

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from damage.accounts import attempts
from damage.accounts.models import LoginAttempt, Role, User
from damage.errors import Conflict, Refused
from damage.ingestion.joining.membership import role_in
from damage.ingestion.joining.models import EventMembership, Invitation
from damage.ingestion.joining.services import join_as_guest, make_invitation, revoke_invitation

PAGE = "a-random-text-of-the-page"


@pytest.fixture
def invitation(event, site_admin) -> Invitation:
    invitation, secret = make_invitation(event, by=site_admin)
    invitation.secret = secret
    return invitation


def address(invitation: Invitation) -> str:
    return f"/join/{invitation.secret}/"


def come_in(invitation, name="Lucía", page=PAGE, client=None):
    return (client or Client()).post(address(invitation), {"name": name, "page": page})


def page_text(html: str) -> str:
    return re.search(r'name="page" value="([^"]+)"', html)[1]


def test_it_asks_for_a_name_and_nothing_else_and_one_tags(client, invitation, event):
    page = client.get(address(invitation))
    shown = page.content.decode()
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert re.findall(r'<input type="(\w+)" name="name"', shown) == ["text"]
    assert "password" not in "".join(re.findall(r"<input[^>]*>", shown))
    answer = come_in(invitation, "Lucía", page_text(shown), client)
    assert (answer.status_code, answer["Location"]) == (302, "/tag/")
    assert client.get("/tag/").status_code == 200
    person = User.objects.get(role=Role.GUEST)
    assert (person.first_name, person.has_usable_password()) == ("Lucía", False)
    assert re.fullmatch(r"lucía-[2-9a-z]{4}", person.username)
    assert role_in(person, event.pk) == Role.VOLUNTEER
    assert not client.session.get_expire_at_browser_close()
    assert client.session.get_expiry_age() > 50 * 24 * 3600


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_at_the_link_makes_nothing(client, invitation, method):
    """Messengers look at links to show a preview."""
    for _ in range(3):
        assert getattr(client, method)(address(invitation)).status_code == 200
    invitation.refresh_from_db()
    assert (invitation.uses, EventMembership.objects.count(), LoginAttempt.objects.count()) == (0, 0, 0)
    assert not User.objects.filter(role=Role.GUEST).exists()
    assert "_auth_user_id" not in client.session


def test_only_the_secrets_digest_is_kept(invitation):
    rows = str(list(Invitation.objects.values()))
    assert invitation.secret not in rows
    assert len(invitation.secret) >= 22  # 128 bits


def test_a_page_that_is_sent_twice_makes_one_account(invitation):
    first, again = Client(), Client()
    assert [come_in(invitation, client=each).status_code for each in (first, again)] == [302, 302]
    assert User.objects.filter(role=Role.GUEST).count() == 1
    assert first.session["_auth_user_id"] == again.session["_auth_user_id"]
    invitation.refresh_from_db()
    assert invitation.uses == 1


def test_a_page_that_is_sent_again_later_lets_nobody_into_the_first_account(invitation):
    come_in(invitation)
    EventMembership.objects.update(joined_at=timezone.now() - timedelta(minutes=3))
    later = Client(raise_request_exception=False)
    come_in(invitation, client=later)
    assert "_auth_user_id" not in later.session


def test_namesakes_are_two_people(invitation):
    for page in ("a" * 20, "b" * 20):
        assert come_in(invitation, "Ana", page).status_code == 302
    assert len(set(User.objects.filter(first_name="Ana").values_list("username", flat=True))) == 2


@pytest.mark.parametrize("name", ["", "   ", "\u202e", "...", "x" * 41, "a\u0000b"])
def test_a_name_that_is_none_is_asked_for_again(client, invitation, name):
    answer = come_in(invitation, name, client=client)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert not User.objects.filter(role=Role.GUEST).exists()


@pytest.mark.parametrize("name", ["東 花子", "أمل", "<b>Ana</b>", "O'Neil", "李"])
def test_names_of_any_script_are_names(client, invitation, name):
    assert come_in(invitation, name, client=client).status_code == 302
    person = User.objects.get(role=Role.GUEST)
    assert person.first_name == name
    person.full_clean(exclude=["password"])
    assert "<b>" not in client.get("/").content.decode()


def ended(invitation, why, by):
    if why == "revoked":
        revoke_invitation(invitation, by=by)
    elif why == "expired":
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    else:
        Invitation.objects.update(most_uses=2, uses=2)


WORDS = {"revoked": "has closed it", "expired": "has ended", "used-up": "is full"}


@pytest.mark.parametrize("why", WORDS)
def test_one_that_lets_nobody_in_any_more_says_so_kindly(client, invitation, site_admin, why):
    ended(invitation, why, site_admin)
    for answer in (client.get(address(invitation)), come_in(invitation, client=client)):
        assert answer.status_code == 410
        assert WORDS[why] in answer.content.decode()
        assert "Thank you" in answer.content.decode()
    assert not User.objects.filter(role=Role.GUEST).exists()


def test_who_joined_goes_on_after_the_invitation_is_revoked(client, invitation, site_admin):
    come_in(invitation, client=client)
    revoke_invitation(invitation, by=site_admin)
    assert client.get("/tag/").status_code == 200
    assert "You have joined already" in client.get(address(invitation)).content.decode()


def test_one_that_nobody_made_is_not_there(client, db):
    answer = client.get("/join/nobody-made-this/")
    assert answer.status_code == 404
    assert "not complete" in answer.content.decode()


def test_trying_links_is_limited_for_each_address(client, invitation, monkeypatch):
    monkeypatch.setattr(attempts, "BAD_INVITATIONS", attempts.Limit(3, 900, timedelta(hours=1)))
    answers = [client.get(f"/join/guess-{number}/", REMOTE_ADDR="203.0.113.9") for number in range(5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    assert answers[-1]["Retry-After"] == "60"
    assert LoginAttempt.objects.count() == 3
    assert client.get("/join/guess/", REMOTE_ADDR="203.0.113.10").status_code == 404
    assert client.get(address(invitation), REMOTE_ADDR="203.0.113.9").status_code == 200


def test_joining_is_limited_for_each_address(invitation, monkeypatch):
    monkeypatch.setattr(attempts, "JOINED_AN_HOUR", 3)

    def join_from(address_of_sender, number):
        body = {"name": "Ana", "page": f"{number}" * 20}
        return Client().post(address(invitation), body, REMOTE_ADDR=address_of_sender)

    answers = [join_from("203.0.113.9", number) for number in range(4)]
    assert [answer.status_code for answer in answers] == [302, 302, 302, 429]
    assert 0 < int(answers[3]["Retry-After"]) <= 3600
    assert join_from("203.0.113.10", 5).status_code == 302
    LoginAttempt.objects.update(at=timezone.now() - timedelta(minutes=61))
    assert join_from("203.0.113.9", 6).status_code == 302


def test_the_limits_leave_room_for_a_shelter_behind_one_address():
    assert attempts.JOINED_AN_HOUR >= 2 * 100  # twice what an invitation is for by default


def test_who_is_logged_in_joins_with_the_account_at_hand(client, invitation, event, volunteer):
    client.force_login(volunteer)
    page = client.get(address(invitation)).content.decode()
    assert "rosa" in page
    assert 'name="name"' not in page
    assert client.post(address(invitation))["Location"] == "/tag/"
    assert EventMembership.objects.get().person == volunteer
    assert not User.objects.filter(role=Role.GUEST).exists()


def test_joining_twice_spends_one_use_and_takes_nothing_away(client, event, site_admin, volunteer):
    client.force_login(volunteer)
    uses = []
    for role in (Role.VERIFIER, Role.VERIFIER, Role.VOLUNTEER, Role.ANALYST):
        invitation, invitation_secret = make_invitation(event, by=site_admin, role=role)
        client.post(f"/join/{invitation_secret}/")
        client.post(f"/join/{invitation_secret}/")
        invitation.refresh_from_db()
        uses.append((invitation.uses, EventMembership.objects.get().role))
    assert uses == [(1, "verifier"), (0, "verifier"), (0, "verifier"), (1, "analyst")]


def test_an_invited_analyst_begins_at_the_map(client, event, site_admin):
    _invitation, secret = make_invitation(event, by=site_admin, role=Role.ANALYST)
    answer = client.post(f"/join/{secret}/", {"name": "Ana", "page": PAGE})
    assert answer["Location"] == "/map/"
    assert client.get("/map/").status_code == 200
    assert client.get("/training/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_however_many_come_at_one_moment_no_more_get_in_than_there_are_uses(event):
    invitation, _secret = make_invitation(event, by=None, uses=3)
    together = Barrier(8)
    outcomes: list[str] = []

    def come(number: int) -> None:
        together.wait()
        try:
            join_as_guest(invitation, name=f"Guest {number}", form=f"page-{number}")
            outcomes.append("in")
        except Conflict:
            outcomes.append("full")
        finally:
            connections.close_all()

    people = [Thread(target=come, args=(number,)) for number in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    invitation.refresh_from_db()
    assert sorted(outcomes) == ["full"] * 5 + ["in"] * 3
    assert (invitation.uses, EventMembership.objects.count()) == (3, 3)
    assert User.objects.filter(role=Role.GUEST).count() == 3


@pytest.mark.django_db(transaction=True)
def test_one_page_sent_by_many_at_one_moment_is_one_person(event):
    invitation, _secret = make_invitation(event, by=None, uses=1)
    together = Barrier(4)
    found: list[int] = []

    def come() -> None:
        together.wait()
        try:
            found.append(join_as_guest(invitation, name="Ana", form=PAGE).pk)
        finally:
            connections.close_all()

    senders = [Thread(target=come) for _ in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert (len(found), len(set(found))) == (4, 1)


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"days": 367}, {"uses": 0}, {"uses": 10_001}, {"role": Role.ADMIN}, {"role": Role.GUEST}],
)
def test_what_no_invitation_can_be_is_refused(event, wrong):
    with pytest.raises(Refused):
        make_invitation(event, by=None, **wrong)
    assert not Invitation.objects.exists()


def test_an_admin_makes_one_and_prints_it(client, site_admin, event):
    client.force_login(site_admin)
    assert "Practice quake" in client.get("/invitations/").content.decode()
    body = {"event": event.pk, "role": "verifier", "days": 30, "uses": 12, "note": "Red Cross"}
    page = client.post("/invitations/", body, headers={"host": "testserver"}).content.decode()
    link = re.search(r"http://testserver(/join/[\w-]+/)", page)
    assert link
    assert "<svg" in page
    assert "This link opens on this machine alone" not in page
    invitation = Invitation.objects.get()
    assert (invitation.role, invitation.most_uses, invitation.note) == ("verifier", 12, "Red Cross")
    assert (invitation.expires_at - invitation.made_at).days == 30
    assert invitation.made_by == site_admin
    assert client.get(link[1]).status_code == 200
    listed = client.get("/invitations/").content.decode()
    assert "/join/" not in listed
    assert "0 of 12" in listed


def test_an_address_that_no_phone_can_open_is_said(client, site_admin, event):
    client.force_login(site_admin)
    body = {"event": event.pk, "role": "volunteer", "days": 7, "uses": 100}
    page = client.post("/invitations/", body, headers={"host": "localhost:8000"}).content.decode()
    assert "This link opens on this machine alone" in page


@pytest.mark.parametrize(
    "wrong", [{"event": 999}, {"role": "admin"}, {"days": "400"}, {"uses": "0"}, {"uses": "x"}]
)
def test_what_the_page_does_not_offer_makes_nothing(client, site_admin, event, wrong):
    client.force_login(site_admin)
    body = {"event": event.pk, "role": "volunteer", "days": 7, "uses": 100} | wrong
    assert client.post("/invitations/", body).status_code == 400
    assert not Invitation.objects.exists()


def test_an_admin_revokes_one_once(client, site_admin, invitation):
    client.force_login(site_admin)
    assert client.post(f"/invitations/{invitation.pk}/revoke/")["Location"] == "/invitations/"
    invitation.refresh_from_db()
    revoked_at = invitation.revoked_at
    assert revoked_at
    client.post(f"/invitations/{invitation.pk}/revoke/")
    invitation.refresh_from_db()
    assert (invitation.revoked_at, invitation.revoked_by) == (revoked_at, site_admin)
    assert "Revoked" in client.get("/invitations/").content.decode()


def test_the_command_makes_one(client, event):
    out = StringIO()
    call_command("invite", "practice quake", "--uses", "5", "--site", "https://map.example/", stdout=out)
    link = re.search(r"https://map\.example(/join/[\w-]+/)", out.getvalue())
    assert link
    assert client.get(link[1]).status_code == 200
    assert (Invitation.objects.get().most_uses, Invitation.objects.get().made_by) == (5, None)


def test_the_command_says_what_it_does_not_know(event):
    with pytest.raises(CommandError, match="There is no event Flood"):
        call_command("invite", "Flood")


def test_admins_take_members_out_and_change_their_role_in_the_administration(client, site_admin, invitation):
    come_in(invitation)
    member = EventMembership.objects.get()
    client.force_login(site_admin)
    page = f"/admin/ingestion/eventmembership/{member.pk}"
    assert client.post(f"{page}/change/", {"role": "verifier"}).status_code == 302
    member.refresh_from_db()
    assert member.role == "verifier"
    assert client.post(f"{page}/delete/", {"post": "yes"}).status_code == 302
    assert not EventMembership.objects.exists()
    assert client.get("/admin/ingestion/invitation/").status_code == 200
    assert client.get("/admin/ingestion/invitation/add/").status_code == 403


def test_the_database_itself_keeps_uses_within_bounds(invitation):
    assert connection.vendor in ("sqlite", "postgresql")
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.update(uses=101)
