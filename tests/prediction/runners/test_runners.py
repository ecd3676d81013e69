"""Blocks done on several processes: the same results, whatever happens to the processes."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from damage.errors import Refused
from damage.ingestion.reading import Source
from prediction.blocks import Inline, compute_block
from prediction.runners.processes import LocalProcesses
from tests.prediction.bucket import bucket
from tests.prediction.real_blocks import models_of, real_jobs, small_network, write_mosaic
from tests.prediction.standins import (
    MODELS,
    assert_numbered,
    endless,
    failing,
    killing_always,
    killing_once,
    numbered,
    numbered_slowly,
    refusing_the_third,
    stand_in_jobs,
)

ROOT = Path(__file__).resolve().parents[3]


def test_every_job_is_done_once(tmp_path):
    assert_numbered(list(LocalProcesses(2, numbered).outcomes(stand_in_jobs(12, tmp_path), MODELS)), 12)


def test_no_jobs_are_no_outcomes():
    assert list(LocalProcesses(2, numbered).outcomes(iter(()), MODELS)) == []


def test_a_refused_job_comes_back_with_its_refusal_and_the_others_go_on(tmp_path):
    outcomes = list(LocalProcesses(2, refusing_the_third).outcomes(stand_in_jobs(8, tmp_path), MODELS))
    assert len(outcomes) == 8
    (refusal,) = [outcome for _, outcome in outcomes if isinstance(outcome, Refused)]
    assert (refusal.reason, refusal.remedy) == ("The third is torn.", "Mend it.")


def test_a_mistake_in_the_program_is_raised(tmp_path):
    with pytest.raises(ZeroDivisionError):
        list(LocalProcesses(2, failing).outcomes(stand_in_jobs(3, tmp_path), MODELS))


def test_jobs_are_taken_only_a_few_ahead(tmp_path):
    taken = []

    def jobs():
        for job in stand_in_jobs(50, tmp_path):
            taken.append(job)
            yield job

    outcomes = LocalProcesses(2, numbered_slowly).outcomes(jobs(), MODELS)
    next(outcomes)
    assert len(taken) == 4
    outcomes.close()


def test_what_a_killed_process_left_undone_is_done_again(tmp_path):
    outcomes = list(LocalProcesses(2, killing_once).outcomes(stand_in_jobs(12, tmp_path), MODELS))
    assert (tmp_path / "killed").exists()
    assert_numbered(outcomes, 12)


def test_processes_that_are_always_killed_are_given_up(tmp_path):
    with pytest.raises(Refused, match=r"killed 4 times.* Predict with fewer --workers"):
        list(LocalProcesses(1, killing_always).outcomes(stand_in_jobs(3, tmp_path), MODELS))


def processes_seen(folder: Path) -> list[int]:
    return [int(path.name) for path in folder.iterdir() if path.name.isdecimal()]


def assert_all_end(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(_is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still running: {pids}"
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_closing_stops_the_work_at_once(tmp_path):
    outcomes = LocalProcesses(2, endless).outcomes(stand_in_jobs(9, tmp_path), MODELS)
    next(outcomes)
    begun = time.monotonic()
    outcomes.close()
    assert time.monotonic() - begun < 5
    assert_all_end(processes_seen(tmp_path))


def test_the_processes_end_with_the_one_that_started_them(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path\n"
        "from prediction.runners.processes import LocalProcesses\n"
        "from tests.prediction.standins import MODELS, endless, stand_in_jobs\n"
        "next(LocalProcesses(2, endless).outcomes(stand_in_jobs(9, Path(sys.argv[1])), MODELS))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    pids = processes_seen(tmp_path)
    assert pids
    assert_all_end(pids)


def test_a_mosaic_is_read_from_a_bucket_as_from_a_folder(tmp_path, monkeypatch):
    model = small_network()
    jobs = real_jobs(write_mosaic(tmp_path / "mosaic.tif"), model)[-4:]
    there = [replace(job, source=Source("/vsis3/bucket/mosaic.tif")) for job in jobs]
    expected = [outcome.tobytes() for _, outcome in Inline().outcomes(iter(jobs), models_of(model))]
    with bucket(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        come = {
            job.index: outcome
            for job, outcome in LocalProcesses(1, compute_block).outcomes(iter(there), models_of(model))
        }
    assert [come[job.index].tobytes() for job in jobs] == expected
