"""Programs that are kept going, with small programs in place of ours."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from damage import supervision
from damage.supervision import Program, Supervisor, end_words, waiting_s

ROOT = Path(__file__).resolve().parent.parent
SLEEP = (sys.executable, "-S", "-c", "import time; time.sleep(60)")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")


def eventually(happens: Callable[[], object], within_s: float = 20) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def supervise(monkeypatch):
    """Start supervising programs; gives the supervisor and what it told."""
    monkeypatch.setattr(supervision, "LOOK_EVERY_S", 0.02)
    begun = []

    def start(*programs: Program) -> tuple[Supervisor, list[str]]:
        told: list[str] = []
        supervisor = Supervisor(programs, told.append)
        thread = threading.Thread(target=supervisor.run)
        thread.start()
        begun.append((supervisor, thread))
        return supervisor, told

    yield start
    for supervisor, thread in begun:
        supervisor.ask_to_stop()
        thread.join(30)
        assert not thread.is_alive()
        assert all(each.has_ended for each in supervisor.all)


def pid_of(supervisor: Supervisor, number: int = 0) -> int:
    assert eventually(lambda: supervisor.all[number].process)
    process = supervisor.all[number].process
    return process.pid if process else 0


def test_who_is_killed_starts_again_and_the_others_go_on(supervise, monkeypatch):
    monkeypatch.setattr(supervision, "STEADY_S", 0)
    supervisor, told = supervise(Program("worker", SLEEP), Program("web server", SLEEP))
    first, other = pid_of(supervisor), pid_of(supervisor, 1)
    os.kill(first, signal.SIGKILL)
    assert eventually(lambda: supervisor.all[0].process and supervisor.all[0].process.pid != first)
    assert pid_of(supervisor, 1) == other
    assert told == [
        "The worker was ended by SIGKILL, as the system does when memory is full; it starts again now."
    ]


def test_who_ends_at_once_waits_longer_each_time(supervise, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(supervision.time, "monotonic", lambda: clock[0])
    told: list[str] = []
    (each,) = Supervisor(
        [Program("worker", (sys.executable, "-S", "-c", "raise SystemExit(3)"))], told.append
    ).all
    begun = 0
    while len(told) < 4:
        each.look_after(told.append)
        if each.process is not None:
            begun += 1
            each.process.wait(20)
            each.look_after(told.append)
        else:
            clock[0] += 1
    assert begun == 4
    assert [line.split("again ")[1] for line in told] == ["in 1 s.", "in 2 s.", "in 4 s.", "in 8 s."]
    assert "ended with status 3" in told[0]


def test_the_wait_has_an_end():
    assert [waiting_s(lives) for lives in (0, 1, 2, 7, 1000)] == [0, 1, 2, 60, 60]


def test_a_program_that_is_not_there_does_not_end_the_others(supervise):
    supervisor, told = supervise(Program("web server", SLEEP), Program("cutter", ("/no/such/program",)))
    assert eventually(lambda: told)
    assert "cutter ended with status 1" in told[0]
    assert not supervisor.all[0].has_ended


@pytest.mark.parametrize(
    ("status", "words"), [(0, "status 0"), (-15, "SIGTERM"), (-64, "SIG"), (-9, "memory"), (1, "status 1")]
)
def test_how_it_ended_is_told(status, words):
    assert words in end_words(status)


def test_who_does_not_want_to_end_is_ended(supervise, monkeypatch, tmp_path):
    monkeypatch.setattr(supervision, "PATIENCE_S", 0.3)
    ready = tmp_path / "ready"
    stubborn = (
        "import signal, sys, time; [signal.signal(n, signal.SIG_IGN) for n in (2, 15)]; "
        "open(sys.argv[1], 'w'); time.sleep(60)"
    )
    supervisor, _ = supervise(Program("worker", (sys.executable, "-S", "-c", stubborn, str(ready))))
    pid = pid_of(supervisor)
    assert eventually(ready.exists)
    supervisor.ask_to_stop()
    assert eventually(lambda: not psutil.pid_exists(pid))


@on_linux
def test_what_a_dead_program_started_ends_with_it(supervise):
    code = f"import subprocess, time; subprocess.Popen({list(SLEEP)!r}); time.sleep(60)"
    supervisor, _ = supervise(Program("worker", (sys.executable, "-S", "-c", code)))
    worker = psutil.Process(pid_of(supervisor))
    assert eventually(worker.children)
    (grandchild,) = worker.children()
    worker.kill()
    assert eventually(lambda: not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE)


@on_linux
def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path):
    bonded = f"[sys.executable, '-m', 'damage.supervised', str(os.getpid()), *{list(SLEEP)!r}]"
    child = f"import os, subprocess, sys, time; subprocess.Popen({bonded}); time.sleep(60)"
    code = (
        "import sys; from damage.supervision import Program, Supervisor; "
        f"Supervisor([Program(n, (sys.executable, '-c', {child!r})) for n in ('a', 'b')], print).run()"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    tree = psutil.Process(supervisor.pid)

    def grown() -> list[psutil.Process]:
        found = tree.children(recursive=True)
        return found if sum(list(SLEEP) == process.cmdline() for process in found) == 2 else []

    assert eventually(grown, 60)
    everybody = grown()
    assert len(everybody) == 4
    supervisor.kill()
    supervisor.wait(10)
    _, alive = psutil.wait_procs(everybody, timeout=10)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@on_linux
def test_who_comes_too_late_for_its_parent_does_not_begin(tmp_path):
    made = tmp_path / "made"
    command = [sys.executable, "-m", "damage.supervised", "1", "/usr/bin/env", "touch", str(made)]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 1
    assert not made.exists()
