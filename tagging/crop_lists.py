"""Reading lists of labelled crops: a CSV and the images that it names, checked as a whole before any is used. Pure."""

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, sqrt
from pathlib import Path

from damage.errors import Refused
from damage.ingestion.decoding import decode_image
from damage.messages import Message, lines
from damage.messages import Message as _
from damage.tables import unguarded
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import MOST_SIZE_PX

LABELS = ("damage", "no_damage", "unsure")
NEEDED = ("file", "town", "label")
ALIASES = {"size": "size_px", "gsd": "gsd_m"}
SHOWN_PROBLEMS = 20


class _Wrong(ValueError):
    """What is wrong with one line."""


@dataclass(frozen=True)
class ListedCrop:
    """One line of the list. `size_px` is the side in scene pixels; the image may have been stored at another size."""

    line: int
    file: str
    path: Path
    sha256: str
    town: str
    label: str
    scene: str
    x_px: int | None
    y_px: int | None
    size_px: int
    gsd_m: float | None
    lon: float | None
    lat: float | None


def read_crop_list(csv_path: Path) -> list[ListedCrop]:
    """Every line of the list; raises `Refused`, naming the lines, when any of them cannot be used."""
    crops: list[ListedCrop] = []
    problems: list[Message] = []
    labels: dict[tuple[str, str], ListedCrop] = {}
    for line, cells in _lines(csv_path):
        try:
            crop = _listed_crop(line, cells, csv_path.resolve().parent)
        except _Wrong as problem:
            problems.append(_("line %(line)s: %(problem)s") % {"line": line, "problem": problem.args[0]})
            continue
        twin = labels.setdefault((crop.town, crop.sha256), crop)
        if twin.label != crop.label:
            problems.append(
                _("line %(line)s: the same image is labelled %(label)s on line %(other)s")
                % {"line": line, "label": twin.label, "other": twin.line}
            )
        crops.append(crop)
    if problems:
        heading = _("%(name)s was not imported:") % {"name": csv_path.name}
        more = [_("and %(count)s more") % {"count": len(problems) - SHOWN_PROBLEMS}]
        shown = [heading, *problems[:SHOWN_PROBLEMS], *(more if len(problems) > SHOWN_PROBLEMS else [])]
        raise Refused(lines(*shown, ""), _("Correct these lines, and import the list again."))
    if not crops:
        raise Refused(
            _("%(name)s lists no crops.") % {"name": csv_path.name}, _("Give it a line for each crop.")
        )
    return crops


def _lines(csv_path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line numbers and cells by column."""
    try:
        with csv_path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            columns = [ALIASES.get(name.strip(), name.strip()) for name in reader.fieldnames or ()]
            missing = [name for name in NEEDED if name not in columns]
            if missing:
                raise Refused(
                    _("%(name)s lacks the columns %(missing)s.")
                    % {"name": csv_path.name, "missing": ", ".join(missing)},
                    _("Its first line must name the columns, at least: %(needed)s.")
                    % {"needed": ", ".join(NEEDED)},
                )
            reader.fieldnames = columns
            for cells in reader:
                yield reader.line_num, {name: unguarded(str(cells[name] or "").strip()) for name in columns}
    except OSError as error:
        raise Refused(
            _("%(path)s cannot be read (%(why)s).") % {"path": csv_path, "why": error.strerror},
            _("Check the path."),
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Refused(
            _("%(name)s is no CSV in UTF-8 (%(error)s).") % {"name": csv_path.name, "error": error},
            _("Save the table as CSV, UTF-8, with commas."),
        ) from error


def _listed_crop(line: int, cells: dict[str, str], folder: Path) -> ListedCrop:
    for name in NEEDED:
        if not cells[name]:
            raise _Wrong(_("%(name)s is empty") % {"name": name})
    if cells["label"] not in LABELS:
        raise _Wrong(
            _("label %(label)r is none of %(labels)s")
            % {"label": cells["label"], "labels": ", ".join(LABELS)}
        )
    if not any(letter.isalnum() for letter in cells["town"]):
        raise _Wrong(_("town %(town)r is no name") % {"town": cells["town"]})
    path, side_px = _image(cells["file"], folder)
    x_px, y_px = _whole(cells, "x", least=0), _whole(cells, "y", least=0)
    lon, lat = _number(cells, "lon", -180, 180), _number(cells, "lat", -90, 90)
    gsd_m = _number(cells, "gsd_m", 0, 1000)
    if (x_px is None) != (y_px is None) or (lon is None) != (lat is None):
        raise _Wrong(_("x goes with y, and lon with lat"))
    if gsd_m == 0:
        raise _Wrong(_("gsd_m is 0; leave it empty when unknown"))
    return ListedCrop(
        line=line,
        file=cells["file"],
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        town=cells["town"],
        label=cells["label"],
        scene=cells.get("scene", ""),
        x_px=x_px,
        y_px=y_px,
        size_px=_whole(cells, "size_px", least=LEAST_SIZE_PX, most=MOST_SIZE_PX) or side_px,
        gsd_m=gsd_m,
        lon=lon,
        lat=lat,
    )


def _image(file: str, folder: Path) -> tuple[Path, int]:
    """The image's path and side, if it is an image that can be read and lies below the list's folder."""
    path = (folder / file).resolve()
    if not path.is_relative_to(folder):
        raise _Wrong(_("%(file)s lies outside the folder of the list") % {"file": file})
    if not path.is_file():
        raise _Wrong(_("there is no file %(file)s") % {"file": file})
    try:
        image = decode_image(path, most_px=MOST_SIZE_PX)
    except Refused as error:
        raise _Wrong(_("%(file)s is no JPEG, PNG or TIFF image that can be read") % {"file": file}) from error
    if image.mode not in {"RGB", "RGBA"}:
        raise _Wrong(_("%(file)s is not an 8-bit colour image") % {"file": file})
    sides_px = (image.width_px, image.height_px)
    if not LEAST_SIZE_PX <= min(sides_px) <= max(sides_px) <= MOST_SIZE_PX:
        raise _Wrong(
            _("%(file)s is %(width_px)s x %(height_px)s pixels; %(least)s to %(most)s are used")
            % {
                "file": file,
                "width_px": image.width_px,
                "height_px": image.height_px,
                "least": LEAST_SIZE_PX,
                "most": MOST_SIZE_PX,
            }
        )
    # Side of the square of the image's area: oblong crops are squeezed into squares for training.
    return path, round(sqrt(image.width_px * image.height_px))


def _whole(cells: dict[str, str], name: str, *, least: int, most: int = 2**31 - 1) -> int | None:
    number = _number(cells, name, least, most)
    if number is not None and number != int(number):
        raise _Wrong(_("%(name)s %(text)r is not a whole number") % {"name": name, "text": cells[name]})
    return None if number is None else int(number)


def _number(cells: dict[str, str], name: str, least: float, most: float) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise _Wrong(_("%(name)s %(text)r is not a number") % {"name": name, "text": text}) from None
    if not isfinite(number) or not least <= number <= most:
        raise _Wrong(
            _("%(name)s %(text)s is not between %(least)s and %(most)s")
            % {"name": name, "text": text, "least": least, "most": most}
        )
    return number
