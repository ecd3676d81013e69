"""Tables that people hand in, as CSV from whatever wrote it: opened here, and nothing in them is believed. Pure."""

import csv
import hashlib
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from damage.errors import Refused
from damage.messages import Message, lines
from damage.messages import Message as _
from damage.tables import unguarded

if TYPE_CHECKING:
    import _csv

MOST_BYTES = 64 * 2**20
MOST_CELL_LETTERS = 255
SHOWN_PROBLEMS = 20
DELIMITERS = ",;\t"
# How a spreadsheet's file begins that is UTF-8, or "Unicode text"; without it, older ones write the system's own code.
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
OLD_CODE = "cp1252"
OLD_CODE_WORDS = "Windows-1252"


class WrongLine(ValueError):
    """What is wrong with one line, as a message."""


@dataclass(frozen=True)
class TableLine:
    """A line's number, as an editor shows it, and its cells by column; what keeps it from being used, if anything."""

    number: int
    cells: dict[str, str]
    problem: Message | None


@dataclass(frozen=True)
class Table:
    """The lines of a file, the code that it was read as where that was guessed, and its digest."""

    lines: list[TableLine]
    guessed_code: str
    sha256: str


def read_table(
    path: Path,
    *,
    needed: Sequence[str],
    remedy: Message,
    aliases: Mapping[str, str] | None = None,
    most_bytes: int = MOST_BYTES,
) -> Table:
    """Read a table with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows-1252; columns in small letters.

    Raises `Refused` where it is no table, or lacks columns that are `needed`; then `remedy` says what to do.
    """
    content = _content(path, most_bytes)
    text, guessed_code = _text(path, content)
    first, delimiter, text = _heading(text)
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        heading = next(reader, [])
        columns = _columns(path, heading, aliases or {}, needed, remedy)
        found = list(_lines(reader, columns, before=first, most_cells=len(heading)))
        return Table(found, guessed_code, hashlib.sha256(content).hexdigest())
    except csv.Error as error:
        raise _no_table(path, error) from error


def refuse_lines(path: Path, problems: Collection[Message], heading: Message) -> None:
    """Raise `Refused` with what is wrong with lines of a file, if anything is."""
    if not problems:
        return
    more = [_("and %(count)s more") % {"count": len(problems) - SHOWN_PROBLEMS}]
    shown = [heading, *list(problems)[:SHOWN_PROBLEMS], *(more if len(problems) > SHOWN_PROBLEMS else [])]
    raise Refused(lines(*shown, ""), _("Correct these lines; nothing was changed."))


def of_line(number: int, problem: Message) -> Message:
    """A problem, with the line that has it."""
    return _("line %(line)s: %(problem)s") % {"line": number, "problem": problem}


def decimal(text: str) -> float:
    """A number with a decimal point or comma; raises `ValueError`."""
    return float(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)


def _content(path: Path, most_bytes: int) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise Refused(_("%(path)s is no file.") % {"path": path}, _("Check the path."))
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise Refused(
            _("%(path)s cannot be read (%(why)s).") % {"path": path, "why": error.strerror},
            _("Check the path."),
        ) from error
    if len(content) > most_bytes:
        raise Refused(
            _("%(name)s is larger than %(most)s MB.") % {"name": path.name, "most": most_bytes // 10**6},
            _("Split it into several tables."),
        )
    return content


def _text(path: Path, content: bytes) -> tuple[str, str]:
    """A file's text, and the code that was guessed."""
    code = next((code for mark, code in MARKS.items() if content.startswith(mark)), "utf-8")
    guessed = ""
    try:
        text = content.decode(code)
    except UnicodeDecodeError as error:
        if code != "utf-8":
            raise _no_table(path, error) from error
        try:
            text, guessed = content.decode(OLD_CODE), OLD_CODE_WORDS
        except UnicodeDecodeError:
            raise _no_table(path, error) from error
    if text[:1000].count("\0") > 1:  # a picture, or a spreadsheet's own format
        raise _no_table(path, "NUL")
    return text, guessed


def _no_table(path: Path, error: object) -> Refused:
    return Refused(
        _("%(name)s is no CSV in UTF-8 (%(error)s).") % {"name": path.name, "error": str(error)},
        _("Save the table as CSV, UTF-8, with commas."),
    )


def _heading(text: str) -> tuple[int, str, str]:
    """How many lines come before the one that names the columns, what separates its cells, and the text from it on."""
    first = text.split("\n", 1)[0].strip().strip('"')
    if first.lower().startswith("sep=") and len(first) == len("sep=") + 1:  # how Excel is told
        return 1, first[-1], text.split("\n", 1)[1] if "\n" in text else ""
    if first.lower() == "sep=":  # a tab, which `strip` took
        return 1, "\t", text.split("\n", 1)[1] if "\n" in text else ""
    return 0, max(DELIMITERS, key=first.count), text


def _columns(
    path: Path, names: Sequence[str], aliases: Mapping[str, str], needed: Sequence[str], remedy: Message
) -> list[str]:
    """The names of the columns as they are used; those at the end that are empty are none."""
    columns = [name.strip().lower() for name in names]
    columns = [aliases.get(name, name) for name in columns]
    while columns and not columns[-1]:
        columns.pop()
    if missing := [name for name in needed if name not in columns]:
        raise Refused(
            _("%(name)s lacks the columns %(missing)s.") % {"name": path.name, "missing": ", ".join(missing)},
            remedy,
        )
    if twice := sorted({name for name in columns if name and columns.count(name) > 1}):
        raise Refused(
            _("%(name)s has two columns %(twice)s.") % {"name": path.name, "twice": ", ".join(twice)},
            _("Remove one of them."),
        )
    return columns


def _lines(
    reader: "_csv.Reader", columns: Sequence[str], *, before: int, most_cells: int
) -> Iterator[TableLine]:
    for row in reader:
        cells = [unguarded(cell.strip()) for cell in row]
        if any(cells):
            filled = dict(zip(columns, cells + [""] * len(columns), strict=False))
            yield TableLine(before + reader.line_num, filled, _problem(cells, columns, most_cells))


def _problem(cells: Sequence[str], columns: Sequence[str], most_cells: int) -> Message | None:
    if (
        len(cells) > most_cells
    ):  # also where those left over are empty: the others may stand under wrong names
        return _("it has %(cells)s cells, the first line %(columns)s; quote cells that hold commas") % {
            "cells": len(cells),
            "columns": most_cells,
        }
    for name, cell in zip(columns, cells, strict=False):
        if "\0" in cell:
            return _("%(name)s holds a NUL character") % {"name": name}
        if len(cell) > MOST_CELL_LETTERS:
            return _("%(name)s has %(letters)s letters, more than %(most)s") % {
                "name": name,
                "letters": len(cell),
                "most": MOST_CELL_LETTERS,
            }
    return None
