"""Values of EXIF tags, whatever type they were written in, as numbers and texts. Pure."""

import re
from math import isfinite
from typing import Any

# Numbers in a text, among whatever else there is, as exiftool takes them out (GPS.pm, ToDegrees).
NUMBERS = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
LONGEST = 1000


def number(value: Any) -> float | None:
    """A finite number; None for anything else, such as a fraction by zero."""
    try:
        found = float(value)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return found if isfinite(found) else None


def numbers(value: Any) -> list[float]:
    """One number or several, also as a text; none at all where one of them is no finite number."""
    if isinstance(value, str | bytes):
        value = tuple(NUMBERS.findall(text(value)[:LONGEST]))
    parts = value if isinstance(value, tuple | list) else () if value is None else (value,)
    found = [number(part) for part in parts]
    return [] if None in found else [part for part in found if part is not None]


def text(value: Any) -> str:
    """The text of a tag, up to the zero that ends it; empty where there is none."""
    if value is None:
        return ""
    words = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return words.partition("\0")[0].strip()
