"""Fetching one file: resumed by ranges where the host can, and whole and of one version, or not at all."""

import hashlib
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

import httpx2

from damage.errors import NotNow, Refused
from damage.ingestion.remote.addresses import RemoteFile
from damage.ingestion.remote.asking import MayPass, answer, persistently
from damage.ingestion.remote.listings import MOST_LISTING_BYTES
from damage.ingestion.remote.parts import Part, is_strong, part_in
from damage.messages import Message as _

FLUSH_BYTES = 32 * 2**20  # a killed process has to fetch so much again, and no more
# A file is copied into the site's store, and a view is made of it, before the part goes.
COPIES = 2
SPARE_BYTES = 500 * 10**6
# A host that sends less than this is taken for one that stalls; 2G does better.
SLOW_S, SLOW_BYTES = 60.0, 60_000
CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.ASCII)


@dataclass(frozen=True)
class Version:
    """What a host says of a file's bytes; the same version is not fetched twice."""

    etag: str = ""
    last_modified: str = ""
    size_bytes: int | None = None

    def is_same(self, other: "Version") -> bool:
        """By the etag where there is one; else by time and size together."""
        if self.etag or other.etag:
            return self.etag == other.etag
        facts = (self.last_modified, self.size_bytes)
        return all(facts) and facts == (other.last_modified, other.size_bytes)


@dataclass(frozen=True)
class Fetched:
    """A file that is whole, and the version that it is."""

    path: Path
    version: Version


class _Unchanged(Exception):
    """The host still has the version that is known."""


def read_remote(client: httpx2.Client, address: str) -> bytes:
    """A list at an address. Raises `Refused`, also where it is larger than lists are."""

    def attempt() -> bytes:
        content = bytearray()
        with answer(client, address) as response:
            _check_encoding(response)
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > MOST_LISTING_BYTES:
                    raise Refused(
                        _("The list is larger than %(most)s MB.") % {"most": MOST_LISTING_BYTES // 2**20},
                        _("Name a part of it, such as one flight."),
                    )
        return bytes(content)

    return persistently(attempt)


def fetch_file(
    client: httpx2.Client,
    file: RemoteFile,
    folder: Path,
    *,
    known: Version | None = None,
    told: Callable[[int, int | None], None] = lambda done, total: None,
) -> Fetched | None:
    """Fetch a file to a folder of its own, going on with what is there; None where the host has the `known` version.

    `told` is called with the bytes that are here and their number in all. Raises `Refused`; the part then stays.
    """
    part = part_in(folder, file.name)
    try:
        version = persistently(lambda: _attempt(client, file, part, known, told), lambda: part.flushed)
    except _Unchanged:
        return None
    if file.digest and (found := _digest(part.path, file.digest)) != file.digest:
        part.restart()
        raise Refused(
            _("It is not what the list says: its digest is %(found)s, not %(told)s.")
            % {"found": found, "told": file.digest},
            _("Read the list anew. If it stays so, tell those who publish it."),
        )
    return Fetched(part.path, version)


def _attempt(
    client: httpx2.Client,
    file: RemoteFile,
    part: Part,
    known: Version | None,
    told: Callable[[int, int | None], None],
) -> Version:
    with answer(client, file.address, _conditions(part, known)) as response:
        if response.status_code == 304:
            if part.is_whole:
                return Version(part.etag, response.headers.get("last-modified", ""), part.total)
            if known and not part.flushed:
                raise _Unchanged
            part.restart()
            raise MayPass(_("The host says “unchanged” of what is not here."))
        _check_encoding(response)
        offered = _version(response)
        if response.status_code == 200:
            if known and not part.flushed and known.is_same(offered):
                raise _Unchanged
            if not (part.is_whole and part.etag == offered.etag):
                part.restart(etag=offered.etag if is_strong(offered.etag) else "", total=offered.size_bytes)
                _receive(response, file, part, told)
        else:
            _check_continues(response, part, offered)
            _receive(response, file, part, told)
    return Version(part.etag or offered.etag, offered.last_modified, part.flushed)


def _conditions(part: Part, known: Version | None) -> dict[str, str]:
    """Headers that ask for what is missing of the same version, or for another version than the known one."""
    if part.is_whole:
        return {"If-None-Match": part.etag}
    if part.flushed and part.etag:
        return {"Range": f"bytes={part.flushed}-", "If-Range": part.etag}
    if known and known.etag:
        return {"If-None-Match": known.etag}
    return {"If-Modified-Since": known.last_modified} if known and known.last_modified else {}


def _version(response: httpx2.Response) -> Version:
    """What the answer says of the file's version: for a range, the size of the whole."""
    size = response.headers.get("content-length", "")
    if response.status_code == 206:
        found = CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        size = found[3] if found else ""
    is_size = size.isascii() and size.isdecimal() and len(size) < 19
    return Version(
        response.headers.get("etag", "")[:200],
        response.headers.get("last-modified", "")[:64],
        int(size) if is_size else None,
    )


def _check_continues(response: httpx2.Response, part: Part, offered: Version) -> None:
    """Raise `MayPass`, and begin anew, where what comes does not go on with what is here."""
    found = CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    goes_on = found is not None and int(found[1]) == part.flushed
    is_same = offered.etag in ("", part.etag) and offered.size_bytes in (None, part.total)
    if response.status_code != 206 or not goes_on or not is_same:
        part.restart()
        raise MayPass(_("The file changed on the host while it was fetched."))


def _receive(
    response: httpx2.Response, file: RemoteFile, part: Part, told: Callable[[int, int | None], None]
) -> None:
    """Append the body to the part; raise where it is not as long as announced."""
    if file.size_bytes is not None and part.total not in (None, file.size_bytes):
        raise Refused(
            _("The list says %(listed)s bytes, the host %(offered)s.")
            % {"listed": file.size_bytes, "offered": part.total},
            _("It changed since it was listed: read the list anew."),
        )
    total = file.size_bytes if part.total is None else part.total
    _check_room(part, total)
    with part.path.open("r+b") as content:
        content.truncate(part.flushed)
        content.seek(part.flushed)
        try:
            _append(response, content, part, total, told)
        finally:
            part.flush(content)
    if total is not None and part.flushed != total:
        length = part.flushed
        if length > total or not part.etag:
            part.restart()
        raise MayPass(
            _("The host sent %(sent)s bytes instead of %(total)s.") % {"sent": length, "total": total}
        )
    part.note_whole()


def _append(
    response: httpx2.Response,
    content: IO[bytes],
    part: Part,
    total: int | None,
    told: Callable[[int, int | None], None],
) -> None:
    since, received = monotonic(), 0
    for chunk in response.iter_raw():
        content.write(chunk)
        received += len(chunk)
        here = content.tell()
        if total is not None and here > total:
            return
        told(here, total)
        if here - part.flushed >= FLUSH_BYTES:
            part.flush(content)
            _check_room(part, total)
        if monotonic() - since > SLOW_S:
            if received < SLOW_BYTES:
                raise MayPass(_("The host stopped sending."))
            since, received = monotonic(), 0


def _check_room(part: Part, total: int | None) -> None:
    """Raise `NotNow` where the disk has no room for the rest, the copy in the store and its view."""
    needed = SPARE_BYTES + ((total - part.flushed) + COPIES * total if total is not None else 0)
    free = shutil.disk_usage(part.folder).free
    if free < needed:
        raise NotNow(
            _("It needs %(needed)s GB on the disk, for a while, and %(free)s GB are free.")
            % {"needed": round(needed / 1e9, 1), "free": round(free / 1e9, 1)},
            _("Make room on the disk of %(folder)s, then call again.") % {"folder": part.folder.parent},
        )


def _check_encoding(response: httpx2.Response) -> None:
    """Nothing is unpacked on the way: what is asked for is the file as it is."""
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise Refused(
            _("The host packs the file on its way (%(how)s), though it was asked not to.")
            % {"how": response.headers["content-encoding"][:40]},
            _("Download it by other means, and ingest it."),
        )


def _digest(path: Path, told: str) -> str:
    """The file's digest by the function of the one that is told: "sha256:…"."""
    function = told.split(":")[0]
    with path.open("rb") as content:
        return f"{function}:{hashlib.file_digest(content, function).hexdigest()}"
