"""From what an admin names (an event of NOAA's, addresses, lists) to the files that it stands for."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

import httpx2

from damage.errors import Refused
from damage.ingestion.remote.addresses import RemoteFile, checked_address, is_image, name_of, phase_of
from damage.ingestion.remote.bucket_listings import NOAA_BUCKET, folder_address, folders_in
from damage.ingestion.remote.fetching import read_remote
from damage.ingestion.remote.listing import LeftOut, Listing
from damage.ingestion.remote.listings import MOST_LISTING_BYTES, read_listing
from damage.messages import Message
from damage.messages import Message as _

MOST_LISTS = 5000  # that lead on from one that is named
# As NOAA calls its folders: 2020_Nashville_Tornado, or a flight of it, 2020_Nashville_Tornado/20200307a_RGB.
EVENT = re.compile(r"[\w.-]+(/[\w.-]+)*/?", re.ASCII)


def files_of(
    client: httpx2.Client, sources: Sequence[str], hosts: Sequence[str]
) -> Iterator[RemoteFile | LeftOut]:
    """The files that sources stand for, each address once, as they are found; and what is left out, and why.

    A source is an address (of an image, or of a list), a file with a list, or the name of an event's folder in NOAA's
    bucket. A list that cannot be read is left out; the others are read.
    """
    seen: set[str] = set()
    for source in sources:
        try:
            for found in _files_of(client, source, hosts):
                if isinstance(found, RemoteFile):
                    if found.address in seen:
                        continue
                    seen.add(found.address)
                yield found
        except Refused as refusal:
            yield LeftOut(source, refusal.message)


def _files_of(client: httpx2.Client, source: str, hosts: Sequence[str]) -> Iterator[RemoteFile | LeftOut]:
    if re.match(r"[a-z][a-z0-9+.-]*://", source, re.I):
        address = str(checked_address(source, hosts).copy_with(fragment=None))
        if is_image(address):
            yield RemoteFile(address, name_of(address), phase=phase_of(address))
            return
        yield from _walk(client, address, hosts)
    elif _is_file(source):
        yield from _followed(client, read_listing(_content(Path(source)), ""), {""}, hosts)
    elif EVENT.fullmatch(source) and ".." not in source.split("/"):
        found = list(_walk(client, folder_address(NOAA_BUCKET, source), hosts))
        if not found:
            raise Refused(*_no_such_event(client, source))
        yield from found
    else:
        raise Refused(
            _("It is no address, no file, and no name of an event of NOAA's."),
            _("Name https://…, a file with a list, or a folder such as 2020_Nashville_Tornado."),
        )


def _is_file(source: str) -> bool:
    try:
        return Path(source).is_file()
    except OSError:  # too long for a file's name
        return False


def _content(path: Path) -> bytes:
    """A list's bytes; of what is too large for one only so many that it is refused."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_LISTING_BYTES + 1)
    except OSError as error:
        raise Refused(
            _("It cannot be read (%(why)s).") % {"why": error.strerror},
            _("Check its permissions and the disk."),
        ) from error


def _walk(client: httpx2.Client, address: str, hosts: Sequence[str]) -> Iterator[RemoteFile | LeftOut]:
    checked_address(address, hosts)
    listing = read_listing(read_remote(client, address), address)
    yield from _followed(client, listing, {address}, hosts)


def _followed(
    client: httpx2.Client, listing: Listing, seen: set[str], hosts: Sequence[str]
) -> Iterator[RemoteFile | LeftOut]:
    """What a list names, and the lists that it leads to; of these, one that cannot be read does not stop the rest."""
    waiting = [listing]
    further: list[str] = []
    while waiting or further:
        if waiting:
            current = waiting.pop()
            yield from current.files
            yield from current.left_out
            new = [address for address in dict.fromkeys(current.further) if address not in seen]
            seen.update(new)
            further = new + further
            continue
        if len(seen) > MOST_LISTS:
            raise Refused(
                _("It leads to more than %(most)s lists.") % {"most": MOST_LISTS},
                _("Name a part of it, such as one flight."),
            )
        address = further.pop(0)
        try:
            checked_address(address, hosts)
            waiting.append(read_listing(read_remote(client, address), address))
        except Refused as refusal:
            yield LeftOut(address, refusal.message)


def _no_such_event(client: httpx2.Client, name: str) -> tuple[Message, Message]:
    events = folders_in(read_remote(client, folder_address(NOAA_BUCKET, "")))
    near = get_close_matches(name.split("/")[0], events, 5, 0.4) or events[-5:]
    return (
        _("NOAA's bucket holds no images under %(name)s.") % {"name": name},
        _("Among its events are: %(events)s.") % {"events": ", ".join(near) or "–"},
    )
