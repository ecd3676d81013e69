"""Who plays which role, and what the door of each page says to whom."""

import pytest
from django.urls import reverse

from damage.accounts.models import Role, User
from damage.accounts.services import create_account


def test_only_admins_reach_the_administration(db):
    people = {role: create_account(username=role, password="practice-tags", role=role) for role in Role}
    assert [role for role, person in people.items() if person.is_staff] == [Role.ADMIN]


def test_a_superuser_made_on_the_command_line_is_an_admin(db):
    assert User.objects.create_superuser("root", password="practice-tags").plays(Role.ADMIN)


def test_an_account_without_a_password_cannot_log_in(client, db):
    create_account(username="importer", password=None, role=Role.VOLUNTEER)
    assert not client.login(username="importer", password="")


@pytest.mark.parametrize("page", ["api-page", "schema"])
def test_a_stranger_does_not_see_the_api(client, db, page):
    assert client.get(reverse(page)).status_code in {401, 403}


def test_a_volunteer_reads_the_api_page(client, volunteer):
    client.force_login(volunteer)
    assert client.get(reverse("api-page")).status_code == 200


def test_a_stranger_sees_the_front_page(client, db):
    assert client.get(reverse("front")).status_code == 200


def test_pages_load_from_this_site_only(client, db):
    policy = client.get(reverse("front"))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
