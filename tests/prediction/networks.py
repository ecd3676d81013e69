"""Hosts on a switch without internet: network namespaces, which need root and iproute2."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# Only inside the namespaces, whatever the machine's own network.
ADDRESS = "10.213.77.{}"
# Runs a program with an empty folder of its own in place of the one that is hidden.
PRIVATELY = 'mount -t tmpfs none "$0" && exec "$@"'


class Switch:
    """A switch, and the hosts plugged into it."""

    def __init__(self, private: Path) -> None:
        self.private = private
        self.hosts: list[str] = []

    def plug_in(self, host: str) -> str:
        """A new host; returns its address."""
        self.hosts.append(host)
        address = ADDRESS.format(len(self.hosts))
        _ip("netns", "add", _namespace(host))
        self._ip("link", "add", host, "type", "veth", "peer", "eth0", "netns", _namespace(host))
        self._ip("link", "set", host, "master", "bridge", "up")
        _ip("-n", _namespace(host), "address", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _ip("-n", _namespace(host), "link", "set", device, "up")
        return address

    def at(self, host: str) -> list[str]:
        """What a command begins with to run at that host, where the private folder is its own."""
        inside = ["ip", "netns", "exec", _namespace(host)]
        return [*inside, "unshare", "--mount", "sh", "-c", PRIVATELY, str(self.private)]

    def pull_out(self, host: str) -> None:
        """Cut the host's link; nobody is told."""
        self._ip("link", "set", host, "down")

    def _ip(self, *arguments: str) -> None:
        _ip("-n", _namespace("switch"), *arguments)


@contextmanager
def switch(private: Path) -> Iterator[Switch]:
    """A switch that is gone afterwards, with its hosts; skips the test where there can be none."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("hosts in network namespaces need root and iproute2")
    try:
        _ip("netns", "add", _namespace("switch"))
    except subprocess.CalledProcessError as error:
        pytest.skip(f"network namespaces are not allowed here: {error.stderr.decode()}")
    joined = Switch(private)
    try:
        _ip("-n", _namespace("switch"), "link", "add", "bridge", "up", "type", "bridge")
        yield joined
    finally:
        for name in (*joined.hosts, "switch"):
            subprocess.run(["ip", "netns", "delete", _namespace(name)], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)


def _namespace(name: str) -> str:
    return f"damage-{os.getpid()}-{name}"
