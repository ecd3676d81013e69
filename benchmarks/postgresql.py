"""A PostgreSQL server of a benchmark's own, with the settings that it is installed with."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_server() -> Iterator[str]:
    """Start the newest installed server in a folder of its own, and give its URL; it is gone at the end."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not installed:
        raise SystemExit("No PostgreSQL server is installed.")
    # PostgreSQL refuses to run as root: then its own account runs it.
    as_somebody_else = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="damage-postgresql-"))
    if as_somebody_else:
        shutil.chown(folder, "postgres")

    def run(program: str, *arguments: str) -> None:
        command = [*as_somebody_else, str(installed[-1].parent / program), *arguments]
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    port, cluster = free_port(), str(folder / "cluster")
    run("initdb", "-D", cluster, "-U", "damage", "--auth=trust", "--encoding=UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    run("pg_ctl", "-D", cluster, "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgres://damage@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", cluster, "-m", "immediate", "stop")
        shutil.rmtree(folder)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
