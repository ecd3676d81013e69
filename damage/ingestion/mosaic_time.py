"""When the imagery of an orthomosaic was taken, by its tags and its file name. Pure.

TIFF's own DateTime (TIFF 6.0, tag 306) says when the file was written, which may be weeks later, so a date in the name
goes before it. GDAL's IMAGERY domain holds the acquisition itself.
"""

import re
from datetime import UTC, datetime

from damage.errors import Refused
from damage.ingestion.capture_time import is_believable
from damage.messages import Message as _

# 20230206, 2023-02-06, 2023_02_06 or 2023.02.06; a time may follow (T101530, _1015, " 10.15.30").
NAMED = re.compile(
    r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<sep>[-_. ]?)(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"
    r"(?:(?:[T_ -]+|(?=\d{6}(?!\d)))"
    r"(?P<hour>\d\d)[-_.:h]?(?P<minute>\d\d)(?:[-_.:]?(?P<second>\d\d))?(?:Z|z|(?!\d)))?(?!\d)"
)
WRITTEN = "TIFFTAG_DATETIME"
ACQUIRED = "ACQUISITIONDATETIME"
LONGEST = 64


def mosaic_time(name: str, *, acquired: str, written: str) -> tuple[datetime | None, str]:
    """The moment, and where it comes from: "tags", "name" or "file"; else None and "".

    `acquired` and `written` are what the tags `ACQUIRED` and `WRITTEN` hold. Without an offset it is taken as UTC. A
    time that cannot be true, and a name with two dates, say nothing.
    """
    found = (
        (_iso(acquired), "tags"),
        (time_of_name(name), "name"),
        (_iso(written.replace(":", "-", 2)), "file"),
    )
    return next((pair for pair in found if pair[0]), (None, ""))


def time_of_name(name: str) -> datetime | None:
    """The one date that a file's name holds, with its time where there is one."""
    moments = {moment for found in NAMED.finditer(name) if (moment := _named(found))}
    return next(iter(moments)) if len(moments) == 1 else None


def parsed_time(text: str) -> datetime:
    """What a person says: a date, or a date and time (ISO 8601); without an offset in UTC. Raises `Refused`."""
    if moment := _iso(text):
        return moment
    raise Refused(
        _("%(text)s is no date on which imagery can have been taken.") % {"text": text[:LONGEST]},
        _("Write it as 2023-02-08 or 2023-02-08T10:15+03:00."),
    )


def _iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.strip()[:LONGEST])
    except ValueError:
        return None
    return _believed(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _named(found: re.Match[str]) -> datetime | None:
    year, month, day, hour, minute, second = (
        int(found[part] or 0) for part in ("year", "month", "day", "hour", "minute", "second")
    )
    try:
        return _believed(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        return None


def _believed(moment: datetime) -> datetime | None:
    return moment.astimezone(UTC) if is_believable(moment) else None
