"""A worker that loads what a training needs while it has nothing to do: the first then takes no longer than others."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread

from django.db import DatabaseError, InterfaceError, connections
from django_tasks_db.models import DBTaskResult

# Before anything is loaded, so that a task that waits already is begun first; and between looks whether one is done.
PAUSE_S = 1.5


@contextmanager
def warming(worker_id: str) -> Iterator[None]:
    """Load it in a thread beside the block, which goes on whatever fails there; its end waits for the piece at hand."""
    ended = Event()
    thread = Thread(target=_load, args=(worker_id, ended), name="warming")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _load(worker_id: str, ended: Event) -> None:
    """Load piece by piece, and none while a task is carried out."""
    if ended.wait(PAUSE_S):
        return
    from training.warming import loads_of_a_training

    try:
        with suppress(DatabaseError, InterfaceError):  # then the first training loads it all itself
            for load in loads_of_a_training():
                while _is_busy(worker_id) and not ended.wait(PAUSE_S):
                    pass
                if ended.is_set():
                    return
                load()
    finally:
        connections.close_all()  # this thread's own


def _is_busy(worker_id: str) -> bool:
    return any(worker_id in task.worker_ids for task in DBTaskResult.objects.running())
