"""A worker that loads what trainings need while it has nothing to do."""

import threading
from unittest.mock import Mock

import pytest
from django.db import OperationalError
from django_tasks_db.models import DBTaskResult

from damage import warming as ours
from damage.warming import warming
from training.tasks import run_training

WAIT_S = 20


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(ours, "PAUSE_S", 0.01)
    monkeypatch.setattr(ours.connections, "close_all", lambda: None)  # the test's own


@pytest.fixture
def idle(monkeypatch):
    monkeypatch.setattr(ours, "_is_busy", lambda worker_id: False)


def loading(monkeypatch, *pieces):
    """Have these be what a training needs."""
    monkeypatch.setattr("training.warming.loads_of_a_training", lambda: iter(pieces))


def test_all_is_loaded_beside_the_work(idle, monkeypatch):
    loaded, done = [], threading.Event()
    loading(monkeypatch, lambda: loaded.append("a"), lambda: loaded.append("b"), done.set)
    with warming("me"):
        assert done.wait(WAIT_S)
    assert loaded == ["a", "b"]


def test_nothing_is_loaded_while_a_task_is_carried_out(monkeypatch):
    asked, loaded = threading.Event(), threading.Event()
    is_busy = threading.Event()
    is_busy.set()

    def look(worker_id):
        assert worker_id == "me"
        busy = is_busy.is_set()
        if busy:
            asked.set()
        return busy

    monkeypatch.setattr(ours, "_is_busy", look)
    loading(monkeypatch, loaded.set)
    with warming("me"):
        assert asked.wait(WAIT_S)
        assert not loaded.wait(0.2)
        is_busy.clear()
        assert loaded.wait(WAIT_S)


def test_work_that_ends_waits_for_one_piece_alone(idle, monkeypatch):
    begun, may_end, second = threading.Event(), threading.Event(), Mock()

    def first():
        begun.set()
        assert may_end.wait(WAIT_S)

    loading(monkeypatch, first, second)
    with warming("me"):
        assert begun.wait(WAIT_S)
        threading.Timer(0.2, may_end.set).start()
    assert may_end.is_set()
    assert not second.called


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("no such processor")])
def test_the_work_goes_on_whatever_fails(idle, monkeypatch, error):
    failed = threading.Event()

    def fail():
        failed.set()
        raise error

    loading(monkeypatch, fail)
    with warming("me"):
        assert failed.wait(WAIT_S)


@pytest.mark.django_db
def test_a_worker_is_busy_with_its_own_task_alone():
    task = DBTaskResult.objects.get(pk=run_training.enqueue(1).id)
    assert not ours._is_busy("me")
    task.claim("me")
    assert ours._is_busy("me")
    assert not ours._is_busy("other")
