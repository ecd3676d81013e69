"""Reading lists of labelled crops: a CSV and the images that it names, checked as a whole before any is used. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from pathlib import Path

from damage.errors import Refused
from damage.ingestion.decoding import decode_image
from damage.ingestion.names import checked_name, normalised_name
from damage.messages import Message
from damage.messages import Message as _
from damage.table_files import WrongLine, decimal, of_line, read_table, refuse_lines
from tagging.answers import UNSURE
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import MOST_SIZE_PX

# What a list calls a yes and a no, whatever the question: the words of the first one.
YES, NO = "damage", "no_damage"
LABELS = (YES, NO, UNSURE)
NEEDED = ("file", "town", "label")
ALIASES = {"size": "size_px", "gsd": "gsd_m"}


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

    @property
    def place(self) -> tuple[str, int | None, int | None, float | None, float | None]:
        """Where the list says that it lies: the same pixels at two places are two crops."""
        return self.scene, self.x_px, self.y_px, self.lon, self.lat


@dataclass(frozen=True)
class CropList:
    """The crops of a list, and the code that its text was read as where that was guessed."""

    crops: list[ListedCrop]
    guessed_code: str


def read_crop_list(csv_path: Path, *, labels: Sequence[str] = LABELS) -> CropList:
    """Every line of the list; raises `Refused`, naming the lines, when any cannot be used or has none of the labels."""
    table = read_table(
        csv_path,
        needed=NEEDED,
        aliases=ALIASES,
        remedy=_("Its first line must name the columns, at least: %(needed)s.")
        % {"needed": ", ".join(NEEDED)},
    )
    crops: list[ListedCrop] = []
    problems: list[Message] = []
    first: dict[tuple[object, ...], ListedCrop] = {}
    for line in table.lines:
        try:
            if line.problem:
                raise WrongLine(line.problem)
            crop = _listed_crop(line.number, line.cells, csv_path.resolve().parent, labels)
        except WrongLine as problem:
            problems.append(of_line(line.number, problem.args[0]))
            continue
        twin = first.setdefault((normalised_name(crop.town), crop.sha256, *crop.place), crop)
        if twin.label != crop.label:
            twice = _("the same image is labelled %(label)s on line %(other)s")
            problems.append(of_line(crop.line, twice % {"label": twin.label, "other": twin.line}))
        crops.append(crop)
    refuse_lines(csv_path, problems, _("%(name)s was not imported:") % {"name": csv_path.name})
    if not crops:
        raise Refused(
            _("%(name)s lists no crops.") % {"name": csv_path.name}, _("Give it a line for each crop.")
        )
    return CropList(crops, table.guessed_code)


def _listed_crop(line: int, cells: dict[str, str], folder: Path, labels: Sequence[str]) -> ListedCrop:
    for name in NEEDED:
        if not cells[name]:
            raise WrongLine(_("%(name)s is empty") % {"name": name})
    label = cells["label"].lower()
    if label not in labels:
        raise WrongLine(
            _("label %(label)r is none of %(labels)s")
            % {"label": cells["label"], "labels": ", ".join(labels)}
        )
    try:
        checked_name(cells["town"])
    except Refused as refusal:
        raise WrongLine(refusal.reason) from refusal
    path, side_px = _image(cells["file"], folder)
    x_px, y_px = _whole(cells, "x", least=0), _whole(cells, "y", least=0)
    lon, lat = _number(cells, "lon", -180, 180), _number(cells, "lat", -90, 90)
    gsd_m = _number(cells, "gsd_m", 0, 1000)
    if (x_px is None) != (y_px is None) or (lon is None) != (lat is None):
        raise WrongLine(_("x goes with y, and lon with lat"))
    if gsd_m == 0:
        raise WrongLine(_("gsd_m is 0; leave it empty when unknown"))
    return ListedCrop(
        line=line,
        file=cells["file"],
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        town=cells["town"],
        label=label,
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
        raise WrongLine(_("%(file)s lies outside the folder of the list") % {"file": file})
    if not path.is_file():
        raise WrongLine(_("there is no file %(file)s") % {"file": file})
    try:
        image = decode_image(path, most_px=MOST_SIZE_PX)
    except Refused as error:
        raise WrongLine(
            _("%(file)s is no JPEG, PNG or TIFF image that can be read") % {"file": file}
        ) from error
    if image.mode not in {"RGB", "RGBA"}:
        raise WrongLine(_("%(file)s is not an 8-bit colour image") % {"file": file})
    sides_px = (image.width_px, image.height_px)
    if not LEAST_SIZE_PX <= min(sides_px) <= max(sides_px) <= MOST_SIZE_PX:
        raise WrongLine(
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
        raise WrongLine(_("%(name)s %(text)r is not a whole number") % {"name": name, "text": cells[name]})
    return None if number is None else int(number)


def _number(cells: dict[str, str], name: str, least: float, most: float) -> float | None:
    text = cells.get(name, "")
    if not text:
        return None
    try:
        number = decimal(text)
    except ValueError:
        raise WrongLine(_("%(name)s %(text)r is not a number") % {"name": name, "text": text}) from None
    if not isfinite(number) or not least <= number <= most:
        raise WrongLine(
            _("%(name)s %(text)s is not between %(least)s and %(most)s")
            % {"name": name, "text": text, "least": least, "most": most}
        )
    return number
