"""What commands say when the database cannot be used."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from django.db import DatabaseError, Error

from damage.disk import trouble_of
from tests.tiny_disk import fill, tiny_disk

ROOT = Path(__file__).resolve().parent.parent


def manage(*command: str, data: Path, url: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, "DAMAGE_DEBUG": "1", "DAMAGE_DATA": str(data), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def told_in_a_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_a_server_that_does_not_answer(tmp_path):
    url = "postgres://damage:hunter2@127.0.0.1:1/damage"
    words = told_in_a_line(manage("createsuperuser", "--noinput", data=tmp_path, url=url))
    assert "DATABASE_URL" in words
    assert "refused" in words
    assert "hunter2" not in words


def test_a_database_that_was_never_migrated(tmp_path):
    words = told_in_a_line(manage("clearsessions", data=tmp_path))
    assert "manage.py migrate" in words


def test_a_disk_without_room_stops_commands_of_django_too_in_a_line(tmp_path):
    with tiny_disk(tmp_path / "tiny", 1) as disk:
        (disk / "data").mkdir(mode=0o700)
        fill(disk)
        words = told_in_a_line(manage("migrate", "--verbosity=0", data=disk / "data"))
    assert "The disk is full." in words
    assert str(disk) in words


def sqlite_error(file: Path) -> Error:
    """What SQLite says when the file is read."""
    try:
        sqlite3.connect(file).execute("SELECT * FROM sqlite_master")
    except sqlite3.Error as error:
        return DatabaseError(str(error))
    raise AssertionError("it was read")


def test_a_file_that_is_no_database(tmp_path):
    file = tmp_path / "damage.sqlite3"
    file.write_bytes(b"This is no database at all. " * 100)
    assert "backups" in str(trouble_of(sqlite_error(file)))


def test_a_folder_in_place_of_the_database(tmp_path):
    assert "the right to read and write" in str(trouble_of(sqlite_error(tmp_path)))


def test_what_is_no_trouble_with_the_database_keeps_its_traceback():
    assert trouble_of(DatabaseError("UNIQUE constraint failed: tagging_tag.id")) is None
