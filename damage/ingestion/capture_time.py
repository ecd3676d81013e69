"""When a photo was taken, as far as its EXIF can be believed. Pure: tags in, a moment out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from PIL import ExifTags

from damage.ingestion.exif_values import numbers, text

FIRST_YEAR = 1970  # cameras whose clock was never set say year 1, 1601 or 1904
GREATEST_OFFSET_H = 14  # Line Islands
LONGEST = 64
# As cameras write it ("2023:02:08 11:22:33", Exif 2.32, tag 36867), and as programs do: hyphens, T, fractions, a zone.
WRITTEN = re.compile(
    r"(\d{4})[-:/.](\d{1,2})[-:/.](\d{1,2})[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?\s*"
    r"(Z|[+-]\d{1,2}:?\d{2})?",
    re.ASCII,
)
OFFSET = re.compile(r"([+-])(\d{1,2}):?(\d{2})", re.ASCII)
DATE = re.compile(r"(\d{4})\D(\d{1,2})\D(\d{1,2})", re.ASCII)
# Exif's own way to say that a time is unknown: blanks or zeros where digits would be.
UNKNOWN = re.compile(r"[\s0:/.-]*")

Tags = dict[int, Any]


def capture_time(details: Tags, main: Tags, gps: Tags) -> tuple[datetime | None, str]:
    """The first time that can be believed; where there is none, the first that is written all the same.

    A time without an offset is taken as UTC. Believed is what lies between 1970 and the end of next year.
    """
    refused = ""
    for written, moment in _times(details, main, gps):
        if moment is not None and is_believable(moment):
            return moment, ""
        refused = refused or ("" if UNKNOWN.fullmatch(written) else written)
    return None, refused


def is_believable(moment: datetime) -> bool:
    """Whether a photo can have been taken then: no earlier than 1970, no later than next year, in UTC."""
    last_year = datetime.now(UTC).year + 1
    if not FIRST_YEAR <= moment.year <= last_year:
        return False  # an offset could lead such a year out of the calendar
    return FIRST_YEAR <= moment.astimezone(UTC).year <= last_year


def _times(details: Tags, main: Tags, gps: Tags) -> Iterator[tuple[str, datetime | None]]:
    """What is written, and the moment that it means, in the order in which they are asked."""
    tags = ExifTags.Base
    for written, fraction, offset in (
        (details.get(tags.DateTimeOriginal), tags.SubsecTimeOriginal, tags.OffsetTimeOriginal),
        (details.get(tags.DateTimeDigitized), tags.SubsecTimeDigitized, tags.OffsetTimeDigitized),
        (main.get(tags.DateTime), tags.SubsecTime, tags.OffsetTime),
    ):
        words = text(written)[:LONGEST]
        yield words, _moment(words, text(details.get(fraction)), text(details.get(offset)))
    yield _gps_moment(gps)


def _moment(words: str, fraction: str, offset: str) -> datetime | None:
    if not (found := WRITTEN.fullmatch(words)):
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    digits = found[7] or (fraction if fraction.isascii() and fraction.isdecimal() else "")
    if hour == 24:
        hour = 0  # phones that count hours from 1 to 24: 24:08 is eight minutes into the same day
    try:
        return datetime(
            year, month, day, hour, minute, second, int(digits[:6].ljust(6, "0")), _zone(found[8] or offset)
        )
    except ValueError:
        return None


def _zone(words: str) -> timezone:
    """The zone of an offset such as +03:00 or Z; UTC where it is none that there is."""
    found = OFFSET.fullmatch(words)
    if not found or int(found[3]) > 59:
        return UTC
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    if offset > timedelta(hours=GREATEST_OFFSET_H):
        return UTC
    return timezone(-offset if found[1] == "-" else offset)


def _gps_moment(gps: Tags) -> tuple[str, datetime | None]:
    """The satellites' time, which is UTC: a date, and hours, minutes and seconds as three numbers."""
    date = gps.get(ExifTags.GPS.GPSDateStamp)
    date = date.decode("ascii", "replace") if isinstance(date, bytes) else str(date or "")
    date = date.rstrip("\0").replace("\0", ":")  # Casio's EX-H20G parts them by zeros (exiftool's GPS.pm)
    if not date:
        return "", None
    time = numbers(gps.get(ExifTags.GPS.GPSTimeStamp))
    words = f"{date} {':'.join(f'{part:g}' for part in time)}".strip()[:LONGEST]
    found = DATE.match(date)
    seconds = sum(part * 60 ** (2 - power) for power, part in enumerate(time))
    if not found or len(time) != 3 or not 0 <= seconds <= 86_400:
        return words, None
    year, month, day = (int(part) for part in found.groups())
    if not FIRST_YEAR <= year < datetime.max.year:
        return words, None
    try:
        return words, datetime(year, month, day, tzinfo=UTC) + timedelta(seconds=seconds)
    except ValueError:
        return words, None
