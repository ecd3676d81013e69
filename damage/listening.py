"""Where the site listens, and the addresses under which people reach it."""

import errno
import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address

import psutil
from django.conf import settings
from django.core.management.base import CommandError
from django.http.request import validate_host

WAITING = 1024  # connections that the system keeps until a process takes them
# An earlier server may be just closing.
PATIENCE_S = 3
LOOK_EVERY_S = 0.1
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, which outlives the programs that answer on it; raises `CommandError` where it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    deadline = time.monotonic() + PATIENCE_S
    while True:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(WAITING)
        except (OSError, OverflowError) as error:
            listener.close()
            if getattr(error, "errno", None) == errno.EADDRINUSE and time.monotonic() < deadline:
                time.sleep(LOOK_EVERY_S)
                continue
            raise CommandError(
                f"Cannot listen on {host}:{port} ({getattr(error, 'strerror', None) or error}). "
                "Stop what runs there, or choose another --host or --port."
            ) from error
        return listener


def is_for_this_machine_only(host: str) -> bool:
    """Whether nobody on the network reaches an address."""
    if host in EVERYWHERE:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_words(host: str, port: int) -> Iterator[str]:
    """How people reach the site, line by line."""
    if settings.ENVIRONMENT.https:
        names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS]
        yield f"Damage is at {', '.join(f'https://{name}' for name in names)}, through your proxy, which reaches it at"
        yield f"  {_url('127.0.0.1' if host in EVERYWHERE else host, port)}"
        return
    yield f"Damage is at {_url('127.0.0.1' if host in EVERYWHERE else host, port)}"
    if is_for_this_machine_only(host):
        return
    hosts = [*network_addresses()] if host in EVERYWHERE else [host]
    allowed = settings.ALLOWED_HOSTS or (["127.0.0.1", "localhost"] if settings.DEBUG else [])
    for one in hosts:
        if validate_host(_bracketed(one), allowed):
            yield f"Phones and other machines on the same network: {_url(one, port)}"
        else:
            yield (
                f"Phones and other machines on the same network could use {_url(one, port)}, but it is not allowed to: "
                f"start with DAMAGE_ALLOWED_HOSTS={','.join([*allowed, _bracketed(one)])}"
            )


def warnings(host: str) -> Iterator[str]:
    """What to know before others are let in."""
    if is_for_this_machine_only(host):
        return
    if settings.DEBUG:
        yield (
            "WARNING: DAMAGE_DEBUG=1 is for your own machine. Its secret key is public and its error pages show the "
            "program's inside: whoever reaches this address can become anybody. Let others in to practice data only."
        )
    if settings.ENVIRONMENT.https:
        yield (
            "WARNING: with DAMAGE_HTTPS=1 only your proxy should reach this address, as what it says of a visitor is "
            "believed. Where the proxy is on this machine, leave --host away."
        )
    else:
        yield (
            "WARNING: passwords and answers travel readable for the whole network. Among strangers put a proxy with "
            "HTTPS before the site (docs/admins.md)."
        )


def network_addresses() -> list[str]:
    """This machine's IPv4 addresses, those of its own alone left out."""
    found = [
        address.address
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if address.family == socket.AF_INET
    ]
    return [address for address in found if not ip_address(address).is_loopback]


def _url(host: str, port: int) -> str:
    return f"http://{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
