"""Who may look into the data folder."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from damage.data_folder import is_open_to_others, prepare_data_folder
from damage.environment import BadSetting

ROOT = Path(__file__).resolve().parent.parent


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def usual_umask():
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.usefixtures("usual_umask")
def test_a_new_folder_and_its_database_are_for_this_account_alone(tmp_path):
    folder = tmp_path / "a" / "data"
    environment = {**os.environ, "DAMAGE_DEBUG": "1", "DAMAGE_DATA": str(folder), "DATABASE_URL": ""}
    code = (
        "import django; django.setup(); from django.db import connection; c = connection.cursor(); "
        "c.execute('create table t (x)'); import os; "
        f"print(*[oct(os.stat(e).st_mode & 0o777) for e in os.scandir({str(folder)!r})])"
    )
    environment["DJANGO_SETTINGS_MODULE"] = "damage.settings"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0o600"] * 3  # the database, its write-ahead log, their shared memory
    assert mode(folder) == 0o700
    assert not is_open_to_others(folder)


@pytest.mark.usefixtures("usual_umask")
def test_a_folder_from_before_is_tightened_once_and_said(tmp_path, capsys):
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("damage.sqlite3", "damage.sqlite3-wal", "damage.sqlite3-shm"):
        (folder / name).touch()
    for _ in range(2):
        prepare_data_folder(folder, holds_database=True)
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert mode(folder) == 0o700
    assert capsys.readouterr().err.count("can no longer enter") == 1


@pytest.mark.usefixtures("usual_umask")
def test_a_folder_that_others_keep_things_in_stays_open(tmp_path):
    (tmp_path / "somebody's.txt").touch()
    prepare_data_folder(tmp_path, holds_database=True)
    tmp_path.chmod(0o1777)
    prepare_data_folder(tmp_path, holds_database=True)
    assert mode(tmp_path) == 0o1777
    assert is_open_to_others(tmp_path)
    assert mode(tmp_path / "damage.sqlite3") == 0o600


def test_a_stricter_mode_stays(tmp_path):
    database = tmp_path / "damage.sqlite3"
    database.touch(mode=0o400)
    prepare_data_folder(tmp_path, holds_database=True)
    assert mode(database) == 0o400


@pytest.mark.parametrize("folder", ["/proc/damage", "/dev/null/data", "/proc"])
def test_a_folder_that_cannot_be_made_or_written_is_refused(folder):
    if not Path("/proc/self").exists():
        pytest.skip("Linux's /proc is a folder that nobody can write")
    with pytest.raises(BadSetting, match="DAMAGE_DATA is"):
        prepare_data_folder(Path(folder), holds_database=True)


def test_no_command_shows_a_traceback_for_a_bad_folder():
    environment = {**os.environ, "DAMAGE_DEBUG": "1", "DAMAGE_DATA": "/dev/null/data"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "DAMAGE_DATA" in done.stderr
