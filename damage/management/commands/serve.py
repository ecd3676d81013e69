"""The site and its background worker, as one program for one laptop."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from damage.environment import BASE_DIR
from damage.practice.accounts import ACCOUNTS_FILE
from prediction.services import continue_abandoned
from training.claims import record_killed
from training.models import Experiment, ModelRun

PATIENCE_S = 8


class Stopped(Exception):
    """Somebody asked the server to stop."""


class Command(BaseCommand):
    help = "Serve the site, and do its background work beside it, until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
        )
        parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        check_free(host, port)
        for work in (*record_killed(ModelRun), *record_killed(Experiment)):
            self.stderr.write(f"{work.named} was cut off; ask for it again.")
        for run in continue_abandoned():
            self.stderr.write(f"Prediction run {run.pk} was cut off and goes on.")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _stop)
        programs = {
            name: subprocess.Popen(command, cwd=BASE_DIR, start_new_session=True)
            for name, command in commands(host, port).items()
        }
        try:
            self.announce(host, port)
            name = _first_to_end(programs)
            raise CommandError(
                f"The {name} ended by itself with status {programs[name].returncode}; see above."
            )
        except Stopped:
            self.stdout.write("Stopped.")
        finally:
            stop(list(programs.values()))

    def announce(self, host: str, port: int) -> None:
        """Say where the site is, and in the demo who may log in."""
        self.stdout.write(f"\nDamage is at http://{host}:{port}  (Ctrl-C stops it)")
        accounts = settings.DATA_DIR / ACCOUNTS_FILE
        if settings.DEBUG and accounts.is_file():
            self.stdout.write("Accounts of the demo:")
            for account in json.loads(accounts.read_text()):
                self.stdout.write(f"  {account['role']:<10} {account['username']:<10} {account['password']}")
        self.stdout.flush()


def commands(host: str, port: int) -> dict[str, list[str]]:
    """The web server and the worker; threads, because a request waits for disks more than for processors."""
    web = [
        "gunicorn",
        "--bind",
        f"{host}:{port}",
        "--workers",
        "2",
        "--threads",
        "4",
        "--log-level",
        "warning",
    ]
    work = ["db_worker", "--interval", "1", "--no-reload"]
    return {
        "web server": [sys.executable, "-m", *web, "damage.wsgi"],
        "worker": [sys.executable, "-u", str(BASE_DIR / "manage.py"), *work],
    }


def check_free(host: str, port: int) -> None:
    """Raise `CommandError` when something else listens there."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Cannot listen on {host}:{port} ({error.strerror}). Stop what runs there, or choose another --port."
            ) from error


def stop(programs: list[subprocess.Popen[bytes]]) -> None:
    """Ask the programs to end; ask again, so that a worker gives up its task and records that; end the rest."""
    for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        for program in programs:
            _signal_group(program, number)
        if _have_ended(programs):
            return


def _have_ended(programs: list[subprocess.Popen[bytes]]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if all(program.poll() is not None for program in programs):
            return True
        time.sleep(0.1)
    return False


def _signal_group(program: subprocess.Popen[bytes], number: int) -> None:
    """Each program leads a group of its own, so that what it started ends with it."""
    with suppress(ProcessLookupError):
        os.killpg(program.pid, number)


def _first_to_end(programs: dict[str, subprocess.Popen[bytes]]) -> str:
    while True:
        for name, program in programs.items():
            if program.poll() is not None:
                return name
        time.sleep(0.2)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped
