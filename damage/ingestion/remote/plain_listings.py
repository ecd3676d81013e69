"""Lists without a format of their own: addresses line by line, and pages of links such as NOAA's. Pure."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

from damage.errors import Refused
from damage.ingestion.remote.addresses import flight_day, joined
from damage.ingestion.remote.listing import Listing, is_image_reference, text_of
from damage.messages import Message as _

ARCHIVE = re.compile(r"\.(tar|tgz|tar\.gz|zip)$", re.I)


def read_text(content: bytes, base: str) -> Listing:
    """An address a line; empty lines and what follows # at a line's beginning do not count."""
    listing = Listing()
    for line in text_of(content).splitlines():
        address = line.strip()
        if not address or address.startswith("#"):
            continue
        if re.match(r"https?://", address, re.I):
            listing.add("", address)
        elif base and is_image_reference(base, address):
            listing.add(base, address)
        else:
            raise Refused(
                _("“%(line)s” is no address.") % {"line": address[:80]},
                _(
                    "Write one https:// address a line; or name a STAC or OpenAerialMap file, or a page of links."
                ),
            )
    return listing


def read_page(content: bytes, base: str) -> Listing:
    """The links of a page such as NOAA's: images, folders below the page, and archives, which are left out."""
    links: list[str] = []
    _Links(links.append).feed(content.decode("utf-8", errors="replace"))
    listing = Listing()
    for link in dict.fromkeys(links):
        if ARCHIVE.search(link.split("?")[0]):
            listing.leave_out(link, _("It is an archive. Name the folder of single images instead."))
        elif is_image_reference(base, link):
            listing.add(base, link, taken=flight_day(link))
        elif link.split("?")[0].endswith("/") and _is_below(base, link):
            listing.read_further(base, link)
    return listing


def _is_below(base: str, reference: str) -> bool:
    try:
        address, folder = joined(base, reference), joined(base, ".") if base else ""
    except Refused:
        return False
    return bool(folder) and address.startswith(folder) and address != folder


class _Links(HTMLParser):
    def __init__(self, found: Callable[[str], None]) -> None:
        super().__init__()
        self._found = found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if tag == "a" and name == "href" and value:
                self._found(value.strip())
