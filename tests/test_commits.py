"""Writes of several threads share a transaction, and one that fails takes no other with it."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic, sleep

import pytest
from django.db import IntegrityError, connection, connections, transaction

from damage import commits
from damage.commits import committed
from damage.ingestion.models import Event

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL groups commits by itself"),
]


def named(name: str) -> Callable[[], Event]:
    return lambda: Event.objects.create(name=name, slug=name)


def at_once(*works: Callable[[], Event]) -> list[Future[Event]]:
    """Have as many threads write at once as there are works: they all wait until the turn is given."""

    def write(work: Callable[[], Event]) -> Event:
        try:
            return committed(work)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        with commits._turn:
            results = [threads.submit(write, work) for work in works]
            deadline = monotonic() + 30
            while len(commits._waiting) < len(works) and monotonic() < deadline:
                sleep(0.01)
        return results


@pytest.fixture
def transactions(monkeypatch) -> list[int]:
    """How many writes each transaction that was begun for all that wait holds."""
    counts: list[int] = []
    commit = commits._commit_all_that_wait

    def note() -> None:
        counts.append(len(commits._waiting))
        commit()

    monkeypatch.setattr(commits, "_commit_all_that_wait", note)
    return counts


def test_all_that_wait_are_written_together(transactions):
    results = at_once(*(named(f"quake-{number}") for number in range(5)))
    assert sorted(result.result().name for result in results) == [f"quake-{number}" for number in range(5)]
    assert Event.objects.count() == 5
    assert transactions == [5]


def test_one_that_fails_takes_no_other_with_it():
    Event.objects.create(name="there", slug="there")
    results = at_once(named("first"), named("there"), named("second"))
    assert isinstance(results[1].exception(), IntegrityError)
    assert [results[place].result().name for place in (0, 2)] == ["first", "second"]
    assert set(Event.objects.values_list("name", flat=True)) == {"there", "first", "second"}


def test_a_single_write_that_fails_says_so_and_the_next_goes_on():
    committed(named("there"))
    with pytest.raises(IntegrityError):
        committed(named("there"))
    assert committed(named("next")).pk
    assert not commits._waiting


def test_what_is_no_fault_of_the_database_is_raised_as_it_is():
    def fail() -> None:
        named("half")()
        raise LookupError("a bug")

    with pytest.raises(LookupError):
        committed(fail)
    assert not Event.objects.exists()


def test_within_a_transaction_of_the_caller_it_is_part_of_that():
    with transaction.atomic():
        committed(named("taken back"))
        transaction.set_rollback(True)
    assert not Event.objects.exists()
