"""A program that has stand-in jobs done by a cluster: address, number of jobs, folder for the results."""

import sys
from pathlib import Path

import numpy as np

from prediction.execution.cluster import DaskCluster
from tests.prediction.standins import MODELS, numbered_slowly, stand_in_jobs

address, number, folder = sys.argv[1:]
for job, outcome in DaskCluster(address, numbered_slowly).outcomes(
    stand_in_jobs(int(number), Path(folder)), MODELS
):
    np.save(Path(folder) / f"{job.index}.npy", outcome)
