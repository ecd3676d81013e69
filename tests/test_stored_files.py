"""Files come with their rows or not at all; what a killed process left is swept, and nothing else."""
# ruff: noqa: PT012 - what ends a block is part of the block

import os
import subprocess
import sys

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import OperationalError

from damage import stored_files
from damage.ingestion.models import Scene
from damage.stored_files import NAMES_FILE, new_files, sweep_left_overs, work_folder, work_place
from damage.work.locks import LOCK_FILE


@pytest.fixture
def scene(town):
    facts = {"width_px": 4, "height_px": 4, "band_count": 3, "size_bytes": 3}
    return Scene(town=town, kind="photo", name="a.jpg", sha256="a" * 64, gsd_source="none", **facts)


def stored(data_folder):
    files = data_folder / "files"
    return sorted(str(path.relative_to(files)) for path in files.rglob("*") if path.is_file())


def left(data_folder):
    return sorted(path.name for path in (data_folder / "work").glob("*"))


def test_files_that_a_row_names_stay(scene, data_folder):
    with new_files() as files:
        scene.file.name = files.save("scenes/a.jpg", ContentFile(b"abc"))
        scene.save()
    assert stored(data_folder) == ["scenes/a.jpg"]
    assert left(data_folder) == []


@pytest.mark.parametrize("failure", [OperationalError("full"), KeyboardInterrupt(), OSError(28, "full")])
def test_files_without_a_row_go_whatever_ended_it(db, data_folder, failure):
    default_storage.save("scenes/a.jpg", ContentFile(b"of somebody else"))
    with pytest.raises(type(failure)), new_files() as files:
        files.save("scenes/a.jpg", ContentFile(b"abc"))
        files.save("scenes/b.jpg", ContentFile(b"abc"))
        raise failure
    assert stored(data_folder) == ["scenes/a.jpg"]
    assert left(data_folder) == []


def test_what_was_committed_stays_though_ctrl_c_comes_right_after(scene, data_folder):
    with pytest.raises(KeyboardInterrupt), new_files() as files:
        scene.file.name = files.save("scenes/a.jpg", ContentFile(b"abc"))
        files.save("scenes/b.jpg", ContentFile(b"abc"))
        scene.save()
        raise KeyboardInterrupt
    assert stored(data_folder) == ["scenes/a.jpg"]


def test_a_name_is_noted_before_its_first_byte_and_half_a_file_goes(db, data_folder, monkeypatch):
    noted = []
    save = FileSystemStorage.save

    def half(storage, name, content, **kwargs):
        (folder,) = work_place().glob("files-*")
        noted.append((folder / NAMES_FILE).read_text())
        save(storage, name, ContentFile(b"half"))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSystemStorage, "save", half)
    with pytest.raises(OSError, match="No space"), new_files() as files:
        files.save("models/a.xml", ContentFile(b"whole"))
    assert noted == ["models/a.xml\n"]
    assert stored(data_folder) == []


def test_the_name_that_the_storage_chose_instead_is_the_one_that_goes(db, data_folder, monkeypatch):
    save = FileSystemStorage.save

    def raced(storage, name, content, **kwargs):
        save(storage, name, ContentFile(b"of somebody who was quicker"))
        return save(storage, name, content)

    monkeypatch.setattr(FileSystemStorage, "save", raced)
    with pytest.raises(KeyboardInterrupt), new_files() as files:
        name = files.save("models/a.xml", ContentFile(b"ours"))
        raise KeyboardInterrupt
    assert name != "models/a.xml"
    assert stored(data_folder) == ["models/a.xml"]


def test_without_its_database_nothing_is_removed_until_the_next_start(scene, data_folder, monkeypatch):
    def lost(names):
        raise OperationalError("unable to open database file")

    with monkeypatch.context() as broken:
        broken.setattr(stored_files, "named_in_rows", lost)
        with pytest.raises(OSError, match="gone"), new_files() as files:
            scene.file.name = files.save("scenes/a.jpg", ContentFile(b"abc"))
            files.save("scenes/b.jpg", ContentFile(b"abc"))
            scene.save()
            raise OSError("gone")
    assert stored(data_folder) == ["scenes/a.jpg", "scenes/b.jpg"]
    assert "scenes/b.jpg" in sweep_left_overs()
    assert stored(data_folder) == ["scenes/a.jpg"]
    assert left(data_folder) == []


KILLED = """
import os, sys, django
django.setup()
from django.core.files.base import ContentFile
from damage.stored_files import new_files, work_folder
with work_folder("view") as folder, new_files() as files:
    (folder / "half.tif").write_bytes(b"half")
    files.save("scenes/a.jpg", ContentFile(b"abc"))
    files.save("scenes/named.jpg", ContentFile(b"abc"))
    print("stored", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_writes_is_not(scene, data_folder):
    environment = {**os.environ, "DAMAGE_DATA": str(data_folder), "DJANGO_SETTINGS_MODULE": "damage.settings"}
    killed = subprocess.Popen(
        [sys.executable, "-c", KILLED], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert killed.stdout.readline() == b"stored\n"
    scene.file.name = "scenes/named.jpg"
    scene.save()
    assert sweep_left_overs() == []  # it lives
    assert stored(data_folder) == ["scenes/a.jpg", "scenes/named.jpg"]
    killed.kill()
    killed.communicate()
    with new_files() as files:
        files.save("scenes/mine.jpg", ContentFile(b"abc"))
        assert "scenes/a.jpg" in sweep_left_overs()
        assert stored(data_folder) == ["scenes/mine.jpg", "scenes/named.jpg"]
        assert len(left(data_folder)) == 1
    assert sweep_left_overs() == []
    assert left(data_folder) == []


def test_folders_of_earlier_versions_without_a_lock_go_when_they_are_old(db, data_folder):
    for name in ("tmpnew", "tmpold", ".files-unborn"):
        (work_place() / name).mkdir(parents=True)
        (work_place() / name / "half.tif").touch()
    os.utime(work_place() / "tmpold", (0, 0))
    assert sweep_left_overs() == ["work/tmpold"]
    assert left(data_folder) == [".files-unborn", "tmpnew"]


def test_half_a_name_is_no_name(db, data_folder):
    default_storage.save("crops/abc", ContentFile(b"of a disk that was full"))
    folder = work_place() / "files-1"
    folder.mkdir(parents=True)
    (folder / LOCK_FILE).touch()
    (folder / NAMES_FILE).write_text("crops/ab\ncrops/abc")
    assert sweep_left_overs() == ["work/files-1"]
    assert stored(data_folder) == ["crops/abc"]


def test_a_work_folder_goes_with_its_work(data_folder):
    with pytest.raises(KeyboardInterrupt), work_folder("view") as folder:
        assert (folder / LOCK_FILE).exists()
        raise KeyboardInterrupt
    assert left(data_folder) == []
