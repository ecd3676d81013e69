"""What is wrong with an installation and its data is found, and mended where that is safe."""

import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from time import time

import numpy as np
import pytest
import rasterio
from affine import Affine
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db.migrations.executor import MigrationExecutor

from damage.doctor import installation, scenes
from damage.doctor.findings import Severity
from damage.doctor.installation import library_findings
from damage.doctor.services import examine
from damage.ingestion.models import Scene
from damage.ingestion.quarantine import quarantine_scene
from damage.ingestion.scene_sources import known_facts
from damage.ingestion.services import ingest_mosaic, ingest_photo
from damage.ingestion.tiff_structure import read_blocks
from damage.ingestion.view_checks import check_view
from damage.ingestion.viewing import write_mosaic_view
from damage.stored_files import new_files, work_folder
from damage.work.locks import LOCK_FILE, locked
from prediction.models import PredictionRun
from tagging.cutting import cut_pending_crops
from tagging.models import Crop
from tagging.services import record_tag
from tests.ingestion.conftest import NORTH_UP, geotiff, photo  # noqa: F401 (fixtures)
from training.models import ModelRun

LONLAT = {"crs": "EPSG:4326", "transform": Affine(1e-5, 0, 10, 0, -1e-5, 20)}
SIZE = {"width_px": 800, "height_px": 600}
TWO_DAYS_S = 2 * 24 * 60 * 60


@pytest.fixture(autouse=True)
def sound_installation(monkeypatch):
    """What is built and installed on the machine of whoever tests is not what is tested."""
    monkeypatch.setattr("damage.doctor.services.installation_findings", lambda: iter(()))


@pytest.fixture
def pixels():
    """3 x 600 x 800, of squares of 8 px: JPEG keeps what it is given well."""
    return np.random.default_rng(2).integers(1, 255, (3, 75, 100), dtype=np.uint8).repeat(8, 1).repeat(8, 2)


@pytest.fixture
def mosaic(geotiff, pixels, town):  # noqa: F811
    path = geotiff(pixels=pixels, **LONLAT)
    return ingest_mosaic(path, event=town.event.name, town=town.name, in_place=True).scene


@pytest.fixture
def picture(photo, pixels, town):  # noqa: F811
    path = photo(pixels=pixels.transpose(1, 2, 0))
    return ingest_photo(path, event=town.event.name, town=town.name).scene


def found(**options):
    return [(finding.check, str(finding.subject), finding.severity) for finding in examine(**options)]


def old(path):
    os.utime(path, (time() - TWO_DAYS_S, time() - TWO_DAYS_S))


def test_a_sound_site_has_nothing_wrong(mosaic, picture, capsys):
    assert examine(thorough=True) == []
    call_command("doctor")
    assert "All is well." in capsys.readouterr().out


def cut_off(view, pixels, tmp_path):
    view.write_bytes(view.read_bytes()[: view.stat().st_size * 95 // 100])


def blackened(view, pixels, tmp_path):

    with rasterio.open(
        tmp_path / "black.tif", "w", driver="GTiff", width=800, height=600, count=3, dtype="uint8",
        crs="EPSG:32637", transform=NORTH_UP,
    ):  # fmt: skip
        pass
    write_mosaic_view(tmp_path / "black.tif", view)


def deleted(view, pixels, tmp_path):
    view.unlink()


def emptied(view, pixels, tmp_path):
    view.write_bytes(b"")


@pytest.mark.parametrize("kind", ["mosaic", "picture"])
@pytest.mark.parametrize("broken", [cut_off, blackened, deleted, emptied])
def test_a_broken_view_is_found_and_written_again(request, kind, broken, pixels, tmp_path):
    scene = request.getfixturevalue(kind)
    before = scene.view_path
    broken(before, pixels, tmp_path)
    wrong = [("view_broken", f"scene {scene.pk} ({scene.name})", Severity.ERROR)]
    assert found() == wrong
    assert found() == wrong  # looking changes nothing
    (finding,) = examine(mend=True)
    assert finding.mended
    scene.refresh_from_db()
    check_view(
        scene.view_path,
        **SIZE,
        like=lambda x, y, size: pixels[:, y : y + size, x : x + size].transpose(1, 2, 0),
    )
    assert scene.view_path != before
    assert not before.exists()
    assert found() == []


def test_a_scene_from_before_views_gets_one(mosaic):
    view = mosaic.view_file.name
    Scene.objects.update(view_file="")
    default_storage.delete(view)
    assert [check for check, *_ in found()] == ["view_broken"]
    examine(mend=True)
    assert Scene.objects.get().view_path.is_file()


def test_a_view_that_cannot_be_decoded_is_found_by_looking_thoroughly(mosaic):

    image = next(read_blocks(mosaic.view_path))
    content = bytearray(mosaic.view_path.read_bytes())
    start, size = int(image.offsets[5]), int(image.sizes[5])
    content[start : start + size] = bytes(size)
    mosaic.view_path.write_bytes(content)
    assert found() == []
    assert [check for check, *_ in found(thorough=True)] == ["view_broken"]


def test_a_source_that_is_gone_is_found_and_where_it_was_is_said(mosaic):
    mosaic.path.unlink()
    (finding,) = examine(mend=True)
    assert (finding.check, finding.severity) == ("source_missing", Severity.ERROR)
    assert str(mosaic.path) in str(finding.remedy)


def test_a_source_that_was_replaced_is_found_and_no_view_is_made_of_it(mosaic, geotiff, pixels):  # noqa: F811
    view = mosaic.view_path
    geotiff(pixels=255 - pixels, **LONLAT)
    view.write_bytes(b"")
    changed, broken = examine(mend=True)
    assert changed.check == "source_changed"
    assert "ingest_mosaic" in str(changed.remedy)
    assert (broken.check, broken.mended) == ("view_broken", "")
    assert view.read_bytes() == b""


def test_what_an_admin_took_out_of_use_is_only_noted(mosaic, site_admin, capsys):
    mosaic.path.unlink()
    quarantine_scene(mosaic, by=site_admin, reason="replaced")
    assert [severity for *_, severity in found()] == [Severity.NOTE]
    call_command("doctor")  # no CommandError


def test_older_scenes_get_to_know_their_sources(mosaic, picture):
    Scene.objects.update(source_mtime_ns=None, source_ends_sha256="")
    assert found() == []
    for scene in Scene.objects.all():
        content = scene.path.read_bytes()
        ends = content if len(content) < 131_072 else content[:65_536] + content[-65_536:]
        assert known_facts(scene).ends_sha256 == hashlib.sha256(ends).hexdigest()
        assert known_facts(scene).mtime_ns == scene.path.stat().st_mtime_ns


def test_of_older_scenes_a_source_of_another_size_is_not_theirs(mosaic):
    Scene.objects.update(source_mtime_ns=None, source_ends_sha256="")
    with mosaic.path.open("ab") as file:
        file.write(b"more")
    assert [check for check, *_ in found()] == ["source_changed"]
    assert Scene.objects.get().source_mtime_ns is None


def test_a_source_that_was_copied_back_is_compared_once(mosaic):
    os.utime(mosaic.path, (1, 1))
    assert found() == [("source_touched", f"scene {mosaic.pk} ({mosaic.name})", Severity.NOTE)]
    (finding,) = examine(mend=True)
    assert finding.mended
    assert found() == []


def test_a_source_that_is_another_in_its_middle_is_found_when_all_of_it_is_compared(mosaic):
    content = bytearray(mosaic.path.read_bytes())
    content[len(content) // 2] ^= 1
    mosaic.path.write_bytes(content)
    (finding,) = examine(mend=True)
    assert (finding.check, finding.mended) == ("source_touched", "")
    assert "replaced or changed" in str(finding.not_mended)
    assert found(thorough=True)[0][0] == "source_changed"


def test_a_truncated_source_of_an_older_scene_is_found(mosaic):
    mosaic.path.write_bytes(mosaic.path.read_bytes()[:-100_000])
    Scene.objects.update(source_mtime_ns=None, size_bytes=mosaic.path.stat().st_size)
    assert [check for check, *_ in found()] == ["source_truncated"]


def test_one_scene_that_cannot_be_looked_at_does_not_stop_the_others(mosaic, picture, monkeypatch):
    look = scenes._source_findings

    def stumble(scene, **options):
        if scene.pk == mosaic.pk:
            raise ZeroDivisionError("by what?")
        return look(scene, **options)

    monkeypatch.setattr(scenes, "_source_findings", stumble)
    picture.view_path.unlink()
    first, second = examine(mend=True)
    assert first.check == "scene_not_checked"
    assert "ZeroDivisionError" in str(first.what)
    assert second.mended


def test_a_view_that_cannot_be_mended_does_not_stop_the_others(mosaic, picture, monkeypatch):
    write = scenes.make_view

    def fail(scene):
        if scene.pk == mosaic.pk:
            raise OSError(28, "No space left on device", "view.tif")
        write(scene)

    monkeypatch.setattr(scenes, "make_view", fail)
    mosaic.view_path.unlink()
    picture.view_path.unlink()
    first, second = examine(mend=True)
    assert "The disk is full." in str(first.not_mended)
    assert second.mended


def test_files_that_no_row_names_are_moved_out_of_the_way_once_they_are_old(mosaic, data_folder):
    files = data_folder / "files"
    for name in ("views/left.tif", "views/young.tif", "crops/left.png", "notes/mine.txt"):
        default_storage.save(name, ContentFile(b"content"))
        if "young" not in name:
            old(files / name)
    old(files / mosaic.view_file.name)
    assert found() == [
        ("file_without_row", "crops/left.png", Severity.WARNING),
        ("foreign_file", "notes/mine.txt", Severity.NOTE),
        ("file_without_row", "views/left.tif", Severity.WARNING),
    ]
    examine(mend=True)
    place = data_folder / "left-over" / datetime.now(UTC).date().isoformat()
    assert (place / "views/left.tif").read_bytes() == b"content"
    assert (place / "crops/left.png").read_bytes() == b"content"
    kept = {path.relative_to(files).as_posix() for path in files.rglob("*") if path.is_file()}
    assert kept == {mosaic.view_file.name, "views/young.tif", "notes/mine.txt"}
    assert [check for check, *_ in found()] == ["foreign_file"]


def test_files_that_a_process_is_storing_are_not_looked_at(db, data_folder):
    with new_files() as files:
        name = files.save("views/mine.tif", ContentFile(b"content"))
        old(data_folder / "files" / name)
        assert examine(mend=True) == []
        assert default_storage.exists(name)


def test_rows_whose_file_is_gone_are_found(picture, volunteer, question):

    place = {"x_px": 0, "y_px": 0, "size_px": 300}
    record_tag(tagger=volunteer, question=question, scene=picture, answer="positive", **place)
    assert found() == []  # a square that is still to be cut lacks nothing
    cut_pending_crops()
    crop = Crop.objects.get()
    default_storage.delete(crop.image.name)
    (finding,) = examine(mend=True)
    assert (finding.check, finding.severity) == ("file_missing", Severity.ERROR)
    assert str(crop.pk) in str(finding.subject)
    assert crop.image.name in str(finding.what)


KILLED = """
import sys, django
django.setup()
from django.core.files.base import ContentFile
from damage.stored_files import new_files, work_folder
with work_folder("view") as folder, new_files() as files:
    (folder / "half.tif").write_bytes(b"half")
    files.save("views/half.tif", ContentFile(b"abc"))
    print("stored", flush=True)
    sys.stdin.read()
"""


def test_what_kill_9_left_is_found_and_removed_and_what_lives_is_left_alone(db, data_folder):
    environment = {**os.environ, "DAMAGE_DATA": str(data_folder), "DJANGO_SETTINGS_MODULE": "damage.settings"}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"stored\n"
    old(data_folder / "files/views/half.tif")
    assert examine(mend=True) == []  # it lives
    process.kill()
    process.communicate()
    with work_folder("mine") as mine:
        (mine / "half.tif").write_bytes(b"half")
        left = examine()
        assert {finding.check for finding in left} == {"left_over_folder"}
        assert sorted(str(finding.subject)[:9] for finding in left) == ["work/file", "work/view"]
        assert all(finding.mended for finding in examine(mend=True))
        assert (mine / "half.tif").exists()
    assert not (data_folder / "files/views/half.tif").exists()
    assert examine() == []


def test_a_lock_that_stays_between_two_turns_is_nothing_left_over(db, data_folder):
    with locked(data_folder / "work" / "cutting"):
        pass
    assert (data_folder / "work" / "cutting" / LOCK_FILE).exists()
    assert examine() == []


def test_folders_of_trainings_that_nobody_holds_are_removed(db, data_folder):
    free, held = (data_folder / "training-work" / f"modelrun-{number}" for number in (1, 2))
    with locked(held):
        with locked(free):
            pass
        for folder in (free, held):
            (folder / "half.bin").write_bytes(b"half")
        assert found() == [("left_over_folder", "training-work/modelrun-1", Severity.WARNING)]
        examine(mend=True)
        assert not free.exists()
        assert (held / "half.bin").exists()


def test_a_training_that_was_killed_is_marked_as_failed(question):
    silent = datetime.now(UTC) - timedelta(hours=1)
    run = ModelRun.objects.create(
        question=question, status=ModelRun.Status.RUNNING, claim="a" * 32, heartbeat_at=silent, parameters={}
    )
    assert found() == [("killed_work", run.named, Severity.WARNING)]
    examine(mend=True)
    run.refresh_from_db()
    assert run.status == ModelRun.Status.FAILED
    assert found() == []


def test_work_that_goes_on_is_not_touched(question):
    run = ModelRun.objects.create(
        question=question,
        status=ModelRun.Status.RUNNING,
        claim="a" * 32,
        heartbeat_at=datetime.now(UTC),
        parameters={},
    )
    assert examine(mend=True) == []
    run.refresh_from_db()
    assert run.status == ModelRun.Status.RUNNING


def test_the_command_gives_json_and_its_status_says_whether_all_is_well(mosaic, capsys):
    mosaic.view_path.unlink()
    with pytest.raises(CommandError, match="Something is wrong"):
        call_command("doctor", "--json")
    result = json.loads(capsys.readouterr().out)
    assert result["ok"] is False
    (finding,) = result["findings"]
    assert finding["check"] == "view_broken"
    assert finding["severity"] == "error"
    assert finding["can_mend"] is True
    call_command("doctor", "--mend")
    assert "1 mended" in capsys.readouterr().out
    call_command("doctor", "--json")
    assert json.loads(capsys.readouterr().out) == {"ok": True, "findings": []}


def test_many_findings_of_a_kind_are_told_in_few_lines(db, data_folder, capsys):
    for number in range(25):
        name = default_storage.save(f"crops/{number:02}.png", ContentFile(b"content"))
        old(data_folder / "files" / name)
    with pytest.raises(CommandError):
        call_command("doctor")
    told = capsys.readouterr().out
    assert told.count("crops/") == 20
    assert "5 more of file_without_row" in told
    assert "25 warning" in told


def test_a_database_of_another_version_is_all_that_is_looked_at(mosaic, monkeypatch):
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda executor, targets: ["0003"])
    mosaic.path.unlink()
    assert [check for check, *_ in found(mend=True)] == ["database"]


def test_libraries_that_are_missing_or_others_are_told(tmp_path):
    listed = tmp_path / "requirements.txt"
    listed.write_text(
        "# a remark\nno-such-library==1.0 \\\n    --hash=sha256:00\nnumpy==0.0.1 \\\n    --hash=sha256:00\n"
        "only-elsewhere==1.0 ; sys_platform == 'emscripten' \\\n    --hash=sha256:00\n"
    )
    missing, other = library_findings(listed)
    assert (missing.subject, missing.severity) == ("no-such-library", Severity.ERROR)
    assert (other.subject, other.severity) == ("numpy", Severity.NOTE)
    assert "0.0.1" in str(other.what)


def test_what_was_not_built_and_a_full_disk_are_told(tmp_path, data_folder, monkeypatch):
    data_folder.mkdir()
    monkeypatch.setattr(installation, "BASE_DIR", tmp_path)
    monkeypatch.setattr(installation, "LEAST_FREE_BYTES", 10**18)
    found = {finding.check: finding for finding in installation.installation_findings()}
    assert set(found) == {"not_built", "room"}
    assert "almost full" in str(found["room"].what)


def test_a_prediction_that_was_killed_is_left_to_go_on(mosaic, question):
    model = ModelRun.objects.create(question=question, status=ModelRun.Status.DONE, parameters={})
    silent = datetime.now(UTC) - timedelta(hours=1)
    run = PredictionRun.objects.create(
        scene=mosaic,
        model_run=model,
        status=PredictionRun.Status.RUNNING,
        claim="a" * 32,
        heartbeat_at=silent,
        threshold=0.5,
    )
    (finding,) = examine(mend=True)
    assert (finding.check, finding.mended) == ("killed_work", "")
    assert f"--resume {run.pk}" in str(finding.remedy)
