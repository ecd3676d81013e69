"""Whatever is killed in the middle, at the next start the site is as if it had not begun, or is gone on with."""

import json
import subprocess
import sys
from contextlib import closing

import pytest

from damage.environment import BASE_DIR


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Kill an action at a step, in a site of its own; gives how the site is once it was put in order."""
    folder = tmp_path_factory.mktemp("killed") / "data"
    folder.mkdir(mode=0o700)
    command = [sys.executable, "-m", "tests.killed_midway", str(folder)]
    site = subprocess.Popen(
        command, cwd=BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def ask(*case):
        print(json.dumps(case), file=site.stdin)
        said = site.stdout.readline()
        assert said, "the site's process ended; see its standard error"
        return json.loads(said)

    with closing(site.stdout), site:
        assert site.stdout.readline() == "prepared\n"
        yield ask
        site.stdin.close()


BEFORE, AFTER = False, True


@pytest.mark.parametrize(
    ("action", "step", "calls", "is_done", "changes"),
    [
        ("ingest_photo", "damage.ingestion.services._store_file", 1, AFTER, ""),
        ("ingest_photo", "damage.ingestion.services.named_town", 1, AFTER, ""),
        ("import_crops", "damage.stored_files.NewFiles.save", 3, AFTER, "crop 7"),
        ("import_crops", "tagging.storing_many._write", 2, BEFORE, "crop 7"),
        ("cut_crops", "tagging.cutting._write_rows", 1, BEFORE, "crop 7"),
        ("train", "training.storing._store_scores", 1, AFTER, ""),
        ("train", "training.claims.finish", 1, AFTER, ""),
        ("import_model", "training.sharing.put_files", 1, AFTER, ""),
        ("import_model", "training.sharing.store_rows", 1, AFTER, ""),
        ("predict", "prediction.storing.write_in_batches", 1, AFTER, ""),
        ("predict", "prediction.storing.remove_unnamed", 1, BEFORE, ""),
        ("derive_again", "prediction.storing.write_in_batches", 1, AFTER, ""),
        (
            "derive_again", "prediction.storing.remove_unnamed", 1, BEFORE,
            ("detection", "predictionrun", "file predictions"),
        ),
    ],
)  # fmt: skip
def test_what_is_killed_leaves_nothing_behind_and_takes_nothing_along(
    killed, action, step, calls, is_done, changes
):
    found = killed(action, step, calls, is_done)
    assert "error" not in found
    assert found["strays"] == []
    assert found["missing"] == []
    assert found["unsettled"] == []
    assert [name for name in found["lost"] if not changes or not name.startswith(changes)] == []
