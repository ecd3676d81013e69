"""Which machine a host's name leads to: only public ones are called, at the very address that was looked at.

Who controls a name may have it lead to a machine within the site's own network, and to another at each look (DNS
rebinding). So a name is looked up once per call, all of its addresses must be public, and the call goes to them alone.
"""

import socket
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx2

from damage.errors import Refused
from damage.ingestion.remote.addresses import checked_address, host_of
from damage.messages import Message as _

HTTPS_PORT = 443
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are the IPv4 address that is meant
PROTOCOLS = IPv4Network("192.0.0.0/24")  # RFC 6890; Python's tables differ by version
Resolve = Callable[[str], Sequence[str]]


def system_addresses(host: str) -> list[str]:
    """The host's IP addresses as the system looks them up. Raises `OSError`."""
    found = socket.getaddrinfo(host, HTTPS_PORT, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_rest, address in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet, and of no network of the site's own; as is what it stands for."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    meant = _meant(ip)
    return all(
        each.is_global
        and not (each.is_multicast or each.is_private or each.is_reserved or each.is_unspecified)
        and not (isinstance(each, IPv6Address) and each.is_site_local)
        and each not in PROTOCOLS
        for each in meant
    )


def _meant(ip: IPv4Address | IPv6Address) -> list[IPv4Address | IPv6Address]:
    """The address, and those of IPv4 that are written into it."""
    if isinstance(ip, IPv4Address):
        return [ip]
    if ip in NAT64:
        return [IPv4Address(int(ip) & 0xFFFFFFFF)]
    if ip.ipv4_mapped:
        return [ip.ipv4_mapped]
    inner = [ip.sixtofour, *(ip.teredo or ())]
    return [ip, *(each for each in inner if each)]


class PinnedTransport(httpx2.BaseTransport):
    """Calls allowed hosts alone, and of these only public machines; TLS is checked against the host's name."""

    def __init__(self, hosts: Sequence[str], resolve: Resolve, inner: httpx2.BaseTransport) -> None:
        self._hosts = hosts
        self._resolve = resolve
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises `Refused`, and httpx2's errors."""
        host = host_of(checked_address(str(request.url), self._hosts))
        error: httpx2.TransportError | None = None
        for address in self._public_addresses(host):
            try:
                return self._inner.handle_request(_pinned(request, host, address))
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as failure:
                error = failure
        raise error or httpx2.ConnectError(f"{host} has no address")

    def close(self) -> None:
        self._inner.close()

    def _public_addresses(self, host: str) -> Iterator[str]:
        try:
            addresses = self._resolve(host)
        except OSError as error:
            raise httpx2.ConnectError(f"{host} is not known ({error})") from error
        if private := [address for address in addresses if not is_public(address)]:
            raise Refused(
                _("%(host)s leads to %(address)s, which is no public address.")
                % {"host": host, "address": private[0]},
                _("Take it out of DAMAGE_FETCH_HOSTS, or download the file and ingest it."),
            )
        yield from addresses


def _pinned(request: httpx2.Request, host: str, address: str) -> httpx2.Request:
    """The same request to an address; the host's name stays in its headers and is what the certificate is for."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


def open_client(
    hosts: Sequence[str],
    *,
    resolve: Resolve = system_addresses,
    inner: httpx2.BaseTransport | None = None,
    connect_s: float = 15,
    stall_s: float = 30,
) -> httpx2.Client:
    """A client that fetches from these hosts alone, one file after the other, and follows no redirect by itself.

    `stall_s` is how long it waits for the next byte. Proxies and passwords of the environment are not used: a proxy
    would look names up again.
    """
    # A connection is kept for one request: another host of the same machine would be asked over it without a look at
    # its certificate.
    inner = inner or httpx2.HTTPTransport(
        trust_env=False, limits=httpx2.Limits(max_connections=1, max_keepalive_connections=0)
    )
    return httpx2.Client(
        transport=PinnedTransport(hosts, resolve, inner),
        timeout=httpx2.Timeout(stall_s, connect=connect_s),
        headers={"User-Agent": "Damage (fetch_noaa)", "Accept": "*/*", "Accept-Encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )
