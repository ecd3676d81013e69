"""A program that has a mosaic's blocks done by a cluster: address, mosaic, folder for the results."""

import sys
from pathlib import Path

import numpy as np

from damage.errors import Refused
from prediction.runners.cluster import DaskCluster
from tests.prediction.real_blocks import computed_slowly, models_of, real_jobs, small_network

address, mosaic, folder = sys.argv[1:]
model = small_network()
jobs = real_jobs(Path(mosaic), model)
for job, outcome in DaskCluster(address, computed_slowly).outcomes(iter(jobs), models_of(model)):
    if isinstance(outcome, Refused):
        raise outcome
    np.save(Path(folder) / f"{job.index}.npy", outcome)
