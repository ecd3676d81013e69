"""Which runner does the blocks of predictions."""

from django.conf import settings

from prediction.blocks import BlockJob, Inline, compute_block
from prediction.options import RunnerConfig
from prediction.runners import Runner


def runner_for(config: RunnerConfig) -> Runner[BlockJob]:
    """The runner asked for; without a word, the site's Dask cluster if it has one, else this process."""
    address = config.dask or settings.ENVIRONMENT.dask
    if address:
        from prediction.runners.cluster import DaskCluster  # Dask is loaded where it is used

        return DaskCluster(address, compute_block)
    if config.workers > 1:
        from prediction.runners.processes import LocalProcesses

        return LocalProcesses(config.workers, compute_block)
    return Inline()
