"""Whose address counts: never one that the sender wrote down himself."""

import pytest
from django.test import RequestFactory

from damage.accounts.addresses import address_of
from damage.accounts.checks import check_proxies


def address(proxies: int, connected: str, forwarded: str | None, settings) -> str:
    settings.PROXIES = proxies
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return address_of(RequestFactory().get("/", REMOTE_ADDR=connected, **headers))


@pytest.mark.parametrize(
    ("proxies", "connected", "forwarded", "expected"),
    [
        (0, "203.0.113.9", None, "203.0.113.9"),
        (0, "203.0.113.9", "198.51.100.1", "203.0.113.9"),  # nobody asked him
        (1, "127.0.0.1", "198.51.100.1", "198.51.100.1"),
        (1, "127.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),  # the left one is the sender's invention
        (2, "127.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.7", "198.51.100.1"),
        (2, "127.0.0.1", "198.51.100.1", "127.0.0.1"),  # did not come through both
        (1, "127.0.0.1", None, "127.0.0.1"),
        (1, "127.0.0.1", "nonsense\n", "127.0.0.1"),
        (1, "127.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        (1, "127.0.0.1", "[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::"),
        (0, "2001:db8:1:2:ffff::1", None, "2001:db8:1:2::"),  # one customer has 2^64 of them
        (0, "::ffff:203.0.113.9", None, "203.0.113.9"),
        (0, "", None, ""),
    ],
)
def test_the_address_is_the_connections_or_what_our_proxies_saw(
    proxies, connected, forwarded, expected, settings
):
    assert address(proxies, connected, forwarded, settings) == expected


@pytest.mark.parametrize(
    ("https", "proxies", "warned"), [(True, 0, True), (True, 1, False), (False, 0, False)]
)
def test_a_proxy_that_is_not_counted_is_warned_of(https, proxies, warned, settings):
    settings.SESSION_COOKIE_SECURE, settings.PROXIES = https, proxies
    assert bool(check_proxies()) == warned
