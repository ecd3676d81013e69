"""What files are called, in words that can be printed and stored. Pure."""

import os
from pathlib import Path


def shown_name(path: Path) -> str:
    """The path as text; bytes that are not UTF-8, which Linux allows in names, as `\\xe1`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
