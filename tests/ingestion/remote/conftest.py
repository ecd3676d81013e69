"""A host on this machine in place of the internet: all that is checked before a byte is sent stays as it is."""

from dataclasses import replace

import httpx2
import pytest

from damage.ingestion.remote.hosts import open_client
from tests.ingestion.remote.imagery_server import serving

HOSTS = ("imagery.example", "noaa-eri-pds.s3.amazonaws.com")
PUBLIC = "8.8.8.8"


class Wire(httpx2.BaseTransport):
    """The wire from a public address to the host on this machine."""

    def __init__(self, port):
        self.port = port
        self.called = []
        self.inner = httpx2.HTTPTransport(trust_env=False)

    def handle_request(self, request):
        self.called.append(request.url.host)
        assert request.url.scheme == "https"
        local = request.url.copy_with(scheme="http", host="127.0.0.1", port=self.port)
        return self.inner.handle_request(
            httpx2.Request(
                request.method, local, headers=request.headers, stream=request.stream,
                extensions=request.extensions,
            )
        )  # fmt: skip

    def close(self):
        self.inner.close()


@pytest.fixture
def host():
    with serving() as there:
        yield there


@pytest.fixture
def wire(host):
    return Wire(host.port)


@pytest.fixture
def client(wire):
    with open_client(HOSTS, resolve=lambda name: [PUBLIC], inner=wire, stall_s=0.3) as client:
        yield client


@pytest.fixture
def naps(monkeypatch):
    """How long it would have slept; nobody waits."""
    slept = []
    monkeypatch.setattr("damage.ingestion.remote.asking.sleep", slept.append)
    return slept


@pytest.fixture
def fetch_hosts(settings):
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, fetch_hosts=HOSTS)
