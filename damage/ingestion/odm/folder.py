"""What OpenDroneMap leaves in a project's folder, as far as it is used here. Pure; nothing of it is believed unchecked.

The layout is that of ODM's tree (opendm/types.py, https://docs.opendronemap.org/outputs/) and of WebODM's "all.zip",
unpacked. `odm_report/shots.geojson` is written by opendm/shots.py, `odm_report/stats.json` by stages/odm_report.py with
the statistics of `pdal info`, `cameras.json` by opendm/camera.py. Names in these files are only compared with names,
never opened.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import hypot, pi
from pathlib import Path
from typing import Any
from unicodedata import normalize

from damage.errors import Refused
from damage.ingestion.capture_time import is_believable
from damage.ingestion.exif import HEIGHTS_M
from damage.ingestion.exif_values import number
from damage.messages import Message
from damage.messages import Message as _

ORTHOPHOTO = "odm_orthophoto/odm_orthophoto.tif"
SHOTS, STATISTICS, CAMERAS = "odm_report/shots.geojson", "odm_report/stats.json", "cameras.json"
HEIGHT_MODELS = ("odm_dem/dtm.tif", "odm_dem/dsm.tif")  # the ground itself goes before roofs and trees
IMAGES = "images"
MOST_JSON_BYTES = 64 * 2**20
MOST_SHOTS = 100_000
MOST_NAME_LETTERS = 255
# Of OpenSfM's kinds of cameras (opensfm.org/docs/geometry.html) those that are pinholes but for their distortion.
PINHOLES = frozenset({"perspective", "simple_radial", "radial", "brown"})
FOCAL_RATIOS = (0.1, 100.0)
SIDES_PX = (1, 200_000)
# Photos without GPS and control points lie in zone 30 of UTM about its easting 0 (opendm/pseudogeo.py).
NOWHERE_LON, NOWHERE_LAT, NOWHERE_DEG = -7.4885, 0.0, 0.1


@dataclass(frozen=True)
class Shot:
    """One photo's pose: `rotation` is OpenSfM's vector from the axes of a map, east, north and up, to the camera's."""

    name: str
    lon: float
    lat: float
    altitude_m: float
    rotation: tuple[float, float, float]
    focal_ratio: float  # over the longer side
    width_px: int
    height_px: int
    taken: datetime | None


@dataclass(frozen=True)
class Project:
    """A project's folder. `bad_shots` are names, or what stands for one, with what is wrong."""

    orthophoto: Path | None
    height_model: Path | None
    images: Path | None
    shots: list[Shot]
    bad_shots: list[tuple[str, Message]]
    ground_height_m: float | None  # the mean of the point cloud, in the heights of the shots

    @property
    def first_taken(self) -> datetime | None:
        return min((shot.taken for shot in self.shots if shot.taken), default=None)


def read_project(folder: Path) -> Project:
    """Read what is there; raises `Refused` where there is neither an orthophoto nor a pose, or nothing has a place."""
    orthophoto, shots_file = _inside(folder, ORTHOPHOTO), _inside(folder, SHOTS)
    if orthophoto is None and shots_file is None:
        raise Refused(
            _("This is no folder that OpenDroneMap wrote: there is neither %(orthophoto)s nor %(shots)s.")
            % {"orthophoto": ORTHOPHOTO, "shots": SHOTS},
            _("Name the project's folder, or unpack WebODM's “All assets” and name that folder."),
        )
    shots, bad_shots = _shots(_json(shots_file), _json(_inside(folder, CAMERAS))) if shots_file else ([], [])
    if shots and all(_is_nowhere(shot) for shot in shots):
        raise Refused(
            _("OpenDroneMap did not know where on earth these photos were taken."),
            _("Give it photos with GPS, or their positions in a file geo.txt, and run it again."),
        )
    images = folder / IMAGES
    return Project(
        orthophoto=orthophoto,
        height_model=next(filter(None, (_inside(folder, name) for name in HEIGHT_MODELS)), None),
        images=images if images.is_dir() and _leads_inside(images, folder) else None,
        shots=shots,
        bad_shots=bad_shots,
        ground_height_m=_ground_height_m(_json(_inside(folder, STATISTICS))),
    )


def _inside(folder: Path, name: str) -> Path | None:
    """A file of the folder; None where there is none. Raises `Refused` for a link that leads out of it."""
    path = folder / name
    if not path.is_file():
        return None
    if not _leads_inside(path, folder):
        raise Refused(
            _("%(name)s is a link to a file outside the folder.") % {"name": name},
            _("Copy the file to its place."),
        )
    return path


def _leads_inside(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _json(path: Path | None) -> Any:
    """What a file says; None where there is none. Raises `Refused` for what is too large or no JSON."""
    if path is None:
        return None
    with path.open("rb") as file:
        content = file.read(MOST_JSON_BYTES + 1)
    if len(content) > MOST_JSON_BYTES:
        raise Refused(
            _("%(name)s is larger than %(most)s MiB.") % {"name": path.name, "most": MOST_JSON_BYTES // 2**20}
        )
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refused(
            _("%(name)s is damaged: it is no JSON.") % {"name": path.name},
            _("Copy the folder again from where it came."),
        ) from error


def _shots(data: Any, cameras: Any) -> tuple[list[Shot], list[tuple[str, Message]]]:
    features = data.get("features") if isinstance(data, Mapping) else None
    if not isinstance(features, list) or len(features) > MOST_SHOTS:
        raise Refused(
            _("%(name)s is not as OpenDroneMap writes it.") % {"name": Path(SHOTS).name},
            _("Copy the folder again from where it came."),
        )
    shots: dict[str, Shot] = {}
    bad: list[tuple[str, Message]] = []
    for place, feature in enumerate(features, start=1):
        read = _shot(feature, cameras)
        if isinstance(read, Message):
            bad.append((_named(feature) or f"{Path(SHOTS).name} {place}", read))
        elif read.name in shots:
            bad.append((read.name, _("It is named twice; the first pose counts.")))
        else:
            shots[read.name] = read
    return list(shots.values()), bad


def _shot(feature: Any, cameras: Any) -> Shot | Message:
    """A pose, or what is wrong with it."""
    name = _named(feature)
    if not name:
        return _("It names no photo.")
    properties, geometry = feature["properties"], feature.get("geometry")
    position = _numbers(geometry.get("coordinates") if isinstance(geometry, Mapping) else None, 3)
    rotation = _numbers(properties.get("rotation"), 3)
    focal_ratio = number(properties.get("focal"))
    size = _numbers([properties.get("width"), properties.get("height")], 2)
    if position is None or not (abs(position[0]) <= 180 and abs(position[1]) <= 90):
        return _("Its position is none on earth.")
    if not HEIGHTS_M[0] <= position[2] <= HEIGHTS_M[1]:
        return _("Its height is not believed.")
    if rotation is None or hypot(*rotation) > 2 * pi:
        return _("Its rotation is not believed.")
    if focal_ratio is None or not FOCAL_RATIOS[0] <= focal_ratio <= FOCAL_RATIOS[1]:
        return _("Its focal length is not believed.")
    if size is None or not all(SIDES_PX[0] <= side <= SIDES_PX[1] for side in size):
        return _("The size of its picture is not believed.")
    if (kind := _camera_kind(properties.get("camera"), cameras)) not in PINHOLES:
        return _("Its camera is not one whose pictures are flat (%(kind)s).") % {"kind": kind[:40]}
    return Shot(
        name=name,
        lon=position[0],
        lat=position[1],
        altitude_m=position[2],
        rotation=(rotation[0], rotation[1], rotation[2]),
        focal_ratio=focal_ratio,
        width_px=int(size[0]),
        height_px=int(size[1]),
        taken=_moment(properties.get("capture_time")),
    )


def _named(feature: Any) -> str:
    """The file name in a feature, in NFC; empty for what is none, as with parts of a path."""
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    name = properties.get("filename") if isinstance(properties, Mapping) else None
    is_name = isinstance(name, str) and len(name) <= MOST_NAME_LETTERS and not set(name) & set("/\\\0")
    return normalize("NFC", name).strip() if is_name and isinstance(name, str) else ""


def _numbers(values: Any, count: int) -> list[float] | None:
    if not isinstance(values, list) or len(values) != count:
        return None
    read = [None if isinstance(value, bool | str) else number(value) for value in values]
    return None if None in read else [value for value in read if value is not None]


def _camera_kind(camera: Any, cameras: Any) -> str:
    """OpenSfM's kind of a camera; one that says nothing is taken for the usual one, as ODM does.

    `cameras.json` leaves out the "v2 " with which OpenSfM's names begin.
    """
    if not isinstance(camera, str) or not isinstance(cameras, Mapping):
        return "perspective"
    known = cameras.get(camera) or cameras.get(camera.removeprefix("v2 "))
    kind = known.get("projection_type") if isinstance(known, Mapping) else None
    return kind if isinstance(kind, str) else "perspective"


def _moment(seconds: Any) -> datetime | None:
    """Seconds from 1970; ODM writes 0 where it does not know."""
    value = None if isinstance(seconds, bool | str) else number(seconds)
    if value is None or value <= 0:
        return None
    try:
        moment = datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment if is_believable(moment) else None


def _ground_height_m(statistics: Any) -> float | None:
    """The mean height of the point cloud, as `pdal info` has it: most of its points lie on ground and roofs."""
    found = statistics
    for key in ("point_cloud_statistics", "stats", "statistic"):
        found = found.get(key) if isinstance(found, Mapping) else None
    for each in found if isinstance(found, list) else []:
        if isinstance(each, Mapping) and each.get("name") == "Z":
            mean = number(each.get("average"))
            return mean if mean is not None and HEIGHTS_M[0] <= mean <= HEIGHTS_M[1] else None
    return None


def _is_nowhere(shot: Shot) -> bool:
    return abs(shot.lon - NOWHERE_LON) < NOWHERE_DEG and abs(shot.lat - NOWHERE_LAT) < NOWHERE_DEG
