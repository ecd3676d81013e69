"""A disk without room is told as such, and leaves nothing behind."""

import errno

import numpy as np
import pytest

from damage.ingestion import services
from damage.ingestion.reports import ingest_files
from damage.ingestion.services import ingest_photo
from tests.tiny_disk import tiny_disk

PLACE = {"event": "Quake", "town": "Altamira"}


@pytest.mark.django_db
def test_a_full_disk_is_no_fault_of_the_photo(photo, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device", "view.tif")

    monkeypatch.setattr(services, "begin_decoding_photo", refuse)
    (report,) = ingest_files([photo()], lambda path: ingest_photo(path, **PLACE))
    assert report.status == "refused"
    assert "The disk is full." in report.reason
    assert "opy it again" not in report.reason


@pytest.mark.django_db
def test_photos_on_a_disk_that_is_really_full(photo, settings, tmp_path):
    pixels = np.random.default_rng(1).integers(0, 256, (1500, 1500, 3), dtype=np.uint8)
    with tiny_disk(tmp_path / "tiny", 2) as disk:
        settings.DATA_DIR = disk
        settings.MEDIA_ROOT = disk / "files"
        paths = [photo("large.png", pixels=pixels), photo("small.png")]
        large, small = ingest_files(paths, lambda path: ingest_photo(path, **PLACE))
        left = [
            path for path in disk.rglob("*") if path.is_file() and path.parent.name not in ("scenes", "views")
        ]
    assert large.status == "refused"
    assert "The disk is full." in large.reason
    assert small.status == "added"
    assert left == []
