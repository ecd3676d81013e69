"""What an address of imagery is, and which addresses may be fetched. Pure: texts in, texts and `Refused` out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

import httpx2

from damage.errors import Refused
from damage.ingestion.names import MOST_STEM_BYTES, cut_to_bytes
from damage.messages import Message as _

LONGEST_ADDRESS = 2048
MOSAIC_SUFFIXES = frozenset({".tif", ".tiff"})
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".heic", ".heif", ".hif"})
# As Maxar and NOAA name folders: "pre-event", "2026_Pre_Event", "post-event".
PHASES = {"before": re.compile(r"pre[-_ ]?event", re.I), "after": re.compile(r"post[-_ ]?event", re.I)}
# NOAA begins a flight's folder, and its tiles, with the local day: 20200307a_RGB.
FLIGHT_DAY = re.compile(r"(?:^|/)((?:19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[a-z]?(?=_RGB|C\d)")


@dataclass(frozen=True)
class RemoteFile:
    """One image as a list tells of it; what the list does not say is empty.

    `digest` is "sha256:…" or "md5:…" in hexadecimal; `taken` a day or a moment in ISO 8601; `phase` "before" or
    "after" the event, as the names of folders hint at it.
    """

    address: str
    name: str
    size_bytes: int | None = None
    etag: str = ""
    digest: str = ""
    taken: str = ""
    phase: str = ""


def checked_address(address: str, hosts: Sequence[str]) -> httpx2.URL:
    """The address, if it may be fetched: https, without a password, of an allowed host. Raises `Refused`.

    It is read by what will send it, so the host that is checked is the host that is asked.
    """
    url = parsed_address(address)
    if url.scheme != "https":
        raise Refused(_("Its address does not begin with https://."), _("Use the https address."))
    if url.userinfo or url.port is not None:
        raise Refused(
            _("Its address names a user, a password or a port."),
            _("Only public addresses like https://HOST/PATH are fetched."),
        )
    check_host(host_of(url), hosts)
    return url


def check_host(host: str, hosts: Sequence[str]) -> None:
    """Raise `Refused` for a host that `DAMAGE_FETCH_HOSTS` does not name."""
    if not hosts:
        raise Refused(
            _("This site fetches nothing, as DAMAGE_FETCH_HOSTS is empty."),
            _("If you trust the host, set DAMAGE_FETCH_HOSTS=%(host)s") % {"host": host},
        )
    below = any(named.startswith(".") and f".{host}".endswith(named) for named in hosts)
    if host not in hosts and not below:
        raise Refused(
            _("Nothing may be fetched from %(host)s.") % {"host": host},
            _("If you trust it, add it to DAMAGE_FETCH_HOSTS."),
        )


def parsed_address(address: str) -> httpx2.URL:
    """Raises `Refused` for what is no address."""
    if len(address) > LONGEST_ADDRESS:
        raise Refused(_("Its address is too long."), _("Use a shorter one."))
    try:
        return httpx2.URL(address)
    except (httpx2.InvalidURL, ValueError) as error:
        raise Refused(
            _("Its address cannot be read (%(why)s).") % {"why": error}, _("Copy it anew.")
        ) from error


def host_of(url: httpx2.URL) -> str:
    """The host as it is asked for: in ASCII and small letters."""
    return url.raw_host.decode("ascii").lower()


def joined(base: str, reference: str) -> str:
    """The address that a list at `base` means; lists often say http of what is there as https. Raises `Refused`."""
    if len(reference) > LONGEST_ADDRESS:
        raise Refused(_("Its address is too long."), _("Use a shorter one."))
    try:
        url = httpx2.URL(base).join(reference) if base else httpx2.URL(reference)
        url = url.copy_with(scheme="https") if url.scheme == "http" and url.port is None else url
        return str(url.copy_with(fragment=None))
    except (httpx2.InvalidURL, ValueError) as error:
        raise Refused(
            _("Its address cannot be read (%(why)s).") % {"why": error}, _("Copy it anew.")
        ) from error


def suffix_of(address: str) -> str:
    """How the file's name ends, in small letters: ".tif"."""
    return PurePosixPath(parsed_address(address).path).suffix.lower()


def is_image(address: str) -> bool:
    """Whether the address ends as imagery does."""
    return suffix_of(address) in MOSAIC_SUFFIXES | PHOTO_SUFFIXES


def name_of(address: str) -> str:
    """What the file is called here: the last part of its address."""
    return safe_name(re.split(r"[/\\]", parsed_address(address).path)[-1])


def safe_name(name: str) -> str:
    """A name for a file of our own: no folders, no hidden file, nothing that cannot be printed, not too long."""
    flat = "".join(letter for letter in re.sub(r"[/\\]+", "-", name) if letter.isprintable())
    path = PurePosixPath(flat.strip(" .-"))
    stem = cut_to_bytes(path.stem, MOST_STEM_BYTES).strip(" .-")
    return f"{stem or 'image'}{cut_to_bytes(path.suffix, 8)}"


def phase_of(text: str) -> str:
    """Whether a folder's name says that its imagery is from before or after the event; empty where it does not."""
    said = [phase for phase, words in PHASES.items() if words.search(text)]
    return said[0] if len(said) == 1 else ""


def flight_day(path: str) -> str:
    """The local day, as ISO 8601, with which NOAA begins the names of a flight's files; empty where there is none."""
    found = FLIGHT_DAY.search(path)
    return iso_time("-".join(found.groups())) if found else ""


def iso_time(value: object) -> str:
    """A day or a moment with its zone, as ISO 8601 in UTC; empty for what is none."""
    if not isinstance(value, str) or len(value) > 40:
        return ""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            return datetime.fromisoformat(value).date().isoformat()
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC).isoformat() if moment.tzinfo else ""
    except (ValueError, OverflowError):
        return ""
