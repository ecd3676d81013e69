"""What becomes of files that are all here: the same ingest as by command, in the background."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError
from django_tasks_db.models import DBTaskResult
from PIL import Image

from damage.errors import NotNow
from damage.ingestion.models import Scene
from damage.ingestion.uploads import checking
from damage.ingestion.uploads.checking import check_upload
from damage.ingestion.uploads.models import Upload
from damage.ingestion.uploads.partial_files import folder_of, held, path_of, uploads_place
from damage.ingestion.uploads.recovery import settle_uploads
from damage.ingestion.uploads.tasks import run_check
from damage.recovery import recover
from tests.ingestion.uploads_client import Tus
from tests.tiny_disk import fill, tiny_disk

pytestmark = pytest.mark.django_db


@pytest.fixture
def tus(site_admin) -> Tus:
    return Tus(site_admin)


def checked(tus: Tus, address: str) -> dict:
    """The row of an upload after its task was carried out."""
    run_check.func(str(Upload.objects.get(pk=address.rstrip("/").split("/")[-1]).pk))
    return tus.row(address)


def test_a_photo_comes_in_under_its_own_name(tus, photo):
    content = photo("DJI_0007.JPG").read_bytes()
    row = checked(tus, tus.send(content, "DJI_0007.JPG"))
    scene = Scene.objects.get(pk=row["scene"])
    assert (row["state"], row["reason"], row["note"]) == ("added", "", "no GPS position; undated")
    assert (scene.kind, scene.name, scene.town.name, scene.town.event.name) == (
        "photo", "DJI_0007.JPG", "Altamira", "Practice quake",
    )  # fmt: skip
    assert scene.path.read_bytes() == content
    assert scene.sha256 == hashlib.sha256(content).hexdigest()
    assert list(uploads_place().iterdir()) == []


def test_what_it_is_is_told_by_its_content(tus, geotiff, tmp_path):
    mosaic = geotiff("mosaic.tif").read_bytes()
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (60, 80, 3), dtype=np.uint8)).save(
        tmp_path / "plain.tif"
    )
    for name, content, kind in (
        ("mosaic.JPG", mosaic, "mosaic"),
        ("photo.tif", (tmp_path / "plain.tif").read_bytes(), "photo"),
    ):
        row = checked(tus, tus.send(content, name))
        assert (row["state"], Scene.objects.get(pk=row["scene"]).kind) == ("added", kind)


def test_the_same_file_again_is_already_there(tus, photo):
    content = photo().read_bytes()
    first = checked(tus, tus.send(content))
    again = checked(tus, tus.send(content, "copy.jpg"))
    assert (again["state"], again["scene"]) == ("already", first["scene"])
    elsewhere = checked(tus, tus.send(content, town="Ribera"))
    assert elsewhere["state"] == "refused"
    assert "Altamira" in elsewhere["reason"]


@pytest.mark.parametrize("content", [b"", b"no image", b"\xff\xd8\xff\xe0" + bytes(500)])
def test_what_is_no_image_is_refused_with_the_reason_and_its_bytes_go(tus, content):
    row = checked(tus, tus.send(content) if content else tus.create(0))
    assert row["state"] == "refused"
    assert row["reason"]
    assert not Scene.objects.exists()
    assert list(uploads_place().iterdir()) == []


def test_it_is_stored_without_a_copy(tus, photo):
    address = tus.send(photo().read_bytes())
    partial = path_of(Upload.objects.get())
    number = partial.stat().st_ino
    scene = Scene.objects.get(pk=checked(tus, address)["scene"])
    assert scene.path.stat().st_ino == number
    assert scene.path.stat().st_nlink == 1
    assert not partial.exists()


def test_a_file_whose_row_cannot_be_written_is_still_there_to_be_tried_again(tus, photo, monkeypatch):
    content = photo().read_bytes()
    address = tus.send(content)
    with monkeypatch.context() as patched:
        patched.setattr(Scene, "save", refuse_for_want_of_room)
        assert checked(tus, address)["state"] == "received"
    assert path_of(Upload.objects.get()).read_bytes() == content
    assert default_storage.listdir("scenes")[1] == default_storage.listdir("views")[1] == []
    row = checked(tus, address)
    assert row["state"] == "added"
    assert Scene.objects.get(pk=row["scene"]).path.read_bytes() == content


def refuse_for_want_of_room(*args, **kwargs):
    raise OperationalError("database or disk is full")


def test_a_task_takes_in_all_that_wait_and_their_own_find_nothing_to_do(tus, photo):
    names = [f"DJI_{'0' * number}.JPG" for number in range(1, 5)]
    addresses = [tus.send(photo(name).read_bytes(), name) for name in names] + [
        tus.send(b"no image", "b.jpg")
    ]
    checked(tus, addresses[2])
    assert [tus.row(address)["state"] for address in addresses] == ["added"] * 4 + ["refused"]
    scenes = [Scene.objects.get(pk=tus.row(address)["scene"]) for address in addresses[:4]]
    assert [scene.name for scene in scenes] == names
    before = list(Upload.objects.order_by("pk").values())
    for address in addresses:
        checked(tus, address)
    assert list(Upload.objects.order_by("pk").values()) == before


def test_what_was_refused_for_a_while_waits_for_its_own_task(tus, photo):
    first, second = (tus.send(photo(name).read_bytes(), name) for name in ("a.jpg", "bb.jpg"))
    Upload.objects.filter(file_name="a.jpg").update(reason="The disk is full.")
    checked(tus, second)
    assert [tus.row(address)["state"] for address in (first, second)] == ["received", "added"]
    assert checked(tus, first)["state"] == "added"


def test_one_that_another_worker_is_at_stops_no_other(tus, photo):
    addresses = [tus.send(photo(name).read_bytes(), name) for name in ("a.jpg", "bb.jpg")]
    with held(Upload.objects.get(file_name="a.jpg").pk):
        checked(tus, addresses[1])
    assert [tus.row(address)["state"] for address in addresses] == ["received", "added"]


def test_reasons_are_worded_for_their_reader(tus):
    address = tus.send(b"no image")
    checked(tus, address)
    answer = tus.client.get(address, headers={"Accept-Language": "es"}).json()
    assert "no es una imagen" in answer["reason"].lower()


def test_a_file_that_is_not_what_its_sender_said_is_refused(tus, photo):
    content = photo().read_bytes()
    wrong = checked(tus, tus.send(content, sha256="0" * 64))
    assert (wrong["state"], "damaged on its way" in wrong["reason"]) == ("refused", True)
    assert checked(tus, tus.send(content, sha256=hashlib.sha256(content).hexdigest()))["state"] == "added"


def test_what_nobody_foresaw_is_a_refusal_of_that_file(tus, photo, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("odd")

    monkeypatch.setattr(checking, "image_steps", fail)
    row = checked(tus, tus.send(photo().read_bytes()))
    assert (row["state"], "odd" in row["reason"]) == ("refused", True)


def test_a_full_disk_makes_it_wait_and_come_in_later(tus, photo, monkeypatch):
    def refuse(*args, **kwargs):
        raise NotNow("The disk is full.", "Make room.")

    address = tus.send(photo().read_bytes())
    DBTaskResult.objects.all().delete()
    with monkeypatch.context() as patched:
        patched.setattr(checking, "image_steps", refuse)
        row = checked(tus, address)
    assert (row["state"], row["reason"]) == ("received", "The disk is full. Make room.")
    (task,) = DBTaskResult.objects.all()
    assert task.args_kwargs["args"] == [row["id"]]
    assert task.run_after > task.enqueued_at
    row = checked(tus, address)
    assert (row["state"], row["reason"]) == ("added", "")


def test_a_check_that_was_killed_is_queued_again_and_finds_what_came_in(tus, photo):
    address = tus.send(photo().read_bytes())
    checked(tus, address)
    # Killed between the scene and the upload's row: the file is still there, and the task is nobody's.
    DBTaskResult.objects.all().delete()
    upload = Upload.objects.get()
    (folder_of(upload.pk) / "content").mkdir(parents=True)
    (folder_of(upload.pk) / "content" / upload.file_name).write_bytes(photo().read_bytes())
    Upload.objects.update(state="checking", scene=None)
    told = settle_uploads()
    assert "DJI_0001.JPG waits to be checked again." in [str(line) for line in told]
    assert DBTaskResult.objects.get().args_kwargs["args"] == [str(upload.pk)]
    assert settle_uploads() == []  # once is enough
    assert checked(tus, address)["state"] == "already"
    assert Scene.objects.count() == 1


def test_two_workers_do_not_check_the_same_file(tus, photo):
    tus.send(photo().read_bytes())
    upload = Upload.objects.get()
    with held(upload.pk):
        assert check_upload(upload.pk) is None
    assert check_upload(upload.pk) == "added"
    assert check_upload(upload.pk) is None
    assert list(uploads_place().iterdir()) == []


def test_the_start_goes_on_with_what_was_all_here_and_sweeps_what_is_nobodys(tus):
    address = tus.create(10)
    tus.patch(address, 0, b"0123")
    killed = Upload.objects.get()
    (folder_of(killed.pk) / "content" / killed.file_name).write_bytes(
        b"0123456789"
    )  # its row was not reached
    lost = uploads_place() / "9b2b1c1e-0000-4000-8000-000000000000" / "content"
    lost.mkdir(parents=True)
    (lost / "lost.jpg").write_bytes(b"x")
    told = [str(line) for line in recover()]
    assert "Left over of uploads, and removed: 1." in told
    assert [path.name for path in uploads_place().iterdir()] == [str(killed.pk)]
    assert tus.row(address)["state"] == "received"


def test_head_finds_that_all_is_here_after_a_kill(tus):
    address = tus.create(10)
    upload = Upload.objects.get()
    (folder_of(upload.pk) / "content" / upload.file_name).write_bytes(b"0123456789")
    assert tus.offset(address) == 10
    assert tus.row(address)["state"] == "received"


def test_a_decided_row_can_be_taken_off_the_list_and_the_scene_stays(tus, photo):
    address = tus.send(photo().read_bytes())
    checked(tus, address)
    assert tus.offset(address) == Upload.objects.get().size_bytes
    assert tus.ask("DELETE", address).status_code == 204
    assert (Upload.objects.count(), Scene.objects.count()) == (0, 1)


def test_a_disk_that_fills_up_is_told_and_the_upload_goes_on_when_there_is_room(tus, settings, tmp_path):
    content = np.random.default_rng(1).bytes(1_500_000)
    with tiny_disk(tmp_path / "tiny", 4) as disk:
        settings.DATA_DIR = disk
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("damage.ingestion.uploads.services.SPARE_BYTES", -(10**9))
            address = tus.create(len(content))
        filler = fill(disk, leave_bytes=700_000)
        answer = tus.patch(address, 0, content)
        assert answer.status_code == 503
        assert "disk is full" in answer.json()["detail"]
        here = tus.offset(address)
        assert here < len(content)
        filler.unlink()
        assert tus.patch(address, here, content[here:]).status_code == 204
        (path,) = (path for path in (disk / "uploads").rglob("*") if path.suffix == ".JPG")
        assert path.read_bytes() == content


WRITER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "damage.settings"
django.setup()
from damage.ingestion.uploads.headers import Checksum
from damage.ingestion.uploads.models import Upload
from damage.ingestion.uploads.partial_files import append, create_file, held, path_of
upload = Upload(pk=sys.argv[1], file_name="a.jpg", size_bytes=10**9)
checksum = Checksum("sha1", bytes(20)) if sys.argv[2] == "checked" else None
with held(upload.pk):
    create_file(upload)
    path_of(upload).write_bytes(b"begin")
    print("ready", flush=True)
    append(upload, sys.stdin.buffer.raw, checksum)
"""


@pytest.mark.parametrize("way", ["plain", "checked"])
def test_a_process_killed_in_the_middle_of_a_part_leaves_a_beginning_of_the_file(way, tmp_path):
    """What was here stays; of the part comes a beginning, and nothing where its checksum was not yet known."""
    pk = "9b2b1c1e-0000-4000-8000-000000000001"
    environment = os.environ | {"DAMAGE_DATA": str(tmp_path / "site"), "DAMAGE_DEBUG": "1"}
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, pk, way],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout.readline() == b"ready\n"
    part = np.random.default_rng(1).bytes(1_000_000)
    process.stdin.write(part)
    process.stdin.flush()
    file = tmp_path / "site" / "uploads" / pk / "content" / "a.jpg"
    until = time.monotonic() + 20
    while way == "plain" and file.stat().st_size < 300_000 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    here = file.read_bytes()
    assert (b"begin" + part).startswith(here)
    assert (len(here) > 300_000) if way == "plain" else (here == b"begin")


def flight_of(photo, count: int) -> list[bytes]:
    """Photos of noise taken one second after the other, the last without contrast."""
    contents = []
    for number in range(count):
        grain = np.random.default_rng(number).integers(-80, 81, (60, 80, 3)) * (
            0.1 if number == count - 1 else 1
        )
        details = {36867: f"2023:02:08 11:22:{number:02}"}
        path = photo(f"{number}.png", pixels=(128 + grain).astype(np.uint8), details=details)
        contents.append(path.read_bytes())
    return contents


def test_notes_tell_problems_also_those_that_later_files_bring_to_light(tus, photo):
    *sharp, blurred = flight_of(photo, 8)
    first = checked(tus, tus.send(blurred, "blurred.png"))
    assert first["note"] == "no GPS position"
    before = first["updated_at"]
    for number, content in enumerate(sharp):
        checked(tus, tus.send(content, f"{number}.png"))
    changed = tus.client.get("/api/v1/uploads/", {"changed_since": before}).json()["results"]
    (row,) = [row for row in changed if row["id"] == first["id"]]
    assert row["note"] == "blurred (1 % of its flight's usual sharpness); no GPS position"


def test_photos_with_problems_that_their_sender_does_not_want_are_left_out(tus, photo):
    *sharp, blurred = flight_of(photo, 8)
    for number, content in enumerate(sharp):
        checked(tus, tus.send(content, f"{number}.png"))
    row = checked(tus, tus.send(blurred, "blurred.png", leave_out="blurred,dark"))
    assert (row["state"], row["scene"]) == ("left_out", None)
    assert row["reason"].startswith("blurred (1 % of its flight's usual sharpness). ")
    assert not Scene.objects.filter(name="blurred.png").exists()
    assert list(uploads_place().iterdir()) == []
    assert checked(tus, tus.send(blurred, "blurred.png", leave_out="dark"))["state"] == "added"


def test_an_announcement_with_a_problem_that_there_is_not_is_refused(tus):
    answer = tus.announce(10, leave_out="foggy")
    assert answer.status_code == 400
    assert "no problem foggy" in answer.content.decode()
