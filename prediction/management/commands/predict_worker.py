"""This machine at work for predictions that another machine runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError

from damage.environment import BASE_DIR

SECONDS_BETWEEN_CALLS = 1.0


class Command(BaseCommand):
    help = (
        "Work for a Dask cluster until Ctrl-C: one process for each core, each with one thread. Waits for a scheduler "
        "that is not there (yet). See docs/cluster.md; needs neither the database nor the models, only the imagery."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scheduler", help="the scheduler's address, such as tcp://192.168.7.1:8786")
        parser.add_argument(
            "--processes",
            type=int,
            default=os.cpu_count(),
            help="how many blocks to work on at once; default: %(default)s, this machine's cores",
        )

    def handle(self, *args: Any, scheduler: str, processes: int, **options: Any) -> None:
        parts = urlsplit(scheduler)
        if parts.scheme not in ("tcp", "tls") or not parts.hostname or not parts.port:
            raise CommandError(f"{scheduler} is no scheduler's address, such as tcp://192.168.7.1:8786.")
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with suppress(KeyboardInterrupt):
            while True:
                self.stderr.write(f"Waiting for the scheduler at {scheduler} (Ctrl-C ends this).")
                wait_for(parts.hostname, parts.port)
                work(scheduler, processes)


def wait_for(host: str, port: int) -> None:
    """Return when somebody answers there."""
    while True:
        with suppress(OSError), socket.create_connection((host, port), timeout=5):
            return
        time.sleep(SECONDS_BETWEEN_CALLS)


def work(scheduler: str, processes: int) -> None:
    """Be its workers until it ends; raises `CommandError` when they end otherwise."""
    bond = [sys.executable, "-m", "damage.supervised", str(os.getpid())]  # that they end with this process
    command = [*bond, sys.executable, "-m", "dask", "worker", scheduler, "--nworkers", str(processes)]
    # Without a limit no worker is paused for good: the nanny starts one that the system killed again.
    command += ["--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
    environment = {**os.environ, "PYTHONPATH": str(BASE_DIR), "DAMAGE_THREADS": "1"}
    program = subprocess.Popen(command, env=environment)
    try:
        if status := program.wait():
            raise CommandError(f"The workers ended by themselves with status {status}; see above.")
    finally:
        program.terminate()
        program.wait()
