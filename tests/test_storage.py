"""Files are on the disk, whole, before anybody is told their names."""

import errno
import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages

from damage.storage import DurableStorage, SpareFile


class FullDisk(ContentFile):
    """Content of which the disk takes the first half."""

    def chunks(self, chunk_size=None):
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def flushed(monkeypatch) -> list[str]:
    """Paths that were flushed, in order; what a file held then is put after its name."""
    names: list[str] = []
    fsync = os.fsync

    def note(opened: int) -> None:
        path = Path(f"/proc/self/fd/{opened}").readlink()
        names.append(f"{path.name}={path.read_text()}" if path.is_file() else path.name)
        fsync(opened)

    monkeypatch.setattr(os, "fsync", note)
    return names


def test_it_is_the_sites_storage():
    assert isinstance(storages["default"], DurableStorage)


def test_a_file_and_then_its_folder_are_flushed(flushed, data_folder):
    (data_folder / "files" / "crops").mkdir(parents=True)
    assert default_storage.save("crops/a.png", ContentFile(b"pixels")) == "crops/a.png"
    assert flushed == ["a.png=pixels", "crops"]


def test_new_folders_are_flushed_into_those_above_them(flushed, data_folder):
    data_folder.mkdir()
    default_storage.save("views/of/a.tif", ContentFile(b"pixels"))
    assert flushed == ["data", "files", "views", "a.tif=pixels", "of"]


def test_a_taken_name_is_left_alone(data_folder):
    first = default_storage.save("crops/a.png", ContentFile(b"first"))
    second = default_storage.save("crops/a.png", ContentFile(b"second"))
    assert first != second
    assert [default_storage.open(name).read() for name in (first, second)] == [b"first", b"second"]


def test_a_name_that_is_taken_at_the_last_moment_is_left_alone_too(monkeypatch):
    default_storage.save("crops/a.png", ContentFile(b"first"))
    monkeypatch.setattr(DurableStorage, "exists", lambda storage, name: name == "never")
    free = iter(["crops/a.png", "crops/b.png"])
    monkeypatch.setattr(DurableStorage, "get_available_name", lambda *args, **kwargs: next(free))
    assert default_storage.save("crops/a.png", ContentFile(b"second")) == "crops/b.png"
    assert default_storage.open("crops/a.png").read() == b"first"


def test_nothing_stays_of_a_file_that_the_disk_took_by_half():
    with pytest.raises(OSError, match="No space left"):
        default_storage.save("crops/a.png", FullDisk(b""))
    assert default_storage.listdir("crops") == ([], [])


def test_a_file_system_that_cannot_flush_folders_is_no_error(monkeypatch):
    fsync = os.fsync

    def refuse_folders(opened: int) -> None:
        if Path(f"/proc/self/fd/{opened}").resolve().is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(opened)

    monkeypatch.setattr(os, "fsync", refuse_folders)
    assert default_storage.save("crops/a.png", ContentFile(b"pixels")) == "crops/a.png"


def test_a_folder_that_cannot_be_flushed_for_another_reason_is(monkeypatch):
    def fail(opened: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        default_storage.save("crops/a.png", ContentFile(b"pixels"))


@pytest.fixture
def spare(tmp_path) -> SpareFile:
    """A file of ours on the disk on which files are stored."""
    (tmp_path / "spare.png").write_bytes(b"pixels")
    with SpareFile(tmp_path / "spare.png") as file:
        yield file


def test_a_spare_file_is_stored_without_a_copy_and_flushed_with_its_folder(spare, flushed, data_folder):
    (data_folder / "files" / "crops").mkdir(parents=True)
    name = default_storage.save("crops/a.png", spare)
    assert Path(default_storage.path(name)).samefile(spare.path)
    assert flushed == ["spare.png=pixels", "crops"]
    spare.path.unlink()
    assert default_storage.open(name).read() == b"pixels"


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_spare_file_that_cannot_be_linked_is_copied(spare, flushed, monkeypatch, number):
    def refuse(source, target):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    name = default_storage.save("crops/a.png", spare)
    assert default_storage.open(name).read() == b"pixels"
    assert not Path(default_storage.path(name)).samefile(spare.path)
    assert "a.png=pixels" in flushed


def test_a_spare_file_takes_nobodys_name(spare, monkeypatch):
    default_storage.save("crops/a.png", ContentFile(b"first"))
    monkeypatch.setattr(DurableStorage, "exists", lambda storage, name: False)
    free = iter(["crops/a.png", "crops/b.png"])
    monkeypatch.setattr(DurableStorage, "get_available_name", lambda *args, **kwargs: next(free))
    assert default_storage.save("crops/a.png", spare) == "crops/b.png"
    assert default_storage.open("crops/a.png").read() == b"first"
