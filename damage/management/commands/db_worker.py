"""The background worker: django-tasks' own, which puts in order what dead ones left and survives its database."""

import shutil
import time
from contextlib import nullcontext
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django_tasks_db.management.commands import db_worker

from damage.database_trouble import Trouble, behind
from damage.recovery import recover
from damage.warming import warming
from damage.work.locks import locked
from damage.workers import folder_of

FIRST_WAIT_S = 1
LONGEST_WAIT_S = 30


class Command(db_worker.Command):
    help = "Do the site's background work until Ctrl-C; `serve` does so itself."
    requires_system_checks = ()  # they import every view

    def handle(self, *, worker_id: str, batch: bool, **options: Any) -> None:
        folder = folder_of(worker_id)
        with locked(folder):
            try:
                self._work(worker_id=worker_id, batch=batch, **options)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def _work(self, *, worker_id: str, batch: bool, reload: bool, **options: Any) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            began_at = time.monotonic()
            try:
                for line in recover(idle_worker=worker_id):
                    self.stderr.write(str(line))
                with nullcontext() if batch or reload else warming(worker_id):
                    super().handle(worker_id=worker_id, batch=batch, reload=reload, **options)
                return
            except (OperationalError, InterfaceError) as error:
                if batch or behind(error) is Trouble.NOT_MIGRATED:
                    raise
                if time.monotonic() - began_at > LONGEST_WAIT_S:
                    wait_s = FIRST_WAIT_S
                self.stderr.write(f"The database is lost ({_first_line(error)}); trying again in {wait_s} s.")
            connections.close_all()
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
