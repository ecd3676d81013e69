"""Blocks done by real Dask workers: the same results, whatever happens to the workers."""

import sys
import time
from dataclasses import replace

import pytest
from distributed import Client
from django.core.management import CommandError, call_command

from damage.errors import Refused
from prediction.blocks import Inline, compute_block
from prediction.runners.cluster import DaskCluster
from prediction.runners.processes import LocalProcesses
from tests.prediction.clusters import Cluster, cluster, free_port
from tests.prediction.real_blocks import (
    computed_slowly,
    lattice,
    models_of,
    real_jobs,
    small_network,
    write_mosaic,
)
from tests.prediction.standins import (
    MODELS,
    assert_numbered,
    failing,
    killing_on_four,
    numbered,
    numbered_slowly,
    refusing_the_third,
    stand_in_jobs,
)


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("cluster"), workers=2) as started:
        yield started


@pytest.fixture
def standing(started):
    """A cluster of two workers, or more."""
    started.start_workers(2)
    return started


def test_every_job_is_done_once_and_by_both_workers(standing, tmp_path):
    assert_numbered(
        list(DaskCluster(standing.address, numbered_slowly).outcomes(stand_in_jobs(20, tmp_path), MODELS)), 20
    )
    assert len(list(tmp_path.iterdir())) == 2


def test_no_jobs_are_no_outcomes(standing):
    assert list(DaskCluster(standing.address, numbered).outcomes(iter(()), MODELS)) == []


def test_a_refused_job_comes_back_with_its_refusal_and_the_others_go_on(standing, tmp_path):
    outcomes = list(
        DaskCluster(standing.address, refusing_the_third).outcomes(stand_in_jobs(8, tmp_path), MODELS)
    )
    assert len(outcomes) == 8
    (refusal,) = [outcome for _, outcome in outcomes if isinstance(outcome, Refused)]
    assert str(refusal.reason).startswith("The third is torn. (On worker tcp://127.0.0.1:")
    assert refusal.remedy == "Mend it."


def test_a_mistake_in_the_program_is_raised(standing, tmp_path):
    with pytest.raises(ZeroDivisionError):
        list(DaskCluster(standing.address, failing).outcomes(stand_in_jobs(3, tmp_path), MODELS))


def test_jobs_are_taken_only_a_few_ahead(standing, tmp_path):
    taken = []

    def jobs():
        for job in stand_in_jobs(100, tmp_path):
            taken.append(job)
            yield job

    outcomes = DaskCluster(standing.address, numbered_slowly).outcomes(jobs(), MODELS)
    next(outcomes)
    assert 1 <= len(taken) <= 6
    outcomes.close()


def test_closing_cancels_what_was_sent(standing, tmp_path):
    outcomes = DaskCluster(standing.address, numbered_slowly).outcomes(stand_in_jobs(1000, tmp_path), MODELS)
    next(outcomes)
    outcomes.close()
    with Client(standing.address, set_as_default=False) as client:
        deadline = time.monotonic() + 10
        while left := client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)):
            assert time.monotonic() < deadline, f"{left} tasks are still there"


def test_real_blocks_are_the_same_on_processes_and_on_a_cluster_that_loses_a_worker(standing, tmp_path):
    model = small_network()
    jobs = real_jobs(write_mosaic(tmp_path / "mosaic.tif"), model)
    expected = lattice(Inline().outcomes(iter(jobs), models_of(model))).tobytes()

    processes = LocalProcesses(2, compute_block)
    assert lattice(processes.outcomes(iter(jobs), models_of(model))).tobytes() == expected

    outcomes = DaskCluster(standing.address, computed_slowly).outcomes(iter(jobs), models_of(model))
    come = [next(outcomes) for _ in range(8)]
    standing.workers[0].kill()
    come += list(outcomes)
    assert lattice(come).tobytes() == expected


def test_a_model_that_is_not_the_one_named_is_refused_by_the_worker(standing, tmp_path):
    model, digest = small_network(), "0" * 64
    job = replace(real_jobs(write_mosaic(tmp_path / "mosaic.tif"), model)[-1], model_sha256=digest)
    ((_, refusal),) = DaskCluster(standing.address, compute_block).outcomes(iter([job]), {digest: model})
    assert str(refusal.reason).startswith(
        "The model is not the one that the run was made for. (On worker tcp://"
    )


def test_workers_that_come_after_all_were_lost_take_over(standing, tmp_path):
    outcomes = DaskCluster(standing.address, numbered_slowly).outcomes(stand_in_jobs(12, tmp_path), MODELS)
    come = [next(outcomes) for _ in range(4)]
    for worker in standing.workers:
        worker.kill()
        worker.wait()
    standing.start_workers(1)
    come += list(outcomes)
    assert_numbered(come, 12)


def test_a_job_that_no_worker_survives_is_refused_alone(standing, tmp_path):
    standing.start_workers(5)  # two die with it, two more with it alone
    runner = DaskCluster(standing.address, killing_on_four)
    outcomes = list(runner.outcomes(stand_in_jobs(9, tmp_path), MODELS))
    assert len(outcomes) == 9
    refusals = {job.index: outcome for job, outcome in outcomes if isinstance(outcome, Refused)}
    assert list(refusals) == [4]
    assert "all those workers died" in refusals[4].reason


def test_a_cluster_without_workers_is_refused_after_a_while(tmp_path):
    with cluster(tmp_path / "cluster", workers=0) as started:
        runner = DaskCluster(started.address, numbered, patience_s=1)
        with pytest.raises(Refused, match=r"no worker.*docs/cluster.md"):
            list(runner.outcomes(stand_in_jobs(3, tmp_path), MODELS))


def test_a_scheduler_that_ends_is_missed(tmp_path):
    with cluster(tmp_path / "cluster", workers=1) as started:
        outcomes = DaskCluster(started.address, numbered_slowly).outcomes(stand_in_jobs(99, tmp_path), MODELS)
        next(outcomes)
        started.programs[0].kill()
        with pytest.raises(Refused, match="is lost"):
            list(outcomes)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{port}", "nonsense://127.0.0.1:{port}"])
def test_a_scheduler_that_does_not_answer_is_refused(tmp_path, address, monkeypatch):
    monkeypatch.setattr("prediction.runners.cluster.CONNECT_TIMEOUT_S", 1)
    runner = DaskCluster(address.format(port=free_port()), numbered)
    with pytest.raises(Refused, match=r"No Dask scheduler answers .* predict without --dask"):
        next(runner.outcomes(stand_in_jobs(1, tmp_path), MODELS))


def test_a_machine_is_put_to_work_by_one_command_also_before_there_is_a_scheduler(tmp_path):
    with Cluster(tmp_path) as started:
        helping = started.start(
            sys.executable, "manage.py", "predict_worker", started.address, "--processes", "1"
        )
        started.start_scheduler()
        started.wait_for_scheduler()
        come = list(DaskCluster(started.address, numbered).outcomes(stand_in_jobs(9, tmp_path), MODELS))
        helping.terminate()
        assert helping.wait(20) == 0
    assert_numbered(come, 9)


@pytest.mark.parametrize("address", ["192.168.7.1:8786", "http://192.168.7.1:8786", "tcp://192.168.7.1"])
def test_a_machine_is_not_put_to_work_for_an_address_that_is_none(address):
    with pytest.raises(CommandError, match=r"such as tcp://192\.168\.7\.1:8786"):
        call_command("predict_worker", address)


def test_tls_without_a_certificate_is_refused(tmp_path):
    runner = DaskCluster("tls://127.0.0.1:8786", numbered)
    with pytest.raises(Refused, match=r"no certificate is configured.*DASK_CONFIG"):
        next(runner.outcomes(stand_in_jobs(1, tmp_path), MODELS))
