"""Several photos at once come in as they would one after the other: in order, each for itself, whole or not at all."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from PIL import Image

from damage.ingestion import decoding, services, side_by_side
from damage.ingestion.decoder import Decoder
from damage.ingestion.models import Scene
from damage.ingestion.reports import ingest_photos
from damage.stored_files import work_place

PLACE = {"event": "Quake", "town": "Altamira"}


@pytest.fixture(autouse=True)
def three_children(monkeypatch):
    """Whatever this machine has, and for few files too."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.setattr(side_by_side, "PHOTOS_A_CHILD", 1)


@pytest.fixture
def decoders(monkeypatch) -> list[Decoder]:
    """The decoders that were handed out."""
    found: list[Decoder] = []

    def begin(*args, decoder, **kwargs):
        found.append(decoder)
        return real(*args, decoder=decoder, **kwargs)

    real = services.begin_decoding_photo
    monkeypatch.setattr(services, "begin_decoding_photo", begin)
    return found


def photos(folder: Path, count: int) -> list[Path]:
    """Photos of 320 x 300 px, no two alike, whose names do not sort as they stand."""
    paths = [folder / f"{(7 * number) % count}-{number}.png" for number in range(count)]
    for number, path in enumerate(paths):
        pixels = np.random.default_rng(number).integers(0, 255, (300, 320, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
    return paths


def left_in_work() -> list[Path]:
    return sorted(work_place().glob("*"))


def stored() -> set[str]:
    return {f"{folder}/{name}" for folder in ("scenes", "views") for name in listed(folder)}


def listed(folder: str) -> list[str]:
    return default_storage.listdir(folder)[1] if default_storage.exists(folder) else []


def named() -> set[str]:
    return {name for scene in Scene.objects.all() for name in (scene.file.name, scene.view_file.name)}


@pytest.mark.django_db
def test_all_come_in_in_their_order_with_children_of_their_own(tmp_path, decoders):
    paths, told = photos(tmp_path, 7), []
    reports = ingest_photos(paths, progress=lambda *counts: told.append(counts), **PLACE)
    assert [(report.file, report.status) for report in reports] == [(str(path), "added") for path in paths]
    scenes = [Scene.objects.get(pk=report.scene) for report in reports]
    assert [scene.name for scene in scenes] == [path.name for path in paths]
    assert [scene.pk for scene in scenes] == sorted(scene.pk for scene in scenes)
    assert told == [(done, 7) for done in range(1, 8)]
    assert len(set(decoders)) == 3
    for scene, path in zip(scenes, paths, strict=True):
        with Image.open(path) as image, Image.open(scene.view_path) as view:
            far = [
                np.asarray(each.convert("RGB").resize((8, 8), Image.Resampling.BOX)) for each in (image, view)
            ]
        assert np.abs(far[0].astype(int) - far[1]).max() <= 3
        assert scene.path.read_bytes() == path.read_bytes()
    assert left_in_work() == []


@pytest.mark.django_db
def test_bad_files_among_good_ones_are_refused_alone(tmp_path):
    paths = photos(tmp_path, 6)
    paths[0].write_text("no photo")
    paths[2].write_bytes(paths[2].read_bytes()[:9000])
    paths[4].unlink()
    reports = ingest_photos(paths, **PLACE)
    assert [report.status for report in reports] == [
        "refused",
        "added",
        "refused",
        "added",
        "refused",
        "added",
    ]
    assert "not a JPEG" in reports[0].reason
    assert "truncated" in reports[2].reason
    assert "no such file" in reports[4].reason
    assert [report.scene is None for report in reports] == [True, False] * 3
    assert stored() == named()


@pytest.mark.django_db
@pytest.mark.parametrize("killed", range(5))
def test_a_child_that_is_killed_takes_one_photo_along(tmp_path, monkeypatch, killed):
    paths = photos(tmp_path, 5)

    def begin(path, *args, decoder, **kwargs):
        waiting = real(path, *args, decoder=decoder, **kwargs)
        if path == paths[killed]:
            os.kill(decoder.pid, signal.SIGKILL)
        return waiting

    real = services.begin_decoding_photo
    monkeypatch.setattr(services, "begin_decoding_photo", begin)
    reports = ingest_photos(paths, **PLACE)
    assert [report.status for report in reports].count("added") == 4
    assert reports[killed].status == "refused"
    assert "broke off (SIGKILL)" in reports[killed].reason
    assert stored() == named()
    assert left_in_work() == []


@pytest.mark.django_db
def test_the_same_photo_twice_in_a_run_is_one_scene(tmp_path):
    paths = photos(tmp_path, 3)
    twin = tmp_path / "twin.png"
    twin.write_bytes(paths[0].read_bytes())
    reports = ingest_photos([paths[0], twin, *paths[1:]], **PLACE)
    assert [report.status for report in reports] == ["added", "already", "added", "added"]
    assert reports[0].scene == reports[1].scene
    assert stored() == named()


@pytest.mark.django_db
def test_what_is_there_already_is_not_decoded_again(tmp_path, decoders):
    paths = photos(tmp_path, 4)
    ingest_photos(paths[:2], **PLACE)
    decoders.clear()
    reports = ingest_photos(paths, **PLACE)
    assert [report.status for report in reports] == ["already", "already", "added", "added"]
    assert len(decoders) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("after", [1, 3])
def test_ctrl_c_leaves_what_came_in_and_nothing_half(tmp_path, decoders, after):
    pids = []

    def interrupt(done, total):
        pids.extend(decoder.pid for decoder in decoders)
        if done == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest_photos(photos(tmp_path, 8), progress=interrupt, **PLACE)
    assert Scene.objects.count() == after
    assert stored() == named()
    assert left_in_work() == []
    assert len(set(pids)) == 3
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert [report.status for report in ingest_photos(photos(tmp_path, 8), **PLACE)].count(
        "added"
    ) == 8 - after


@pytest.mark.django_db
def test_children_beyond_the_one_that_all_share_end_with_the_run(tmp_path, decoders):
    ingest_photos(photos(tmp_path, 4), **PLACE)
    assert [decoder.pid is not None for decoder in set(decoders) - {decoding.shared_decoder}] == [
        False,
        False,
    ]
    assert decoding.shared_decoder.pid is not None


def test_a_decoder_is_lent_to_one_at_a_time_and_the_first_begun_is_finished_first():
    lent, log = set(), []

    def steps(number, decoder):
        assert decoder not in lent
        lent.add(decoder)
        log.append(f"begin {number}")
        yield
        log.append(f"end {number}")
        lent.remove(decoder)
        return number

    works = [lambda decoder, number=number: steps(number, decoder) for number in range(5)]
    assert side_by_side.side_by_side(works) == [0, 1, 2, 3, 4]
    assert log == [
        "begin 0", "begin 1", "begin 2", "end 0", "begin 3", "end 1", "begin 4", "end 2", "end 3", "end 4",
    ]  # fmt: skip


def test_few_files_are_not_worth_further_children(monkeypatch):
    monkeypatch.setattr(side_by_side, "PHOTOS_A_CHILD", 4)
    used = []

    def steps(decoder):
        used.append(decoder)
        yield

    side_by_side.side_by_side([steps] * 3)
    assert set(used) == {decoding.shared_decoder}
    side_by_side.side_by_side([steps] * 4)
    assert len(set(used)) == 2


def test_steps_that_were_begun_are_closed_when_another_fails():
    closed = []

    def waits(decoder):
        try:
            yield
        finally:
            closed.append(decoder)

    def fails(decoder):
        raise LookupError
        yield

    with pytest.raises(LookupError):
        side_by_side.side_by_side([waits, waits, fails])
    assert len(closed) == 2
