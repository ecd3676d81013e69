"""How addresses name rows and tiles: within the bounds of what there can be, so that nonsense is not there (404)."""

import re

from django.urls import register_converter
from django.urls.converters import IntConverter


class RowConverter(IntConverter):
    """A row's number: below 10^18, so that every database can look for it."""

    regex = "[0-9]{1,18}"


class ZoomConverter(IntConverter):
    """A level of a pyramid of tiles, 0 to 30."""

    regex = "30|[12]?[0-9]"


class TileConverter(IntConverter):
    """A tile's column or row: below 10^10, more than level 30 has."""

    regex = "[0-9]{1,10}"


def row_number(text: str) -> int | None:
    """A row's number as a query names it; None for anything else."""
    return int(text) if re.fullmatch(RowConverter.regex, text, re.ASCII) else None


def register() -> None:
    """Make them known to `path()`, before any address is read."""
    for name, converter in (("row", RowConverter), ("zoom", ZoomConverter), ("tile", TileConverter)):
        register_converter(converter, name)
