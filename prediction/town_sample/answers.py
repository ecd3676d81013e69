"""A sample as a table: written for people to fill in, and read back without believing a word of it. Pure."""

import csv
import hashlib
import stat
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Literal

from damage.errors import Refused
from damage.messages import Message, lines
from damage.messages import Message as _
from damage.tables import unguarded, write_csv

Verdict = Literal["damage", "no_damage", "unsure", ""]
VERDICTS: dict[str, Verdict] = {
    "yes": "damage", "damage": "damage", "no": "no_damage", "no_damage": "no_damage", "unsure": "unsure", "": "",
}  # fmt: skip
NEEDED = ("x_px", "y_px", "stratum", "weight", "answer", "prediction_run", "result_sha256")
# A line takes some 150 bytes, and nobody reviews ten thousand places.
MOST_BYTES = 2_000_000
SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class SampledPlace:
    """A window that was drawn: its place in the sample, where it lies, its score, and what it stands for.

    The position is that of its centre, none in a photo; x, y and size are in scene pixels.
    """

    place: int
    lon: float | None
    lat: float | None
    x_px: int
    y_px: int
    size_px: int
    score: float
    stratum: int
    weight: float
    answer: Verdict
    prediction_run: int
    result_sha256: str


@dataclass(frozen=True)
class Answer:
    """One line that somebody filled in; an empty verdict was not given yet."""

    line: int
    x_px: int
    y_px: int
    stratum: int
    weight: float
    verdict: Verdict


class _Wrong(ValueError):
    """What is wrong with one line."""


def sample_csv(places: Sequence[SampledPlace]) -> str:
    """The places as CSV, with a column for the answers."""
    text = StringIO()
    write_csv(text, [field.name for field in fields(SampledPlace)], map(astuple, places))
    return text.getvalue()


def read_answers(path: Path, *, prediction_run: int, result_sha256: str) -> tuple[list[Answer], str]:
    """The answers of a filled-in table, and the sha256 of the file.

    Raises `Refused`, naming the lines, when any cannot be used, is there twice, or is of another prediction run.
    """
    content = _content(path)
    answers: list[Answer] = []
    problems: list[Message] = []
    line_of: dict[tuple[int, int], int] = {}
    for line, cells in _lines(path, content):
        try:
            if cells["prediction_run"] != str(prediction_run) or cells["result_sha256"] != result_sha256:
                raise _Wrong(_("it was drawn from another prediction run"))
            answer = _answer(line, cells)
            first = line_of.setdefault((answer.x_px, answer.y_px), line)
            if first != line:
                raise _Wrong(_("the same place is on line %(other)s") % {"other": first})
        except _Wrong as problem:
            problems.append(_("line %(line)s: %(problem)s") % {"line": line, "problem": problem.args[0]})
            continue
        answers.append(answer)
    refuse_lines(path, problems)
    if not answers:
        raise Refused(
            _("%(name)s lists no places.") % {"name": path.name}, _("Draw some with review_sample.")
        )
    return answers, hashlib.sha256(content).hexdigest()


def refuse_lines(path: Path, problems: Sequence[Message]) -> None:
    """Raise `Refused` with what is wrong with lines of a file, if anything is."""
    if not problems:
        return
    heading = _("%(name)s cannot be used:") % {"name": path.name}
    more = [_("and %(count)s more") % {"count": len(problems) - SHOWN_PROBLEMS}]
    shown = [heading, *problems[:SHOWN_PROBLEMS], *(more if len(problems) > SHOWN_PROBLEMS else [])]
    raise Refused(lines(*shown, ""), _("Correct these lines; nothing was changed."))


def _content(path: Path) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise Refused(_("%(path)s is no file.") % {"path": path}, _("Check the path."))
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Refused(
            _("%(path)s cannot be read (%(why)s).") % {"path": path, "why": error.strerror},
            _("Check the path."),
        ) from error
    if len(content) > MOST_BYTES:
        raise Refused(_("%(name)s is too large for a table of reviewed places.") % {"name": path.name})
    return content


def _lines(path: Path, content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells by column; spreadsheets of many countries separate by semicolons."""
    try:
        text = content.decode("utf-8-sig")
        heading = text.split("\n", 1)[0]
        delimiter = ";" if heading.count(";") > heading.count(",") else ","
        reader = csv.DictReader(StringIO(text, newline=""), restval="", delimiter=delimiter)
        columns = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in NEEDED if name not in columns]
        if missing:
            raise Refused(
                _("%(name)s lacks the columns %(missing)s.")
                % {"name": path.name, "missing": ", ".join(missing)},
                _("Fill in the table that review_sample wrote, and leave its columns as they are."),
            )
        reader.fieldnames = columns
        for cells in reader:
            yield reader.line_num, {name: unguarded(str(cells[name] or "").strip()) for name in NEEDED}
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(
            _("%(name)s is no CSV in UTF-8 (%(error)s).") % {"name": path.name, "error": error},
            _("Save the table as CSV, UTF-8, with commas."),
        ) from error


def _answer(line: int, cells: dict[str, str]) -> Answer:
    verdict = VERDICTS.get(cells["answer"].lower())
    if verdict is None:
        raise _Wrong(
            _("the answer %(answer)r is none of %(answers)s")
            % {"answer": cells["answer"], "answers": "yes, no, unsure"}
        )
    return Answer(
        line=line,
        x_px=_whole(cells, "x_px"),
        y_px=_whole(cells, "y_px"),
        stratum=_whole(cells, "stratum"),
        weight=_weight(cells["weight"]),
        verdict=verdict,
    )


def _whole(cells: dict[str, str], name: str) -> int:
    text = cells[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise _Wrong(_("%(name)s %(text)r is not a whole number") % {"name": name, "text": text})
    return int(text)


def _weight(text: str) -> float:
    try:
        weight = float(text.replace(",", "."))
    except ValueError:
        raise _Wrong(_("%(name)s %(text)r is not a number") % {"name": "weight", "text": text}) from None
    if not isfinite(weight) or weight < 1:
        raise _Wrong(_("a weight of %(text)s: a place stands for itself at least") % {"text": text})
    return weight
