"""Who plays which role, and what the door of each page says to whom."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from damage.accounts.models import Role, User
from damage.accounts.services import create_account, set_active, set_role
from damage.accounts.tokens import create_token, find_token
from damage.errors import Refused


def test_only_admins_reach_the_administration(db):
    people = {role: create_account(username=role, password="practice-tags", role=role) for role in Role}
    assert [role for role, person in people.items() if person.is_staff] == [Role.ADMIN]


def test_a_superuser_made_on_the_command_line_is_an_admin(db):
    assert User.objects.create_superuser("root", password="practice-tags").plays(Role.ADMIN)


def test_an_account_without_a_password_cannot_log_in(client, db):
    create_account(username="importer", password=None, role=Role.VOLUNTEER)
    assert not client.login(username="importer", password="")


def test_a_stranger_does_not_see_the_api(client, db):
    assert client.get(reverse("schema")).status_code in {401, 403}
    assert client.get(reverse("api-page"))["Location"].startswith(reverse("login"))


def test_a_volunteer_reads_the_api_page(client, volunteer):
    client.force_login(volunteer)
    assert client.get(reverse("api-page")).status_code == 200


def test_a_stranger_sees_the_front_page(client, db):
    assert client.get(reverse("front")).status_code == 200


def test_pages_load_from_this_site_only(client, db):
    policy = client.get(reverse("front"))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_the_role_alone_decides_who_enters_the_administration(client, site_admin, analyst):
    """A demoted admin is nothing more than the new role says, and a promoted one lacks nothing."""
    set_role(analyst, Role.ADMIN, by=site_admin)
    set_role(site_admin, Role.VOLUNTEER, by=analyst)
    client.force_login(analyst)
    assert client.get("/admin/").status_code == 200
    client.force_login(site_admin)
    assert client.get("/admin/").status_code == 302
    assert client.get("/admin/login/?next=/admin/").status_code == 403
    assert not site_admin.plays(Role.ADMIN, Role.ANALYST, Role.VERIFIER)
    assert not site_admin.has_perm("accounts.change_user")


def test_no_column_says_again_what_the_role_says():
    assert not {"is_staff", "is_superuser"} & {field.name for field in User._meta.get_fields()}


@pytest.mark.parametrize("end", [{"role": Role.VOLUNTEER}, {"is_active": False}], ids=["role", "active"])
def test_a_change_of_standing_ends_sessions_and_tokens_for_good(client, api, analyst, site_admin, end):
    client.force_login(analyst)
    key = create_token(analyst, name="notebook")
    if "role" in end:
        set_role(analyst, end["role"], by=site_admin)
        set_role(analyst, Role.ANALYST, by=site_admin)
    else:
        set_active(analyst, False, by=site_admin)
        set_active(analyst, True, by=site_admin)
    assert client.get("/account/tokens/").status_code == 302  # to the log-in
    assert api.get("/api/v1/questions/", HTTP_AUTHORIZATION=f"Token {key}").status_code == 401
    assert LogEntry.objects.filter(user=site_admin, object_id=str(analyst.pk)).count() == 2


def test_the_last_active_admin_stays(site_admin, analyst):
    with pytest.raises(Refused, match="last active admin"):
        set_role(site_admin, Role.VOLUNTEER, by=site_admin)
    with pytest.raises(Refused, match="last active admin"):
        set_active(site_admin, False, by=site_admin)
    second = create_account(username="berta", password=None, role=Role.ADMIN)
    set_active(second, False, by=site_admin)
    with pytest.raises(Refused, match="last active admin"):
        set_role(site_admin, Role.ANALYST, by=site_admin)
    set_active(second, True, by=site_admin)
    set_role(site_admin, Role.ANALYST, by=second)


def person_form(person, **changes):
    body = {"username": person.username, "role": person.role, "is_active": "on", **changes}
    return {name: value for name, value in body.items() if value is not None}


def test_the_administration_changes_roles_through_the_same_service(client, site_admin, analyst):
    client.force_login(site_admin)
    key = create_token(analyst, name="notebook")
    address = f"/admin/accounts/user/{analyst.pk}/change/"
    assert client.post(address, person_form(analyst, role="admin", first_name="Ana")).status_code == 302
    analyst.refresh_from_db()
    assert (analyst.role, analyst.first_name, analyst.session_number) == ("admin", "Ana", 1)
    assert find_token(key) is None
    answer = client.post(address, person_form(analyst, is_active=None))
    analyst.refresh_from_db()
    assert (answer.status_code, analyst.is_active) == (302, False)
    assert LogEntry.objects.filter(change_message="role: analyst -> admin").count() == 1


def test_the_administration_keeps_the_last_admin_and_says_why(client, site_admin):
    client.force_login(site_admin)
    address = f"/admin/accounts/user/{site_admin.pk}/change/"
    for change in ({"role": "volunteer"}, {"is_active": None}):
        answer = client.post(address, person_form(site_admin, **change))
        assert (answer.status_code, "last active admin" in answer.content.decode()) == (200, True)
    assert client.post(f"/admin/accounts/user/{site_admin.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(
        "/admin/accounts/user/",
        {"action": "delete_selected", "_selected_action": [site_admin.pk], "post": "yes"},
    )
    site_admin.refresh_from_db()
    assert (site_admin.role, site_admin.is_active) == ("admin", True)


def test_an_admin_makes_accounts_of_any_role(client, site_admin):
    client.force_login(site_admin)
    body = {
        "username": "berta",
        "usable_password": "true",
        "password1": "field-work-7",
        "password2": "field-work-7",
        "role": "admin",
    }
    assert client.post("/admin/accounts/user/add/", body).status_code == 302
    assert User.objects.get(username="berta").is_superuser


def test_a_password_set_by_an_admin_ends_sessions_and_tokens(client, site_admin, analyst):
    key = create_token(analyst, name="notebook")
    client.force_login(site_admin)
    body = {"usable_password": "true", "password1": "field-work-7", "password2": "field-work-7"}
    assert client.post(f"/admin/accounts/user/{analyst.pk}/password/", body).status_code == 302
    assert find_token(key) is None
    assert LogEntry.objects.filter(user=site_admin, object_id=str(analyst.pk)).exists()


def test_who_is_not_an_admin_is_not_told_to_be_logged_out(client, analyst):
    client.force_login(analyst)
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "Not for your account" in answer.content.decode()


def test_a_program_is_told_to_log_in_and_a_person_that_it_is_not_theirs(api, volunteer):
    runs = "/api/v1/model-runs/"
    assert api.get(runs).status_code == 401
    api.force_authenticate(volunteer)
    assert api.get(runs).status_code == 403
