"""What disk and database refuse is told as such, at every door."""

import errno
import sqlite3

import pytest
from django.core.management import CommandError
from django.db import (
    DatabaseError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
)
from django.test import Client
from rasterio.errors import RasterioIOError

from damage.commands import JsonCommand
from damage.disk import for_visitors, free_words, trouble_explained, trouble_of
from damage.errors import NotNow


def of_database(words, code="", kind=OperationalError):
    error = kind(words)
    error.__cause__ = sqlite3.OperationalError(words)
    if code:
        error.__cause__.sqlstate = code
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/nowhere/at/all.tif"), "disk is full"),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), "only be read"),
        (PermissionError(errno.EACCES, "Permission denied", "/"), "does not allow"),
        (OSError(errno.EMFILE, "Too many open files"), "Too many files"),
        (OSError(errno.EIO, "Input/output error"), "reports errors"),
        (RasterioIOError("TIFFAppendToStrip:Write error at scanline 1024"), "disk is full"),
        (RasterioIOError("/x.tif: Permission denied"), "does not allow"),
        (of_database("database or disk is full"), "disk is full"),
        (of_database("attempt to write a readonly database"), "only be read"),
        (of_database("unable to open database file"), "does not allow"),
        (of_database("disk I/O error"), "reports errors"),
        (of_database("database is locked"), "is busy"),
        (of_database("could not extend file", "53100"), "disk is full"),
        (of_database("deadlock detected", "40P01"), "is busy"),
        (of_database("relation does not exist", "42P01", ProgrammingError), "manage.py migrate"),
        (of_database("no such column: tagging_crop.cut_after"), "manage.py migrate"),
        (of_database("database disk image is malformed", kind=DatabaseError), "backups"),
        (of_database("invalid page in block 3", "XX001", InternalError), "backups"),
        (of_database('connection to server at "10.0.0.1" failed: refused'), "DATABASE_URL"),
        (
            of_database("terminating connection due to administrator command", "57P01"),
            "terminating connection",
        ),
    ],
)
def test_trouble_is_told_from_its_error_however_deep_it_lies(error, words, data_folder):
    data_folder.mkdir()
    trouble = trouble_of(error)
    assert isinstance(trouble, NotNow)
    assert words in str(trouble)
    assert trouble.remedy
    outer = ValueError("something went wrong")
    outer.__cause__ = error
    assert str(trouble_of(outer)) == str(trouble)
    told = str(for_visitors(trouble))
    assert "/" not in told  # no folder of the server
    assert "10.0.0.1" not in told


@pytest.mark.parametrize(
    "error",
    [
        ValueError("5"),
        FileNotFoundError(errno.ENOENT, "x", "/x"),
        RasterioIOError("Read error"),
        KeyError(28),
        of_database("syntax error", "42601", ProgrammingError),
        of_database("UNIQUE constraint failed: tagging_tag.id", kind=IntegrityError),
    ],
)
def test_what_is_no_trouble_of_disk_or_database_stays_what_it_is(error, data_folder):
    data_folder.mkdir()
    assert trouble_of(error) is None
    with pytest.raises(type(error)), trouble_explained():
        raise error


def test_a_disk_that_was_taken_away_is_told(data_folder):
    assert "Connect the disk" in str(
        trouble_of(FileNotFoundError(errno.ENOENT, "gone", str(data_folder / "x")))
    )


def test_the_room_that_is_left_is_told_of_folders_that_are_not_there_yet(tmp_path):
    assert free_words(tmp_path / "a" / "b").endswith(("GB", "MB"))


@pytest.fixture
def full_database(monkeypatch):
    """From when it is called, nothing can be written to the database."""

    def fill():
        def refuse(execute, sql, params, many, context):
            if sql.split()[0] in ("INSERT", "UPDATE", "DELETE"):
                raise of_database("database or disk is full")
            return execute(sql, params, many, context)

        connection.execute_wrappers.append(refuse)

    yield fill
    connection.execute_wrappers.clear()


def test_the_api_answers_503_with_words_and_logs_it(api, volunteer, monkeypatch, caplog):
    def refuse(*args, **kwargs):
        raise of_database("database or disk is full")

    api.force_authenticate(volunteer)
    monkeypatch.setattr("tagging.api.QuestionViewSet.get_queryset", refuse)
    answer = api.get("/api/v1/questions/")
    assert answer.status_code == 503
    assert "disk is full" in answer.json()["detail"]
    assert "tell the people who run this site" in answer.json()["remedy"]
    assert answer["Retry-After"] == "5"
    assert "Make room on the disk of" in caplog.text


def test_a_login_that_finds_no_room_answers_503_with_a_page(volunteer, full_database):
    client = Client()
    full_database()
    answer = client.post("/login/", {"username": "rosa", "password": "practice-tags"})
    assert answer.status_code == 503
    assert "The disk is full." in answer.content.decode()


def test_a_session_that_cannot_be_written_is_no_bad_request(volunteer, full_database, settings):
    settings.SESSION_SAVE_EVERY_REQUEST = True
    client = Client()
    client.force_login(volunteer)
    full_database()
    answer = client.get("/", headers={"accept-language": "es"})
    assert answer.status_code == 503
    assert client.get("/api/v1/questions/").json()["detail"] == "The disk is full."


def test_a_page_whose_database_is_lost_answers_503(volunteer, monkeypatch):
    client = Client(raise_request_exception=False)
    client.force_login(volunteer)

    def lost(self, *args, **kwargs):
        raise of_database("unable to open database file")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", lost)
    for path in ("/", "/tag/", "/login/"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert "Not at the moment" in answer.content.decode()


def test_any_other_error_is_still_ours(volunteer, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    client = Client(raise_request_exception=False)
    client.force_login(volunteer)
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", broken)
    assert client.get("/login/").status_code == 500


def test_commands_say_it_without_a_traceback():
    class Command(JsonCommand):
        def run(self, **options):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CommandError, match=r"The disk is full\. Make room"):
        Command().handle(json=False)
