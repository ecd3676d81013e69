"""A sample as a table: written for people to fill in, and read back without believing a word of it. Pure."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from io import StringIO
from math import isfinite
from pathlib import Path
from typing import Literal

from damage.errors import Refused
from damage.messages import Message
from damage.messages import Message as _
from damage.table_files import WrongLine, decimal, of_line, read_table, refuse_lines
from damage.tables import write_csv

Verdict = Literal["damage", "no_damage", "unsure", ""]
VERDICTS: dict[str, Verdict] = {
    "yes": "damage", "damage": "damage", "no": "no_damage", "no_damage": "no_damage", "unsure": "unsure", "": "",
}  # fmt: skip
NEEDED = ("x_px", "y_px", "stratum", "weight", "answer", "prediction_run", "result_sha256")
# A line takes some 150 bytes, and nobody reviews ten thousand places.
MOST_BYTES = 2_000_000


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


def sample_csv(places: Sequence[SampledPlace]) -> str:
    """The places as CSV, with a column for the answers."""
    text = StringIO()
    write_csv(text, [field.name for field in fields(SampledPlace)], map(astuple, places))
    return text.getvalue()


def read_answers(path: Path, *, prediction_run: int, result_sha256: str) -> tuple[list[Answer], str]:
    """The answers of a filled-in table, and the sha256 of the file.

    Raises `Refused`, naming the lines, when any cannot be used, is there twice, or is of another prediction run.
    """
    table = read_table(
        path,
        needed=NEEDED,
        remedy=_("Fill in the table that review_sample wrote, and leave its columns as they are."),
        most_bytes=MOST_BYTES,
    )
    answers: list[Answer] = []
    problems: list[Message] = []
    line_of: dict[tuple[int, int], int] = {}
    for line in table.lines:
        cells = line.cells
        try:
            if line.problem:
                raise WrongLine(line.problem)
            if cells["prediction_run"] != str(prediction_run) or cells["result_sha256"] != result_sha256:
                raise WrongLine(_("it was drawn from another prediction run"))
            answer = _answer(line.number, cells)
            first = line_of.setdefault((answer.x_px, answer.y_px), line.number)
            if first != line.number:
                raise WrongLine(_("the same place is on line %(other)s") % {"other": first})
        except WrongLine as problem:
            problems.append(of_line(line.number, problem.args[0]))
            continue
        answers.append(answer)
    refuse_answers(path, problems)
    if not answers:
        raise Refused(
            _("%(name)s lists no places.") % {"name": path.name}, _("Draw some with review_sample.")
        )
    return answers, table.sha256


def refuse_answers(path: Path, problems: Sequence[Message]) -> None:
    """Raise `Refused` with what is wrong with lines of a file, if anything is."""
    refuse_lines(path, problems, _("%(name)s cannot be used:") % {"name": path.name})


def _answer(line: int, cells: dict[str, str]) -> Answer:
    verdict = VERDICTS.get(cells["answer"].lower())
    if verdict is None:
        raise WrongLine(
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
        raise WrongLine(_("%(name)s %(text)r is not a whole number") % {"name": name, "text": text})
    return int(text)


def _weight(text: str) -> float:
    try:
        weight = decimal(text)
    except ValueError:
        raise WrongLine(_("%(name)s %(text)r is not a number") % {"name": "weight", "text": text}) from None
    if not isfinite(weight) or weight < 1:
        raise WrongLine(_("a weight of %(text)s: a place stands for itself at least") % {"text": text})
    return weight
