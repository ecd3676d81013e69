"""Tasks whose worker was killed, and a worker that loses its database."""

from unittest.mock import Mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django_tasks.base import TaskResultStatus
from django_tasks_db.management.commands import db_worker as theirs
from django_tasks_db.models import DBTaskResult

from damage.management.commands import db_worker as ours
from damage.management.commands.serve import check_migrated
from damage.work.locks import locked
from damage.workers import folder_of, settle_tasks
from training.tasks import run_training

pytestmark = pytest.mark.django_db


@pytest.fixture
def running():
    """Have a task that a worker of some name carries out."""

    def make(worker_id: str) -> DBTaskResult:
        task = DBTaskResult.objects.get(pk=run_training.enqueue(1).id)
        task.claim(worker_id)
        return task

    return make


def status_of(task: DBTaskResult) -> str:
    task.refresh_from_db()
    return task.status


def test_the_task_of_a_killed_worker_has_failed(running):
    task = running("killed")
    with locked(folder_of("killed")):
        assert settle_tasks() == 0
    assert settle_tasks() == 1
    assert status_of(task) == TaskResultStatus.FAILED
    assert "was killed" in task.task_result.errors[0].traceback
    assert task.finished_at <= timezone.now()


def test_a_worker_of_another_machine_is_left_alone(running, monkeypatch):
    task = running("elsewhere")
    monkeypatch.setattr(connection, "vendor", "postgresql")
    assert settle_tasks() == 0
    assert status_of(task) == TaskResultStatus.RUNNING


def test_no_other_machine_works_on_a_file(running):
    if connection.vendor != "sqlite":
        pytest.skip("several machines may work on this database")
    task = running("before the upgrade")
    assert settle_tasks() == 1
    assert status_of(task) == TaskResultStatus.FAILED


def test_the_name_of_a_worker_leads_nowhere_else(data_folder):
    for name in ("../../etc", "..", "a/b", "."):
        assert folder_of(name).parent == data_folder / "workers"


def test_a_worker_survives_the_loss_of_its_database(running, monkeypatch, capsys):
    lost = OperationalError("server closed the connection unexpectedly\n\tThis probably means ...")
    theirs_handle = Mock(side_effect=[lost, lost, None])
    waits: list[float] = []
    monkeypatch.setattr(theirs.Command, "handle", theirs_handle)
    monkeypatch.setattr(ours.time, "sleep", waits.append)
    monkeypatch.setattr(ours.connections, "close_all", lambda: None)  # the test's own transaction
    task = running("me")
    with locked(folder_of("other")):
        other = running("other")
        call_command("db_worker", worker_id="me", reload=False)
        assert status_of(other) == TaskResultStatus.RUNNING
    assert status_of(task) == TaskResultStatus.FAILED
    assert waits == [1, 2]
    assert "The database is lost (server closed the connection unexpectedly); trying again in 2 s." in (
        capsys.readouterr().err
    )
    assert not folder_of("me").exists()


def test_a_database_that_was_never_migrated_is_not_waited_for(monkeypatch):
    error = OperationalError("no such table: django_tasks_database_dbtaskresult")
    monkeypatch.setattr(ours, "recover", Mock(side_effect=error))
    with pytest.raises(OperationalError):
        call_command("db_worker", reload=False)


def test_the_site_does_not_start_on_a_database_of_another_version():
    check_migrated()
    MigrationRecorder.Migration.objects.filter(app="tagging").last().delete()
    with pytest.raises(CommandError, match=r"manage.py migrate"):
        check_migrated()
