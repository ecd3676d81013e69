"""Blocks done by hosts that share one folder and nothing else."""

import sys
import time

import numpy as np
import pytest

from prediction.blocks import Inline
from tests.prediction.clusters import Cluster
from tests.prediction.networks import switch
from tests.prediction.real_blocks import lattice, models_of, real_jobs, small_network, write_mosaic

IMPATIENT = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s"}


@pytest.fixture
def hosts(tmp_path):
    """A switch; each host has an empty folder of its own in place of `private`."""
    private = tmp_path / "private"
    private.mkdir()
    with switch(private) as joined:
        yield joined


def test_hosts_that_share_a_folder_do_the_work_also_when_one_is_cut_off(hosts, tmp_path):
    shared, results = tmp_path / "shared", tmp_path / "results"
    for folder in (shared, results):
        folder.mkdir()
    mosaic, model = write_mosaic(shared / "mosaic.tif"), small_network()
    address = hosts.plug_in("scheduler")
    with Cluster(hosts.private, host=address, logs=tmp_path, **IMPATIENT) as cluster:
        cluster.start_scheduler(*hosts.at("scheduler"))
        for host in ("first", "second"):
            hosts.plug_in(host)
            cluster.start_worker(*hosts.at(host))
        hosts.plug_in("asking")
        asking = cluster.start(
            *hosts.at("asking"), sys.executable, "-m", "tests.prediction.asking",
            cluster.address, str(mosaic), str(results),
        )  # fmt: skip
        while len(list(results.iterdir())) < 8:
            assert asking.poll() is None, cluster.log()
            time.sleep(0.05)
        hosts.pull_out("second")
        assert asking.wait(60) == 0, cluster.log()
    assert "failed to heartbeat" in cluster.log()
    jobs = real_jobs(mosaic, model)
    come = lattice((job, np.load(results / f"{job.index}.npy")) for job in jobs)
    assert come.tobytes() == lattice(Inline().outcomes(iter(jobs), models_of(model))).tobytes()
