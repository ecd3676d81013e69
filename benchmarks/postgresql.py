"""A PostgreSQL server of a benchmark's own, with the settings that it is installed with."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class OwnServer:
    """The newest installed server, in a folder of its own."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        if not found:
            raise SystemExit("No PostgreSQL server is installed.")
        self._programs, self._port = found[-1].parent, free_port()
        # PostgreSQL refuses to run as root: then its own account runs it.
        self._as_somebody_else = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._folder = Path(tempfile.mkdtemp(prefix="damage-postgresql-"))
        if self._as_somebody_else:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-U", "damage", "--auth=trust", "--encoding=UTF8")

    @property
    def url(self) -> str:
        """What `DATABASE_URL` is to be."""
        return f"postgres://damage@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        self._run("pg_ctl", "-w", "-l", str(self._folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as a power cut would."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def remove(self) -> None:
        """Stop it, and delete its folder."""
        self.stop()
        shutil.rmtree(self._folder)

    def _run(self, program: str, *arguments: str) -> None:
        cluster = str(self._folder / "cluster")
        command = [*self._as_somebody_else, str(self._programs / program), "-D", cluster, *arguments]
        subprocess.run(command, check=True, cwd=self._folder, stdout=subprocess.DEVNULL)


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """A server that is started, and gone at the end."""
    server = OwnServer()
    server.start()
    try:
        yield server
    finally:
        server.remove()


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
