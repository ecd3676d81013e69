"""The site and its background work, as one program for one machine."""

import json
import signal
import sys
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from damage.database_trouble import MIGRATE, NOT_MIGRATED
from damage.environment import BASE_DIR
from damage.listening import address_words, listen, warnings
from damage.static_files import collect_where_needed
from damage.supervision import Program, Supervisor

# One process has one processor's work in Python; with two the site goes on while one starts again.
WEB_SERVERS = 2
# Background work leaves the processors to the web servers while they start.
BACKGROUND_AFTER_S = 3


class Command(BaseCommand):
    help = "Serve the site, and do its background work beside it, until Ctrl-C."
    requires_system_checks = ("security",)  # the others import every view, which only the web servers need

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
        )
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        # From now on who comes is kept waiting, and served as soon as a web server is there.
        with listen(host, port) as listener:
            check_migrated()
            collect_where_needed(self.tell)
            supervisor = Supervisor(programs(listener.fileno()), self.tell)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
                    signal.signal(number, supervisor.ask_to_stop)
            self.announce(host, listener.getsockname()[1])
            supervisor.run(meanwhile=self.recover)
        self.stdout.write("Stopped.")

    def recover(self) -> None:
        """Put in order what killed processes left, while the web servers start; nobody works in the background yet."""
        from damage.recovery import recover  # seconds, in which the web servers load as well

        for line in recover():
            self.tell(str(line))
        connections.close_all()

    def tell(self, line: str) -> None:
        """Say something; that nobody listens any more ends nothing."""
        with suppress(OSError):
            self.stderr.write(line)

    def announce(self, host: str, port: int) -> None:
        """Say where the site is, what to know of it, and in the demo who may log in."""
        for warning in warnings(host):
            self.tell(warning)
        self.stdout.write("\n" + "\n".join(address_words(host, port)) + "\n(Ctrl-C stops it)")
        if settings.DEBUG:
            self.name_accounts()
        self.stdout.flush()

    def name_accounts(self) -> None:
        """Say who may log in to the demo, where this is one."""
        from damage.practice.accounts import ACCOUNTS_FILE  # slow to import, and only the demo needs it

        accounts = settings.DATA_DIR / ACCOUNTS_FILE
        if accounts.is_file():
            self.stdout.write("Accounts of the demo:")
            for account in json.loads(accounts.read_text()):
                self.stdout.write(f"  {account['role']:<10} {account['username']:<10} {account['password']}")


def programs(listener: int) -> list[Program]:
    """What the site consists of; it goes on without any one of them until that is there again."""
    web = (sys.executable, "-m", "damage.web", "--socket", str(listener))
    manage = (sys.executable, "-u", str(BASE_DIR / "manage.py"))
    return [
        *(Program(f"web server {number}", web, sockets=(listener,)) for number in range(1, WEB_SERVERS + 1)),
        Program(
            "worker",
            (*manage, "db_worker", "--interval", "1", "--no-reload"),
            expendable=True,
            begins_after_s=BACKGROUND_AFTER_S,
        ),
        # Not the worker's: squares that are tagged while it trains for hours must become crops as well.
        Program(
            "cutter",
            (*manage, "cut_crops", "--watch"),
            expendable=True,
            begins_after_s=BACKGROUND_AFTER_S,
        ),
    ]


def check_migrated() -> None:
    """Raise `CommandError` where the database is of another version."""
    executor = MigrationExecutor(connections["default"])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise CommandError(f"{NOT_MIGRATED} {MIGRATE}")
