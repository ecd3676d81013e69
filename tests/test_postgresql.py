"""The same rows on the other database: every app's tests that ask one, again, on a PostgreSQL server of their own.

Of the suites below `--only-database` (tests/conftest.py) chooses the tests by what they ask for. Left out are tests

- that ask no database: pure functions, commands and servers in processes of their own;
- in Chromium, which ask the API that other tests ask without it;
- with the shared imagery, or which train a network or need a trained one: most of the suite's time goes there;
- marked `one_database`: about SQLite itself, or costly and the same on either. Each says why.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

import pytest

TESTS = Path(__file__).resolve().parent
SUITES = ("tests/accounts", "tests/ingestion", "tests/tagging", "tests/prediction", "tests/training")


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


def test_every_apps_tests_pass_on_postgresql(server_url, tmp_path):
    report = tmp_path / "report.xml"
    result = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--only-database",
            *SUITES,
            f"--junitxml={report}",
        ],
        cwd=TESTS.parent,
        env={**os.environ, "DATABASE_URL": server_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-2000:]
    done = Counter(
        case.attrib["classname"].split(".")[1]
        for case in ElementTree.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it just now
        if case.find("skipped") is None
    )
    folders = {suite.split("/")[1] for suite in SUITES}
    assert {folder for folder in folders if not done[folder]} == set()
