"""This machine at work for a prediction that another machine runs."""

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from damage.environment import BASE_DIR


class Command(BaseCommand):
    help = (
        "Work for a Dask cluster until Ctrl-C: one process for each core, each with one thread. "
        "See docs/cluster.md; needs neither the database nor the models, only to see the imagery."
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
        command = [sys.executable, "-m", "dask", "worker", scheduler, "--nworkers", str(processes)]
        # Without a limit no worker is paused for good: the nanny starts one that the system killed again.
        command += ["--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
        environment = {**os.environ, "PYTHONPATH": str(BASE_DIR), "DAMAGE_THREADS": "1"}
        os.execve(sys.executable, command, environment)
