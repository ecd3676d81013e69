from argparse import ArgumentParser
from typing import Any

from damage.accounts.management.commands import make_token
from damage.accounts.services import find_account, revoke_tokens


class Command(make_token.Command):
    help = "The former name of make_token: make a token for the API, which is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "-r", "--reset", action="store_true", help="revoke the person's other tokens first"
        )

    def run(self, *args: Any, username: str, reset: bool = False, **options: Any) -> dict[str, Any]:
        if reset:
            revoke_tokens(find_account(username))
        return super().run(username=username, **options)

    def describe(self, result: dict[str, Any]) -> str:
        return f"Generated token {result['token']} for user {result['username']}"
