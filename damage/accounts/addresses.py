"""Where a request comes from."""

from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

# One customer of a provider has all addresses of such a network to himself.
IPV6_NETWORK_BITS = 64


def address_of(request: HttpRequest) -> str:
    """The sender's address, or the network of an IPv6 one; empty where there is none (a socket file).

    `X-Forwarded-For` is what anybody wrote, except for what our own proxies appended: behind N of them
    (DAMAGE_PROXIES) the Nth entry from the right is what the outermost saw. Without proxies it is not read.
    """
    connected = request.META.get("REMOTE_ADDR", "")
    if not settings.PROXIES:
        return _network(connected)
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    forwarded = _network(hops[-settings.PROXIES]) if len(hops) >= settings.PROXIES else ""
    return forwarded or _network(connected)


def _network(text: str) -> str:
    text = text.strip()
    if text.startswith("["):  # [2001:db8::1]:4711
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:  # 192.0.2.1:4711
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> IPV6_NETWORK_BITS << IPV6_NETWORK_BITS))
