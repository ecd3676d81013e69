"""Only public machines are called, at the address that was looked at, and as who they are said to be."""

import socket
import ssl
import subprocess
import threading

import httpx2
import pytest

from damage.errors import Refused
from damage.ingestion.remote.hosts import is_public, open_client
from tests.ingestion.remote.conftest import HOSTS, PUBLIC

ADDRESS = "https://imagery.example/a.tif"


@pytest.mark.parametrize("address", ["8.8.8.8", "52.216.1.1", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",  # noqa: S104
        "100.64.0.1", "192.0.0.8", "198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe", "localhost", "2130706433", "0x7f000001", "",
    ],
)  # fmt: skip
def test_any_other_address_is_not(address):
    assert not is_public(address)


def calls(wire, resolve, address=ADDRESS):
    with open_client(HOSTS, resolve=resolve, inner=wire) as client:
        return client.get(address)


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["10.0.0.7"], [PUBLIC, "192.168.0.9"], ["::ffff:169.254.169.254"], ["fe80::1"]],
)
def test_a_name_that_leads_into_a_private_network_is_refused_before_anything_is_sent(addresses, wire, host):
    with pytest.raises(Refused, match=r"imagery\.example leads to"):
        calls(wire, lambda name: addresses)
    assert (wire.called, host.asked) == ([], [])


def test_the_call_goes_to_the_address_that_was_looked_at_and_the_name_is_looked_up_once(wire, host):
    """A name that leads elsewhere the second time gains nothing."""
    host.put("/a.tif", b"x")
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    looked_up = []

    def resolve(name):
        looked_up.append(name)
        return next(answers)

    assert calls(wire, resolve).content == b"x"
    assert (looked_up, wire.called) == (["imagery.example"], [PUBLIC])
    assert host.asked[0].host == "imagery.example"


def test_ipv6_addresses_are_called_too(wire, host):
    host.put("/a.tif", b"x")
    calls(wire, lambda name: ["2606:4700::1111"])
    assert wire.called == ["2606:4700::1111"]


def test_where_one_address_of_a_host_is_dead_the_next_is_called():
    called = []

    def inner(request):
        called.append(request.url.host)
        if len(called) == 1:
            raise httpx2.ConnectError("no route")
        return httpx2.Response(200)

    calls(httpx2.MockTransport(inner), lambda name: ["2606:4700::1111", PUBLIC])
    assert called == ["2606:4700::1111", PUBLIC]


def test_a_name_that_nobody_knows_is_a_broken_connection(wire):
    def unknown(name):
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(httpx2.ConnectError):
        calls(wire, unknown)


def test_the_client_itself_calls_no_other_host(wire):
    """Whoever forgets to check an address is stopped here."""
    for address in ("https://evil.example/", "http://imagery.example/", "https://imagery.example:22/"):
        with pytest.raises(Refused):
            calls(wire, lambda name: [PUBLIC], address)
    assert wire.called == []


def test_proxies_of_the_environment_are_not_used(monkeypatch, wire, host):
    host.put("/a.tif", b"x")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert calls(wire, lambda name: [PUBLIC]).content == b"x"


@pytest.fixture
def tls_port(tmp_path):
    """A host with a certificate for imagery.example alone."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    try:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=imagery.example", "-addext", "subjectAltName=DNS:imagery.example",
             "-keyout", str(key), "-out", str(certificate)],
            check=True, capture_output=True,
        )  # fmt: skip
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("openssl is not here to make a certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(4096)
                    secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1], ssl.create_default_context(cafile=str(certificate))
    listener.close()


class SecureWire(httpx2.BaseTransport):
    """The wire from a public address to the TLS host on this machine; TLS stays as it is."""

    def __init__(self, port, trusted):
        self.port = port
        self.inner = httpx2.HTTPTransport(verify=trusted, trust_env=False)

    def handle_request(self, request):
        assert request.url.host == PUBLIC
        local = request.url.copy_with(host="127.0.0.1", port=self.port)
        return self.inner.handle_request(
            httpx2.Request(request.method, local, headers=request.headers, extensions=request.extensions)
        )


def test_the_certificate_is_checked_against_the_name_though_the_address_is_called(tls_port):
    wire = SecureWire(*tls_port)
    assert calls(wire, lambda name: [PUBLIC]).content == b"ok"
    with pytest.raises(httpx2.ConnectError, match="certificate"):
        calls(wire, lambda name: [PUBLIC], "https://noaa-eri-pds.s3.amazonaws.com/a.tif")
