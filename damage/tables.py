"""Tables: in Markdown for commands and benchmarks, as CSV for people and spreadsheets."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any
from unicodedata import combining, east_asian_width

# A spreadsheet takes a cell that begins so for a formula, and carries it out (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
GUARD = "'"
# What some spreadsheets pass over before they look.
_SKIPPED = " \"'\u00a0\ufeff"


def markdown_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows under their columns; fractions with three decimals, what is not there as a dash."""
    lines = [list(columns), ["---"] * len(columns), *([words(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def text_table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Rows under their columns, in columns of one width each, for a terminal."""
    lines = [list(columns), *([words(value) for value in row] for row in rows)]
    widths = [max(_width(line[index]) for line in lines) for index in range(len(columns))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _width(text: str) -> int:
    """How many columns a text takes on a terminal: Chinese and Japanese letters take two, accents of their own none."""
    return sum(0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def write_csv(file: IO[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows under their columns; text that a spreadsheet would carry out is guarded, numbers stay numbers.

    All text stands in quotes: a spreadsheet that separates by semicolons finds no cell of its own in it.
    """
    lines = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
    lines.writerow([guarded(name) for name in columns])
    lines.writerows([_cell(value) for value in row] for row in rows)


def guarded(text: str) -> str:
    """Text that a spreadsheet shows and does not carry out: an apostrophe before what looks like a formula."""
    return GUARD + text if _looks_like_a_formula(text) else text


def unguarded(text: str) -> str:
    """Text as it was before `guarded`."""
    return text[1:] if text.startswith(GUARD) and _looks_like_a_formula(text[1:]) else text


def _looks_like_a_formula(text: str) -> bool:
    return text.lstrip(_SKIPPED).startswith(FORMULA_STARTS)


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return guarded(json.dumps(value) if isinstance(value, (list, dict)) else str(value))


def words(value: Any) -> str:
    """A value as people write it: nothing as a dash, fractions with three decimals, lists without brackets."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) >= 0.001 or value == 0 else f"{value:.3g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M %Z}".strip()
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(each)}" for key, each in value.items()) or "–"
    if isinstance(value, list | tuple):
        return ("; " if any(isinstance(each, Mapping) for each in value) else ", ").join(
            map(words, value)
        ) or "–"
    return str(value)
