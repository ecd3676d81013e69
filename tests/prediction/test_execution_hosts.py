"""Blocks done by hosts that share one folder and nothing else."""

import sys
import time

import numpy as np
import pytest

from tests.prediction.clusters import Cluster
from tests.prediction.networks import switch
from tests.prediction.standins import StandInJob, assert_numbered

IMPATIENT = {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "4s"}


@pytest.fixture
def hosts(tmp_path):
    """A scheduler, two workers and a fourth host, each with an empty folder of its own in place of `private`."""
    private = tmp_path / "private"
    private.mkdir()
    with switch(private) as joined:
        yield joined


def test_hosts_that_share_a_folder_do_the_work_also_when_one_is_cut_off(hosts, tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    cluster = Cluster(hosts.private, host=hosts.plug_in("scheduler"), logs=tmp_path, **IMPATIENT)
    with cluster:
        cluster.start_scheduler(*hosts.at("scheduler"))
        for host in ("first", "second"):
            hosts.plug_in(host)
            cluster.start_worker(*hosts.at(host))
        hosts.plug_in("asking")
        asking = cluster.start(
            *hosts.at("asking"), sys.executable, "-m", "tests.prediction.stand_in_client",
            cluster.address, "60", str(shared),
        )  # fmt: skip
        while len(list(shared.glob("*.npy"))) < 10:
            assert asking.poll() is None, cluster.log()
            time.sleep(0.05)
        hosts.pull_out("second")
        assert asking.wait(40) == 0
    assert_numbered([(StandInJob(int(p.stem), shared), np.load(p)) for p in shared.glob("*.npy")], 60)
