"""What an upgrade makes of the accounts and tokens of earlier versions."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from damage.accounts.models import ApiToken
from damage.accounts.tokens import find_token

migration = import_module("damage.accounts.migrations.0002_role_alone_decides_and_tokens_are_hashed")
OLD_KEY = "0123456789abcdef0123456789abcdef01234567"


def upgrade() -> None:
    with connection.cursor() as cursor:
        migration.hash_old_tokens(apps, SimpleNamespace(connection=connection, execute=cursor.execute))


@pytest.fixture
def old_tokens(volunteer) -> None:
    """REST framework's table, with one token in it."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE authtoken_token (key varchar(40), created timestamp, user_id bigint)")
        cursor.execute("INSERT INTO authtoken_token VALUES (%s, '2026-01-01', %s)", [OLD_KEY, volunteer.pk])


def test_a_token_of_an_earlier_version_goes_on_for_a_while_as_a_digest(old_tokens, volunteer):
    upgrade()
    token = find_token(OLD_KEY)
    assert token is not None
    assert (token.person, (token.expires_at - token.created_at).days) == (volunteer, 90)
    assert "authtoken_token" not in connection.introspection.table_names()


def test_a_new_site_has_none(db):
    upgrade()
    assert not ApiToken.objects.exists()
