"""Names of events and towns: how they are kept, and when two of them are one. Pure.

Two names are one when they differ in case, width (full-width forms), spaces or signs that nobody sees, or in how their
letters are composed: Unicode's NFKC and case folding (UAX #15; The Unicode Standard, 3.13), without invisible signs. An
accent makes another name. The Turkish ı, whose capital is I, is compared as i, as is İ.
"""

import re
import unicodedata
from collections.abc import Container

from damage.errors import Refused
from damage.messages import Message as _

MOST_LETTERS = 120
# Compatibility forms may be longer than what they stand for: ß becomes ss.
MOST_COMPARED_LETTERS = 255
# An address names folders too, and a number may follow it.
MOST_ADDRESS_BYTES = 100
# A file's name may have 255 bytes, in which a letter takes up to four; digests and numbers come before and after ours.
MOST_STEM_BYTES = 100
MOST_SUFFIX_BYTES = 20
# They join letters and choose among their forms: kept where a name is shown, left out where names are compared.
SHAPING = re.compile("[\u200c\u200d\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Not of Unicode's category "format", and yet nothing is seen of them.
BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]")
ACCENTS = re.compile("[\u0300-\u036f]")
DASHES = re.compile(r"[-_\u2010-\u2015]")


def normalised_name(name: str) -> str:
    """What tells names apart: those with the same normalised name are one. Any text has one, if an empty one."""
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(letter for letter in composed if not _is_invisible(letter))
    dotless = seen.replace("i\u0307", "i").replace("ı", "i")
    return " ".join(unicodedata.normalize("NFKC", dotless).split())


def checked_name(name: str) -> str:
    """The name of an event or a town as it is kept. Raises `Refused`."""
    kept = composed_name(name)
    compared = normalised_name(kept)
    if not any(letter.isalnum() for letter in compared):
        raise Refused(
            _("%(name)r is no name for an event or a town.") % {"name": name}, _("Use letters or digits.")
        )
    if len(kept) > MOST_LETTERS or len(compared) > MOST_COMPARED_LETTERS:
        raise Refused(
            _("The name “%(name)s…” has %(count)s letters, more than %(most)s.")
            % {"name": kept[:20], "count": len(kept), "most": MOST_LETTERS},
            _("Shorten it."),
        )
    return kept


def composed_name(name: str) -> str:
    """A name composed (NFC), its spaces single, marks of direction taken out. Raises `Refused` for what is no text."""
    for letter in name:
        category = unicodedata.category(letter)
        if category == "Cs" or (category == "Cc" and not letter.isspace()):
            raise Refused(
                _("%(name)r holds a sign that is no text (U+%(code)s).")
                % {"name": name, "code": f"{ord(letter):04X}"},
                _("Type the name anew."),
            )
    shown = "".join(letter for letter in name if SHAPING.match(letter) or not _is_invisible(letter))
    return " ".join(unicodedata.normalize("NFC", shown).split())


def without_accents(name: str) -> str:
    """The normalised name without accents and dashes: names that differ in these alone are easily taken for another."""
    bare = ACCENTS.sub("", unicodedata.normalize("NFKD", normalised_name(name)))
    return " ".join(DASHES.sub(" ", unicodedata.normalize("NFKC", bare)).split())


def free_address(name: str, taken: Container[str]) -> str:
    """A short form of the name for addresses and folders, numbered when it is taken; not to compare names by."""
    address = _address(name)
    number, numbered = 1, address
    while numbered in taken:
        number += 1
        numbered = f"{address}-{number}"
    return numbered


def is_own_address(slug: str, name: str) -> bool:
    """Whether an address says all that its name does, and can stand for it: not that of C++, nor a numbered one."""
    return slug == without_accents(name).replace(" ", "-")


def cut_to_bytes(text: str, most: int) -> str:
    """The beginning of a text with so many bytes at most in UTF-8; half letters and what is no text are left out."""
    return text.encode("utf-8", errors="ignore")[:most].decode("utf-8", errors="ignore")


def _address(name: str) -> str:
    """In ASCII when no letter is lost by that, else with the letters of its script."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i"))
    is_ascii = all(letter.isascii() for letter in plain if letter.isalnum())
    letters = plain if is_ascii else unicodedata.normalize("NFKC", name)
    kept = "".join(each for each in letters.lower() if each.isalnum() or each.isspace() or each in "-_")
    return cut_to_bytes(re.sub(r"[-\s]+", "-", kept).strip("-_"), MOST_ADDRESS_BYTES).strip("-_") or "place"


def _is_invisible(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or bool(SHAPING.match(letter) or BLANK.match(letter))
