"""Where the site listens, and what people are told of it."""

import socket
import threading
import time
from dataclasses import replace

import pytest
from django.core.management.base import CommandError

from damage import listening
from damage.listening import address_words, listen, warnings


@pytest.fixture(autouse=True)
def one_address(monkeypatch):
    monkeypatch.setattr(listening, "network_addresses", lambda: ["192.168.1.20"])


def test_a_taken_port_is_said_plainly(monkeypatch):
    monkeypatch.setattr(listening, "PATIENCE_S", 0.1)
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        pytest.raises(CommandError, match="another --host or"),
    ):
        listen("127.0.0.1", other.getsockname()[1])


def test_a_port_that_is_just_closing_is_waited_for():
    other = socket.create_server(("127.0.0.1", 0))
    port = other.getsockname()[1]
    threading.Timer(0.3, other.close).start()
    before = time.monotonic()
    with listen("127.0.0.1", port) as listener:
        assert listener.getsockname()[1] == port
    assert time.monotonic() - before < 3


@pytest.mark.parametrize(
    ("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70000), ("1.2.3.4", 0)]
)
def test_an_address_that_is_not_ours_is_refused(host, port):
    with pytest.raises(CommandError, match="Cannot listen"):
        listen(host, port)


def test_nobody_is_warned_on_a_machine_by_itself(settings):
    settings.DEBUG = True
    for host in ("127.0.0.1", "localhost", "::1", "127.0.0.5"):
        assert list(warnings(host)) == []
        assert len(list(address_words(host, 8000))) == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "laptop.local"])  # noqa: S104
def test_beyond_it_development_and_plain_http_are_warned_of(settings, host):
    settings.DEBUG = True
    first, second = warnings(host)
    assert "DAMAGE_DEBUG=1" in first
    assert "HTTPS" in second


def test_phones_are_told_the_address_to_type(settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "192.168.1.20"]
    assert list(address_words("0.0.0.0", 8000)) == [  # noqa: S104
        "Damage is at http://127.0.0.1:8000",
        "Phones and other machines on the same network: http://192.168.1.20:8000",
    ]


def test_an_address_that_is_not_allowed_is_told_with_the_remedy(settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    assert "DAMAGE_ALLOWED_HOSTS=127.0.0.1,192.168.1.20" in list(address_words("0.0.0.0", 8000))[1]  # noqa: S104


def test_behind_a_proxy_people_type_its_names(settings):
    settings.ALLOWED_HOSTS = ["map.example"]
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, https=True)
    assert "https://map.example" in next(address_words("127.0.0.1", 8000))
    (warning,) = warnings("0.0.0.0")  # noqa: S104
    assert "only your proxy" in warning
