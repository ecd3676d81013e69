"""What is found wrong, how bad it is, what to do about it, and whether that was done."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from damage.errors import Text


class Severity(StrEnum):
    """An error loses or shows something wrong now, a warning may later; a note is only to be known."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass
class Finding:
    """One thing that is wrong; `mend` puts it right and gives what was done, where that is safe to do by itself."""

    check: str
    severity: Severity
    subject: Text
    what: Text
    remedy: Text = ""
    mend: Callable[[], Text] | None = None
    mended: Text = ""
    not_mended: Text = ""

    @property
    def is_wrong(self) -> bool:
        """Whether an installation with this is not healthy."""
        return self.severity != Severity.NOTE and not self.mended

    def as_json(self) -> dict[str, Any]:
        """The finding as plain data."""
        return {
            "check": self.check,
            "severity": str(self.severity),
            "subject": str(self.subject),
            "what": str(self.what),
            "remedy": str(self.remedy),
            "can_mend": self.mend is not None,
            "mended": str(self.mended),
            "not_mended": str(self.not_mended),
        }
