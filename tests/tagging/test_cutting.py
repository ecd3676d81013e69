"""Crops get their pixels after their tags are stored: once, of each photo together, and none is lost."""

import errno
import hashlib
import multiprocessing
import os
import signal
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils import timezone
from PIL import Image

from damage.errors import Refused
from damage.ingestion.services import ingest_photo
from damage.storage import DurableStorage
from damage.stored_files import sweep_left_overs
from tagging import cutting
from tagging.crops import encoded_png
from tagging.cutting import cut_pending_crops, keep_cutting
from tagging.models import Crop, Question, Tag, TagChange
from tagging.services import image_bytes, record_tag
from tests.tagging.conftest import SQUARE, gradient


@pytest.fixture
def question(db) -> Question:
    """The first question; a test that commits empties the tables at its end."""
    words = {"text": "Is there earthquake damage?"}
    return Question.objects.get_or_create(slug="damage", defaults=words)[0]


@pytest.fixture
def tags(volunteer, question, scene) -> list[Tag]:
    """Twenty squares of one photo, tagged and not cut."""
    return [
        record_tag(
            tagger=volunteer, question=question, scene=scene, answer="negative", x_px=x_px, y_px=8, size_px=32
        )
        for x_px in range(0, 160, 8)
    ]


@pytest.fixture
def opened(monkeypatch) -> list[Path]:
    """The images that Pillow opens from files."""
    paths: list[Path] = []
    really_open = Image.open

    def note(file, *args, **kwargs):
        if isinstance(file, Path):
            paths.append(file)
        return really_open(file, *args, **kwargs)

    monkeypatch.setattr(Image, "open", note)
    return paths


def stored_crops() -> list[str]:
    return sorted(default_storage.listdir("crops")[1]) if default_storage.exists("crops") else []


def let_time_pass(**how_long: int) -> None:
    """Let pending crops have waited so long."""
    for crop in Crop.objects.exclude(cut_after=None):
        Crop.objects.filter(pk=crop.pk).update(cut_after=crop.cut_after - timedelta(**how_long))


def test_a_crop_gets_the_squares_own_pixels_and_their_digest(tag):
    assert cut_pending_crops().cut == 1
    crop = Crop.objects.get()
    assert np.array_equal(np.asarray(Image.open(crop.image)), gradient(200, 120)[24:56, 40:72])
    expected = encoded_png(gradient(200, 120)[24:56, 40:72])
    assert image_bytes(crop) == expected
    assert crop.sha256 == hashlib.sha256(expected).hexdigest()
    assert (crop.cut_after, crop.cut_problem) == (None, "")


def test_a_photo_is_opened_once_for_all_its_crops(tags, scene, opened):
    assert cut_pending_crops().cut == 20
    assert opened == [scene.path]
    assert cut_pending_crops().cut == 0
    assert opened == [scene.path]
    for tag in tags:
        crop = Crop.objects.get(pk=tag.crop_id)
        assert np.asarray(Image.open(crop.image))[0, 0].tolist() == [crop.x_px, 8, 7]


def test_progress_is_told_and_writing_takes_few_queries(tags, django_assert_max_num_queries):
    told = []
    with django_assert_max_num_queries(30):
        cut_pending_crops(progress=lambda done, total: told.append((done, total)))
    assert told == [(16, 20), (20, 20)]


def test_only_the_crops_that_are_named_are_cut(tags):
    wanted = Crop.objects.filter(pk__in=[tags[3].crop_id, tags[5].crop_id])
    assert cut_pending_crops(wanted).cut == 2
    assert set(Crop.objects.with_pixels()) == set(wanted)


def test_nothing_is_heavy_inside_a_transaction(tags, monkeypatch):
    saves = []
    save = DurableStorage._save

    def note(storage, name, content):
        saves.append(len(connection.savepoint_ids))
        return save(storage, name, content)

    depth = len(connection.savepoint_ids)
    monkeypatch.setattr(DurableStorage, "_save", note)
    cut_pending_crops()
    assert saves == [depth] * 20


def test_a_missing_photo_keeps_the_tag_and_says_why(tags, scene):
    default_storage.delete(scene.file.name)
    outcome = cut_pending_crops()
    assert (outcome.cut, outcome.failed, outcome.unopened) == (0, 20, {scene.pk})
    assert Tag.objects.count() == 20
    assert all("no longer where it was" in crop.cut_problem for crop in Crop.objects.all())
    with pytest.raises(Refused, match="no longer where it was"):
        image_bytes(Crop.objects.first())


def test_a_missing_photo_of_many_squares_keeps_nobody_waiting(tags, scene, django_assert_max_num_queries):
    """However many squares wait for it, each statement writes some of them, and there is not one for each."""
    default_storage.delete(scene.file.name)
    with django_assert_max_num_queries(6):
        cut_pending_crops()


def test_what_failed_waits_longer_each_time_and_is_cut_once_its_file_is_back(tag, scene, tmp_path):
    away = scene.path.rename(tmp_path / "away.png")
    for pause_s in (10, 20, 40):
        assert cut_pending_crops(only_due=True).failed == 1
        wait = Crop.objects.get().cut_after - timezone.now()
        assert pause_s - 5 < wait.total_seconds() <= pause_s
        assert cut_pending_crops(only_due=True).failed == 0
        let_time_pass(seconds=pause_s)
    away.rename(scene.path)
    assert cut_pending_crops(only_due=True).cut == 1
    assert Crop.objects.get().cut_problem == ""


def test_pauses_end_at_an_hour(tag, scene):
    default_storage.delete(scene.file.name)
    Crop.objects.update(cut_attempts=3000)
    cut_pending_crops()
    assert Crop.objects.get().cut_after - timezone.now() < timedelta(hours=1)


def test_one_square_that_cannot_be_cut_stops_no_other(tags, scene):
    beyond = Crop.objects.filter(pk=tags[4].crop_id)
    beyond.update(x_px=5000)
    outcome = cut_pending_crops()
    assert (outcome.cut, outcome.failed, outcome.unopened) == (19, 1, set())
    assert "not inside a scene" in beyond.get().cut_problem


def test_a_scene_that_cannot_be_opened_stops_no_other(tag, question, volunteer, scene, town, tmp_path):
    Image.fromarray(gradient(90, 90)).save(tmp_path / "later.png")
    later = ingest_photo(tmp_path / "later.png", event=town.event.name, town=town.name).scene
    record_tag(tagger=volunteer, question=question, scene=later, answer="positive", **SQUARE)
    scene.path.write_bytes(b"no image")
    outcome = cut_pending_crops()
    assert (outcome.cut, outcome.failed) == (1, 1)
    assert set(outcome.problems) == {scene.pk}


def test_a_full_disk_leaves_no_half_file_and_loses_nothing(tags, monkeypatch):
    save = DurableStorage._save
    room = iter([True] * 7 + [False] * 13)

    def fill(storage, name, content):
        if not next(room):
            content.chunks = half_then_full
        return save(storage, name, content)

    def half_then_full(*args):
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(DurableStorage, "_save", fill)
    with pytest.raises(OSError, match="No space left"):
        cut_pending_crops()
    assert stored_crops() == []  # those of the same batch are cut again
    assert not Crop.objects.exclude(cut_problem="").exists()
    monkeypatch.setattr(DurableStorage, "_save", save)
    assert cut_pending_crops().cut == 20
    assert len(stored_crops()) == 20


def test_a_crop_that_is_deleted_while_it_is_cut_leaves_no_file(tags, monkeypatch):
    save = DurableStorage._save

    def delete_meanwhile(storage, name, content):
        TagChange.objects.filter(crop=tags[0].crop_id).delete()
        Tag.objects.filter(crop=tags[0].crop_id).delete()
        Crop.objects.filter(pk=tags[0].crop_id).delete()
        return save(storage, name, content)

    monkeypatch.setattr(DurableStorage, "_save", delete_meanwhile)
    cut_pending_crops()
    assert len(stored_crops()) == 19


def test_an_attempt_is_written_down_before_the_scene_is_opened(tag, monkeypatch):
    """Whatever kills the process then, running out of memory for one, does not kill the next one at once."""

    def die(*args, **kwargs):
        raise SystemExit

    monkeypatch.setattr(cutting, "squares_of", die)
    with pytest.raises(SystemExit):
        cut_pending_crops()
    crop = Crop.objects.get()
    assert crop.cut_attempts == 1
    assert crop.cut_after > timezone.now()
    assert cut_pending_crops(only_due=True).failed == 0


@pytest.mark.django_db(transaction=True)
def test_two_cutters_at_once_cut_each_crop_once(tags, data_folder):
    """Both find all crops to be cut, and then wait for each other: the second finds nothing left to do."""
    fork = multiprocessing.get_context("fork")
    both = fork.Barrier(2, timeout=30)
    really_locked = cutting.locked

    @contextmanager
    def locked_together(folder, **how):
        both.wait()
        with really_locked(folder, **how) as mine:
            yield mine

    def cut_as_another_process() -> None:
        os._exit(cut_pending_crops().cut)

    cutting.locked = locked_together
    try:
        other = fork.Process(target=cut_as_another_process)
        connection.close()  # a connection does not outlive a fork
        other.start()
        mine = cut_pending_crops().cut
        other.join(30)
    finally:
        cutting.locked = really_locked
    assert sorted([mine, other.exitcode]) == [0, 20]
    assert len(stored_crops()) == 20
    assert not Crop.objects.pending().exists()


@pytest.mark.django_db(transaction=True)
def test_a_cutter_that_is_killed_in_the_middle_leaves_nothing_half(tags, monkeypatch):
    """It is killed with its first batch in files and not in rows, as its second begins."""
    fork = multiprocessing.get_context("fork")

    def cut_and_be_killed() -> None:
        cutting._write_rows = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
        cut_pending_crops()

    killed = fork.Process(target=cut_and_be_killed)
    connection.close()  # a connection does not outlive a fork
    killed.start()
    killed.join(30)
    assert killed.exitcode == -signal.SIGKILL
    assert Crop.objects.pending().count() == 20
    assert len(stored_crops()) == 16
    assert cut_pending_crops().cut == 20
    sweep_left_overs()
    named = {Path(name).name for name in Crop.objects.values_list("image", flat=True)}
    assert named == set(stored_crops())


class Enough(Exception):
    """The test has seen enough of what goes on for ever."""


def test_the_watcher_cuts_what_is_tagged_and_rests_from_a_scene_that_does_not_open(
    monkeypatch, volunteer, question, scene, tag
):
    clock, tried = [0.0], []
    cut = cut_pending_crops

    def note(**how):
        outcome = cut(**how)
        if outcome.failed:
            tried.append(clock[0])
        return outcome

    def sleep(seconds: float) -> None:
        """A second passes, and somebody tags another square of the broken photo."""
        clock[0] += seconds
        place = {"x_px": int(clock[0]), "y_px": 0, "size_px": 32}
        record_tag(tagger=volunteer, question=question, scene=scene, answer="negative", **place)
        if clock[0] >= 60:
            raise Enough

    scene.path.write_bytes(b"no image")
    monkeypatch.setattr(cutting, "cut_pending_crops", note)
    monkeypatch.setattr(cutting, "monotonic", lambda: clock[0])
    monkeypatch.setattr(cutting, "sleep", sleep)
    with pytest.raises(Enough):
        keep_cutting()
    assert tried == [0, 10, 30]  # then rests for 10, 20, 40 seconds
    assert Tag.objects.count() == 61


@pytest.mark.parametrize(
    "error", [OperationalError("the server closed the connection"), OSError(errno.ENOSPC, "full")]
)
def test_the_watcher_waits_for_a_database_that_is_away_and_for_room(monkeypatch, db, error):
    waits = []

    def away(**how):
        raise error

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 8:
            raise Enough

    monkeypatch.setattr(cutting, "cut_pending_crops", away)
    monkeypatch.setattr(cutting, "sleep", sleep)
    monkeypatch.setattr(cutting.connection, "close", lambda: None)
    with pytest.raises(Enough):
        keep_cutting()
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]


def test_the_command_cuts_and_says_what_it_could_not(tags, scene, capsys, tmp_path):
    away = scene.path.rename(tmp_path / "away.png")
    with pytest.raises(CommandError, match="Not all was done"):
        call_command("cut_crops")
    said = capsys.readouterr().out
    assert "0 crops were cut, 20 could not be; their tags are kept." in said
    assert f"scene {scene.pk}: " in said
    away.rename(scene.path)
    call_command("cut_crops")
    assert "20 crops were cut, 0 could not be" in capsys.readouterr().out
