"""What is acknowledged is on the disk: counted by the system calls of a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from damage.data_folder import DATABASE_FILE

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = '''
import os
import sys

import django

django.setup()
import numpy as np
from PIL import Image
from rest_framework.test import APIClient

from damage.accounts.models import Role
from damage.accounts.services import create_account
from damage.ingestion.services import ingest_photo
from pathlib import Path
from tagging.cutting import cut_pending_crops


def say(what):
    """Mark a moment in the trace: a write to a file that nobody else writes to."""
    os.write(mark, what.encode())


mark = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
photo = Path(sys.argv[1]).with_name("photo.png")
Image.fromarray(np.zeros((200, 200, 3), np.uint8)).save(photo)
say("ingesting")
scene = ingest_photo(photo, event="Quake", town="Altamira").scene
client = APIClient(SERVER_NAME="localhost")
client.force_authenticate(create_account(username="rosa", password="x", role=Role.VOLUNTEER))
for x_px in (0, 60, 120):
    say("tagging")
    place = {"scene": scene.pk, "x_px": x_px, "y_px": 0, "size_px": 60}
    answer = client.post("/api/v1/tags/", {"question": "damage", "answer": "positive", **place})
    say(f"answered {answer.status_code}")
say("cutting")
cut_pending_crops()
say("done")
'''


@dataclass(frozen=True)
class Call:
    """One system call: its name, the file's name, and what was written to the marks."""

    name: str
    file: str
    text: str = ""


@pytest.fixture(scope="module")
def trace(tmp_path_factory, migrated_sqlite) -> list[Call]:
    """What a process that ingests, tags and cuts asks of the disk, in order."""
    if shutil.which("strace") is None:
        if os.environ.get("CI"):
            pytest.fail("CI installs strace, but it is not here")
        pytest.skip("strace is not installed")
    folder = tmp_path_factory.mktemp("durable")
    script, log = folder / "script.py", folder / "trace"
    script.write_text(SCRIPT)
    data = folder / "data"
    data.mkdir(mode=0o700)
    shutil.copyfile(migrated_sqlite, data / DATABASE_FILE)
    settings = {"DAMAGE_DEBUG": "1", "DAMAGE_DATA": str(data), "DATABASE_URL": ""}
    calls = "trace=write,pwrite64,fsync,fdatasync"
    strace = ["strace", "-f", "--seccomp-bpf", "-y", "-qq", "-s", "60", "-e", calls, "-o", str(log)]
    subprocess.run(
        [*strace, sys.executable, str(script), str(folder / "marks")],
        cwd=ROOT,
        env={**os.environ, **settings, "DJANGO_SETTINGS_MODULE": "damage.settings", "PYTHONPATH": str(ROOT)},
        check=True,
    )
    found = re.findall(r"(write|pwrite64|fsync|fdatasync)\(\d+<([^>]*)>(?:, \"([^\"]*))?", log.read_text())
    return [Call(name, Path(file).name, text) for name, file, text in found]


def between(trace: list[Call], first: str, last: str) -> list[list[Call]]:
    """The calls between each mark that begins with `first` and the next that begins with `last`."""
    parts: list[list[Call]] = []
    part: list[Call] | None = None
    for call in trace:
        if call.file == "marks" and call.text.startswith(first):
            part = []
        elif part is not None and call.file == "marks" and call.text.startswith(last):
            parts.append(part)
            part = None
        elif part is not None:
            part.append(call)
    return parts


def is_flush(call: Call) -> bool:
    return call.name in {"fsync", "fdatasync"}


def test_every_acknowledged_tag_was_flushed_before_its_201(trace):
    answers = between(trace, "tagging", "answered 201")
    assert len(answers) == 3
    for calls in answers:
        log = [call for call in calls if call.file == "damage.sqlite3-wal"]
        assert any(call.name == "pwrite64" for call in log)
        assert is_flush(log[-1])


@pytest.mark.parametrize(
    ("moment", "until", "folder", "files"),
    [
        ("ingesting", "tagging", "scenes", 1),
        ("ingesting", "tagging", "views", 1),
        ("cutting", "done", "crops", 3),
    ],
)
def test_files_and_their_folder_are_flushed_before_the_commit_that_names_them(
    trace, moment, until, folder, files
):
    calls = between(trace, moment, until)[0]
    last_folder = max(place for place, call in enumerate(calls) if is_flush(call) and call.file == folder)
    last_commit = max(
        place for place, call in enumerate(calls) if is_flush(call) and call.file.endswith("-wal")
    )
    assert last_folder < last_commit
    flushed = [call.file for call in calls if is_flush(call) and call.file.endswith((".png", ".tif"))]
    assert len(flushed) == (2 if folder in {"scenes", "views"} else files)
    for name in flushed:
        written = max(place for place, call in enumerate(calls) if call.name == "write" and call.file == name)
        flush = max(place for place, call in enumerate(calls) if is_flush(call) and call.file == name)
        assert written < flush < last_folder or folder == "scenes"
