"""The site as a person starts and stops it, and as it is killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from damage.data_folder import DATABASE_FILE

ROOT = Path(__file__).resolve().parent.parent
# On a machine that is busy with other tests; alone it is seconds.
LONG_S = 120


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def environment(tmp_path_factory, migrated_sqlite):
    folder = tmp_path_factory.mktemp("served")
    shutil.copyfile(migrated_sqlite, folder / DATABASE_FILE)
    return {**os.environ, "DAMAGE_DEBUG": "1", "DAMAGE_DATA": str(folder), "DATABASE_URL": ""}


@contextmanager
def served(environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[str]]:
    log = Path(environment["DAMAGE_DATA"]) / "serve.log"
    with log.open("a") as output:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
            text=True,
        )
    try:
        yield server
    finally:
        if server.poll() is None:
            server.terminate()
            server.wait(LONG_S)


def said(environment: dict[str, str]) -> str:
    return (Path(environment["DAMAGE_DATA"]) / "serve.log").read_text()


def eventually(happens: Callable[[], object], within_s: float = LONG_S) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.05)
    return False


def front_page(port: int) -> str:
    deadline = time.monotonic() + LONG_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=LONG_S) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def programs(server: subprocess.Popen[str], part: str) -> list[psutil.Process]:
    """The server's children whose command line holds the part."""
    return [child for child in psutil.Process(server.pid).children() if part in command_line(child)]


def command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # dead, or about to be
        return ""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_it_serves_through_every_kill_and_stops_when_asked(environment):
    port = free_port()
    with served(environment, port) as server:
        assert "Damage" in front_page(port)
        assert eventually(lambda: programs(server, "manage.py db_worker"))
        (worker,) = programs(server, "manage.py db_worker")
        one, other = programs(server, "-m damage.web")

        worker.kill()
        assert "Damage" in front_page(port)
        assert eventually(lambda: set(programs(server, "manage.py db_worker")) - {worker})
        assert "The worker was ended by SIGKILL" in said(environment)

        one.kill()
        assert "Damage" in front_page(port)
        assert eventually(lambda: len(programs(server, "-m damage.web")) == 2)
        other.kill()
        assert "Damage" in front_page(port)
        assert eventually(lambda: len(programs(server, "-m damage.web")) == 2)

        everybody = psutil.Process(server.pid).children(recursive=True)
        server.kill()
        server.wait()
        _, alive = psutil.wait_procs(everybody, timeout=5)
        assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]

    with served(environment, port) as server:
        assert "Damage" in front_page(port)
        everybody = psutil.Process(server.pid).children(recursive=True)
        server.send_signal(signal.SIGTERM)
        assert server.wait(LONG_S) == 0
        assert said(environment).endswith("Stopped.\n")
        assert not psutil.wait_procs(everybody, timeout=0)[1]
        with socket.socket() as listener:
            assert listener.connect_ex(("127.0.0.1", port)) != 0
    assert f"http://127.0.0.1:{port}" in said(environment)
    assert "Traceback" not in said(environment)
