"""The same rows on the other database: the apps' tests again, on a PostgreSQL server of their own."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Every app's tests that ask the database. Left out: what trains real networks, runs clusters or kills processes, the
# browser's tests, and pure functions; none of them has queries that these lack.
SUITES = (
    "tests/accounts",
    "tests/ingestion",
    "tests/tagging",
    "tests/contract",
    "tests/practice/test_volunteers.py",
    "tests/training/test_api.py",
    "tests/training/test_claims.py",
    "tests/training/test_dataset.py",
    "tests/training/test_experiment_pages.py",
    "tests/training/test_pages.py",
    "tests/training/test_registry.py",
    "tests/training/test_services.py",
    "tests/prediction/test_photo_page.py",
    "tests/prediction/test_prediction_api.py",
    "tests/prediction/test_map_page.py",
    "tests/prediction/test_predicting.py",
)


def server_programs() -> Path:
    """The newest installed server's folder of programs; without one the test is skipped, but not in CI."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    if os.environ.get("CI"):
        pytest.fail("CI installs PostgreSQL, but there is no server here")
    pytest.skip("no PostgreSQL server is installed")


def as_somebody_else() -> list[str]:
    """PostgreSQL refuses to run as root: then its own account runs it."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module")
def server_url():
    programs = server_programs()
    # Not pytest's own folder: the server's account could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="damage-postgresql-"))
    if as_somebody_else():
        shutil.chown(folder, "postgres")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [*as_somebody_else(), str(programs / program), *arguments],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )

    cluster = str(folder / "cluster")
    run("initdb", "-D", cluster, "-U", "damage", "--auth=trust", "--no-sync", "--encoding=UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-D", cluster, "-w", "-l", str(folder / "log"), "-o", options, "start")
    yield f"postgres://damage@127.0.0.1:{port}/postgres"
    run("pg_ctl", "-D", cluster, "-m", "immediate", "stop")
    shutil.rmtree(folder)


def test_every_suite_is_there():
    assert [suite for suite in SUITES if not (ROOT / suite).exists()] == []


def test_the_apps_work_on_postgresql(server_url):
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *SUITES],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": server_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
