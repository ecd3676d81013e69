"""Real Dask schedulers and workers as processes, for the tests."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# So that what is lost is missed within a test's time.
HASTE = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s",
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cluster:
    """A scheduler, and the workers that a test starts; all end with the block."""

    def __init__(
        self, folder: Path, *, host: str = "127.0.0.1", logs: Path | None = None, **settings: str
    ) -> None:
        self.folder, self.host, self.logs = folder, host, logs or folder
        self.environment = {**os.environ, **HASTE, "DAMAGE_THREADS": "1", **settings}
        self.address = f"tcp://{host}:{free_port()}"
        self.programs: list[subprocess.Popen] = []
        self.workers: list[subprocess.Popen] = []

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *exception: object) -> None:
        for program in self.programs:
            program.kill()
        for program in self.programs:
            program.wait()

    def start_scheduler(self, *before: str) -> None:
        port = self.address.rpartition(":")[2]
        self.start(*before, sys.executable, "-m", "dask", "scheduler", "--no-dashboard",
                   "--host", self.host, "--port", port)  # fmt: skip

    def start_worker(self, *before: str) -> None:
        """One process of one thread, without a nanny: nobody starts it again when it is killed."""
        worker = self.start(*before, sys.executable, "-m", "dask", "worker", self.address, "--no-nanny",
                            "--no-dashboard", "--nthreads", "1", "--memory-limit", "0",
                            "--local-directory", str(self.folder))  # fmt: skip
        self.workers.append(worker)

    def start_workers(self, wanted: int) -> None:
        """Make up the number, where some were killed."""
        for _ in range(wanted - sum(worker.poll() is None for worker in self.workers)):
            self.start_worker()

    def start(self, *command: str) -> subprocess.Popen:
        with (self.logs / "cluster.log").open("ab") as log:
            program = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)
        self.programs.append(program)
        return program

    def log(self) -> str:
        return (self.logs / "cluster.log").read_text()

    def wait_for_scheduler(self) -> None:
        port = int(self.address.rpartition(":")[2])
        deadline = time.monotonic() + 30
        with socket.socket() as caller:
            while caller.connect_ex((self.host, port)):
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.05)


@contextmanager
def cluster(folder: Path, *, workers: int) -> Iterator[Cluster]:
    """A scheduler that answers, with so many workers of one thread."""
    folder.mkdir(exist_ok=True)
    with Cluster(folder) as started:
        started.start_scheduler()
        started.start_workers(workers)
        started.wait_for_scheduler()
        yield started
