"""What the headers of tus 1.0.0 say: Upload-Metadata, Upload-Checksum and whole numbers. Pure."""

import base64
import binascii
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from damage.errors import Refused
from damage.ingestion.mosaic_time import parsed_time
from damage.ingestion.photo_problems import Problem, read_problems
from damage.messages import Message as _

MOST_FILE_NAME_LETTERS = 255
CHECKSUM_ALGORITHMS = ("sha1", "sha256")  # tus wants SHA-1 of every server
LARGEST = 2**63 - 1  # what a database's column holds
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Checksum:
    """The digest of a request's body, and how it was made."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True)
class FileFacts:
    """What a client says of a file before it sends it."""

    file_name: str
    event: str
    town: str
    modified_ms: int | None
    sha256: str
    role: str = "after"
    taken: datetime | None = None
    leave_out: frozenset[Problem] = frozenset()


def read_length(value: str | None, header: str) -> int:
    """A whole number of bytes; raises `Refused` for anything else."""
    if value is None or not re.fullmatch("[0-9]{1,19}", value) or int(value) > LARGEST:
        raise Refused(
            _("The header %(header)s must hold a number of bytes.") % {"header": header},
            _("See the specification of tus 1.0.0."),
        )
    return int(value)


def read_metadata(header: str) -> dict[str, str]:
    """The pairs of Upload-Metadata: `key base64,key base64`; raises `Refused` for what is none, or is no UTF-8 text."""
    pairs: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else ():
        key, _space, encoded = pair.strip().partition(" ")
        try:
            value = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise Refused(*_BAD_METADATA) from error
        if not key or not key.isascii() or key in pairs:
            raise Refused(*_BAD_METADATA)
        pairs[key] = value
    return pairs


def read_file_facts(pairs: Mapping[str, str]) -> FileFacts:
    """What the metadata says of a file.

    `filename`, `event`, `town`, and where they are known `modified` (ms since 1970), `sha256` (hex), `role` ("before"
    or "after" the event), `taken` (a date, or a date and time) and `leave_out` (codes of problems, by commas). Raises
    `Refused`.
    """
    if missing := [key for key in ("filename", "event", "town") if not pairs.get(key, "").strip()]:
        raise Refused(
            _("Upload-Metadata does not say: %(keys)s.") % {"keys": ", ".join(missing)},
            _("Name the file, the event and the town."),
        )
    modified, sha256 = pairs.get("modified", ""), pairs.get("sha256", "").lower()
    if sha256 and not _SHA256.fullmatch(sha256):
        raise Refused(*_BAD_METADATA)
    role, taken = pairs.get("role", ""), pairs.get("taken", "").strip()
    if role not in ("", "after", "before"):
        raise Refused(*_BAD_METADATA)
    return FileFacts(
        file_name=safe_file_name(pairs["filename"]),
        event=pairs["event"],
        town=pairs["town"],
        modified_ms=read_length(modified, "Upload-Metadata") if modified else None,
        sha256=sha256,
        role=role or "after",
        taken=parsed_time(taken) if taken else None,
        leave_out=read_problems(pairs.get("leave_out", "").split(",")),
    )


def safe_file_name(name: str) -> str:
    """A file's name without folders, control characters and invisible signs of direction; never empty, `.` or `..`."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    shown = "".join(letter for letter in last if unicodedata.category(letter) not in ("Cc", "Cf", "Cs"))
    kept = shown.strip()[-MOST_FILE_NAME_LETTERS:]  # the end says what kind of file it is
    return kept if kept.strip(". ") else "unnamed"


def read_checksum(header: str | None) -> Checksum | None:
    """What Upload-Checksum says: `algorithm base64`; None without one. Raises `Refused` for what is none."""
    if header is None:
        return None
    algorithm, _space, encoded = header.strip().partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise Refused(
            _("Checksums are read as: %(names)s.") % {"names": ", ".join(CHECKSUM_ALGORITHMS)},
            _("See the specification of tus 1.0.0."),
        )
    try:
        return Checksum(algorithm, base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise Refused(
            _("The header Upload-Checksum is not base64."), _("See the specification of tus 1.0.0.")
        ) from error


_BAD_METADATA = (
    _("The header Upload-Metadata cannot be read."),
    _("Send pairs of a key and base64 of UTF-8 text, as tus 1.0.0 has it."),
)
