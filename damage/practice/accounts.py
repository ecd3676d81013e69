"""The accounts of a demo: one to log in with for each role, and the simulated volunteers, who never log in."""

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from damage.accounts.models import Role, User
from damage.accounts.services import create_account
from damage.practice.volunteers import Volunteer

ACCOUNTS_FILE = "demo-accounts.json"
OWNER_ONLY = 0o600


def create_demo_accounts() -> Path:
    """Create the accounts that are not there, with passwords nobody knows, and write these for the owner to read.

    Accounts that are there already are left alone. Returns the file.
    """
    path = settings.DATA_DIR / ACCOUNTS_FILE
    there = set(User.objects.filter(username__in=Role.values).values_list("username", flat=True))
    known = [one for one in _read(path) if one["username"] in there]
    missing = {
        role: secrets.token_urlsafe(9)
        for role in Role
        if role.reaches(Role.VOLUNTEER) and role.value not in there
    }
    new = [
        {"username": role.value, "password": password, "role": role.value}
        for role, password in missing.items()
    ]
    if missing:  # first: an account whose password nobody knows would stay so
        _write(path, known + new)
    for role, password in missing.items():
        create_account(username=role.value, password=password, role=role)
    return path


def simulated_people(volunteers: Sequence[Volunteer]) -> dict[str, User]:
    """The accounts of simulated volunteers by name, made if they are new."""
    people = {
        one.username: one for one in User.objects.filter(username__in=[each.name for each in volunteers])
    }
    for each in volunteers:
        if each.name not in people:
            people[each.name] = create_account(username=each.name, password=None, role=Role.VOLUNTEER)
    return people


def _read(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    accounts: list[dict[str, str]] = json.loads(path.read_text())
    return accounts


def _write(path: Path, accounts: list[dict[str, str]]) -> None:
    """Put the file in its place whole; nobody but its owner ever may read it."""
    unfinished = path.with_name(f".{path.name}")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "w") as file:
        json.dump(accounts, file, indent=2)
    unfinished.replace(path)
