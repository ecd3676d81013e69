"""What a list of imagery says, whatever its form: images, further lists, and what is left out. Pure."""

from dataclasses import dataclass, field

from damage.errors import Refused
from damage.ingestion.remote.addresses import RemoteFile, is_image, joined, name_of, parsed_address, phase_of
from damage.messages import Message
from damage.messages import Message as _

MOST_FILES = 50_000


@dataclass(frozen=True)
class LeftOut:
    """What a list names and nobody fetches, and why: refused, or of a kind that is not wanted."""

    address: str
    reason: Message
    status: str = "refused"


@dataclass
class Listing:
    """What a list says: images, further lists to read, and what is left out."""

    files: list[RemoteFile] = field(default_factory=list)
    further: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def leave_out(self, address: str, reason: Message) -> None:
        """Note what is not wanted; that is no failure."""
        self.left_out.append(LeftOut(_shown(address), reason, "left_out"))

    def refuse(self, address: str, reason: Message) -> None:
        """Note what cannot be fetched."""
        self.left_out.append(LeftOut(_shown(address), reason))

    def add(self, base: str, reference: object, **known: object) -> None:
        """Note an image by the address that the list at `base` gives for it."""
        if not isinstance(reference, str):
            self.refuse(str(reference), _("Its address is no text."))
            return
        try:
            address = joined(base, reference)
            facts = {"name": name_of(address), "phase": phase_of(parsed_address(address).path)} | known
        except Refused as refusal:
            self.refuse(reference, refusal.message)
            return
        if len(self.files) >= MOST_FILES:
            raise Refused(
                _("The list names more than %(most)s images.") % {"most": MOST_FILES},
                _("Name a part of it, such as one flight."),
            )
        self.files.append(RemoteFile(address=address, **facts))  # type: ignore[arg-type]

    def read_further(self, base: str, reference: object) -> None:
        """Note another list, of which only https ones are read."""
        if isinstance(reference, str):
            try:
                self.further.append(joined(base, reference))
            except Refused as refusal:
                self.refuse(reference, refusal.message)


def _shown(text: str) -> str:
    """What a stranger wrote, as it may be printed on a terminal."""
    return "".join(letter for letter in text[:300] if letter.isprintable())


def is_image_reference(base: str, reference: str) -> bool:
    """Whether a link leads to what ends as imagery does."""
    try:
        return is_image(joined(base, reference))
    except Refused:
        return False


def text_of(content: bytes) -> str:
    """The list as text. Raises `Refused`."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise Refused(_("The list is not written in UTF-8."), _("Save it as UTF-8.")) from error
