"""The site as a person starts and stops it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("served"))
    environment = {**os.environ, "DAMAGE_DEBUG": "1", "DAMAGE_DATA": folder, "DATABASE_URL": ""}
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    return environment


@pytest.fixture
def site(environment):
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield server, port
    if server.poll() is None:
        server.terminate()
        server.wait(30)


def front_page(port: int) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def test_it_serves_and_stops_when_asked(site):
    server, port = site
    assert "Damage" in front_page(port)
    server.send_signal(signal.SIGTERM)
    output, errors = server.communicate(timeout=30)
    assert server.returncode == 0, errors
    assert f"http://127.0.0.1:{port}" in output
    with socket.socket() as listener:
        assert listener.connect_ex(("127.0.0.1", port)) != 0


def children(pid: int) -> dict[str, int]:
    """Command lines of a process's children, with their numbers."""
    pids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {Path(f"/proc/{child}/cmdline").read_text().replace("\0", " "): int(child) for child in pids}


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found through Linux's /proc")
def test_when_the_worker_dies_the_site_ends_too(site):
    server, port = site
    front_page(port)
    programs = children(server.pid)
    assert len(programs) == 2
    os.kill(next(pid for command, pid in programs.items() if "db_worker" in command), signal.SIGKILL)
    _, errors = server.communicate(timeout=30)
    assert server.returncode == 1
    assert "ended by itself" in errors
    for pid in programs.values():
        assert not Path(f"/proc/{pid}").exists()


def test_a_taken_port_is_said_plainly(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "manage.py", "serve", "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "DAMAGE_DEBUG": "1", "DAMAGE_DATA": str(tmp_path), "DATABASE_URL": ""},
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert "choose another --port" in result.stderr
