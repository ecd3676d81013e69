"""What all management commands share: `--json`, errors that say what to do, and an honest exit status."""

import json
import signal
from abc import ABC, abstractmethod
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder

from damage.disk import trouble_explained
from damage.errors import Refused
from damage.messages import worded
from damage.tables import words

INTERRUPTED = 130  # what shells report after Ctrl-C


class JsonCommand(BaseCommand, ABC):
    """A command whose `run` returns its result as a dictionary.

    The result goes to standard output, as one JSON document with `--json`, else as `describe` words it.
    A result with `"ok": False` was only partly done: it is printed all the same, and the exit status is 1.
    """

    # The others import every view, which no command needs.
    requires_system_checks: tuple[str, ...] = ("security",)
    not_ok = "Not all was done; see above."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="print the result as one JSON document")
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's own arguments."""

    def run_from_argv(self, argv: list[str]) -> None:
        """Run from the command line, where a polite request to end counts as Ctrl-C."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with trouble_explained():
                result = self.run(**options)
        except Refused as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted; nothing was left half-done.", returncode=INTERRUPTED) from None
        self.stdout.write(
            json.dumps(worded(result), cls=DjangoJSONEncoder, indent=2)
            if options["json"]
            else "\n".join([self.describe(result), *self.then(result)])
        )
        if not result.get("ok", True):
            raise CommandError(self.not_ok)

    @abstractmethod
    def run(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Do the work through one service and return what came of it."""

    def describe(self, result: dict[str, Any]) -> str:
        """Word the result for a person."""
        return "\n".join(f"{key.replace('_', ' ')}: {words(value)}" for key, value in result.items())

    def then(self, result: dict[str, Any]) -> Sequence[str]:
        """What a person does next, and on which page: lines after the result, which `--json` leaves out."""
        return ()
