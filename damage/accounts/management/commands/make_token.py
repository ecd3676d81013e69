from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from damage.accounts.services import find_account
from damage.accounts.tokens import DAYS, create_token
from damage.commands import JsonCommand


class Command(JsonCommand):
    help = "Make a token with which a person's programs use the API. It is shown this once; keep it safe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", help="whose token it is")
        parser.add_argument("--days", type=int, default=DAYS, help=f"how long it is valid (default: {DAYS})")
        parser.add_argument("--name", help="what it is for (default: the command's name and the time)")

    def run(self, *args: Any, username: str, days: int, name: str | None, **options: Any) -> dict[str, Any]:
        person = find_account(username)
        name = name or f"make_token {timezone.now():%Y-%m-%d %H:%M:%S.%f}"
        key = create_token(person, name=name, days=days)
        return {"username": person.username, "name": name, "days": days, "token": key}

    def describe(self, result: dict[str, Any]) -> str:
        return f"Token for {result['username']}, valid for {result['days']} days: {result['token']}"
