"""What is refused about an upload, with the status codes of tus 1.0.0 (https://tus.io/protocols/resumable-upload)."""

from http import HTTPStatus

from damage.errors import Refused
from damage.messages import Message as _

CHECKSUM_MISMATCH = 460  # tus' own


class WrongVersion(Refused):
    """The client speaks another version of the protocol, or does not say which."""

    status = HTTPStatus.PRECONDITION_FAILED


class TooLong(Refused):
    """More bytes than the site takes at once, or than were announced."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class NoRoom(Refused):
    """The disk has no room for the file."""

    status = HTTPStatus.INSUFFICIENT_STORAGE


class InUse(Refused):
    """Somebody else writes to, or checks, the upload at the moment."""

    status = HTTPStatus.LOCKED

    def __init__(self) -> None:
        super().__init__(
            _("This file is being written or checked at the moment."), _("Try again in a moment.")
        )


class Expired(Refused):
    """The upload was left alone for too long."""

    status = HTTPStatus.GONE


class ChecksumMismatch(Refused):
    """The bytes were changed on their way; none of them are kept."""

    status = CHECKSUM_MISMATCH

    def __init__(self) -> None:
        super().__init__(_("A part of the file was damaged on its way."), _("Send it again."))
