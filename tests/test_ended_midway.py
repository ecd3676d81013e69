"""Whatever ends in the middle, killed or without room, the site is as if it had not begun, or it is gone on with."""

import json
import shutil
import subprocess
import sys
from contextlib import closing

import pytest

from damage.data_folder import DATABASE_FILE
from damage.environment import BASE_DIR


@pytest.fixture(scope="module")
def site(tmp_path_factory, migrated_sqlite):
    """End an action at a step, in a site of its own, as `tests.ended_midway` does; gives how the site is then."""
    folder = tmp_path_factory.mktemp("killed") / "data"
    folder.mkdir(mode=0o700)
    shutil.copyfile(migrated_sqlite, folder / DATABASE_FILE)
    command = [sys.executable, "-m", "tests.ended_midway", str(folder)]
    program = subprocess.Popen(
        command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def ask(*case):
        print(json.dumps(case), file=program.stdin)
        said = program.stdout.readline()
        assert said, "the site's process ended; see its standard error"
        return json.loads(said)

    with closing(program.stdout), program:
        assert program.stdout.readline() == "prepared\n"
        yield ask
        program.stdin.close()


def check_whole(found, *, changes=()):
    assert "error" not in found
    assert found["strays"] == []
    assert found["missing"] == []
    assert found["unsettled"] == []
    assert [name for name in found["lost"] if not changes or not name.startswith(changes)] == []


@pytest.mark.parametrize(
    ("action", "step", "calls", "when", "changes"),
    [
        ("ingest_photo", "damage.ingestion.services._store_file", 1, "after", ()),
        ("ingest_photo", "damage.ingestion.services.get_or_create_town", 1, "after", ()),
        ("import_crops", "damage.stored_files.NewFiles.save", 3, "after", "crop 7"),
        ("import_crops", "tagging.storing_many._write", 2, "before", "crop 7"),
        ("cut_crops", "tagging.cutting._write_rows", 1, "before", "crop 7"),
        ("train", "training.storing._store_scores", 1, "after", ()),
        ("train", "damage.work.claims.finish", 1, "after", ()),
        ("import_model", "training.registry.exchange.put_files", 1, "after", ()),
        ("import_model", "training.registry.exchange.store_rows", 1, "after", ()),
        ("predict", "prediction.storing.write_in_batches", 1, "after", ()),
        ("predict", "prediction.storing.remove_unnamed", 1, "before", ()),
        ("rethreshold", "prediction.storing.write_in_batches", 1, "after", ()),
        (
            "rethreshold", "prediction.storing.remove_unnamed", 1, "before",
            ("detection", "predictionrun", "file predictions"),
        ),
    ],
)  # fmt: skip
def test_what_is_killed_leaves_nothing_behind_and_takes_nothing_along(
    site, action, step, calls, when, changes
):
    check_whole(site(f"killed {when}", action, step, calls), changes=changes)


@pytest.mark.parametrize(
    ("action", "step", "calls", "what", "changes"),
    [
        ("ingest_photo", "damage.storage.os.fsync", 3, "disk", ()),
        ("import_crops", "damage.storage.os.fsync", 7, "disk", "crop 7"),
        ("import_crops", "tagging.storing_many._write", 2, "database", "crop 7"),
        ("cut_crops", "damage.storage.os.fsync", 1, "disk", "crop 7"),
        ("train", "damage.storage.os.fsync", 3, "disk", ()),
        ("train", "training.storing._store_scores", 1, "database", ()),
        ("import_model", "damage.storage.os.fsync", 1, "disk", ()),
        ("import_model", "training.registry.exchange.store_rows", 1, "database", ()),
        ("export_model", "training.registry.exchange.hashlib.file_digest", 1, "disk", ()),
        ("predict", "prediction.journal.Journal.keep", 3, "disk", ()),
        ("predict", "prediction.storing._store_file", 3, "disk", ()),
        ("predict", "prediction.storing.write_in_batches", 1, "database", ()),
        ("rethreshold", "prediction.storing._store_file", 2, "disk", ()),
    ],
)
def test_a_full_disk_is_told_and_leaves_nothing_half(site, action, step, calls, what, changes):
    found = site(f"full {what}", action, step, calls)
    check_whole(found, changes=changes)
    kind, words, *reasons = found["said"]
    assert kind == "NotNow"
    assert words.startswith("The disk is full.")
    assert all(reason.startswith("The disk is full.") for reason in reasons)
    assert len(reasons) == (action in ("train", "predict"))
