"""What the commands that list rows share: the newest first, so many at once, as a table or with `--json`."""

from abc import abstractmethod
from argparse import ArgumentParser
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

from damage.commands import JsonCommand
from damage.errors import Refused
from damage.messages import Message as _
from damage.tables import text_table

SHOWN = 50


Row = TypeVar("Row", bound=Model)


class ListCommand(JsonCommand, Generic[Row]):
    """Rows with their numbers, by which other commands ask for them."""

    nothing = "There is none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--limit",
            type=int,
            default=SHOWN,
            metavar="N",
            help="the newest N; 0 for all; default: %(default)s",
        )

    @abstractmethod
    def rows(self, **options: Any) -> QuerySet[Row]:
        """The rows asked for."""

    @abstractmethod
    def line(self, row: Row) -> dict[str, Any]:
        """What the list tells of a row, by column."""

    def run(self, *, limit: int, **options: Any) -> dict[str, Any]:
        if limit < 0:
            raise Refused(_("The limit must not be negative."), _("Give --limit 0 for all."))
        rows = self.rows(**options).order_by("-pk")
        count = rows.count()
        shown = rows[:limit] if limit else rows
        return {"count": count, "rows": [self.line(row) for row in shown]}

    def describe(self, result: dict[str, Any]) -> str:
        rows = result["rows"]
        if not rows:
            return self.nothing
        lines = [text_table(list(rows[0]), [list(row.values()) for row in rows])]
        if more := result["count"] - len(rows):
            lines.append(f"and {more} older; --limit 0 lists all")
        return "\n".join(lines)
