"""Taking in what OpenDroneMap made of photos: its orthophoto as a mosaic, its poses as the ground of the photos."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from django.db import transaction
from pyproj import CRS, Geod, Proj

from damage.batches import write_in_batches
from damage.errors import Refused
from damage.file_names import shown_name
from damage.ingestion.capture import SceneRole, TimeSource
from damage.ingestion.decoding import decode_heights
from damage.ingestion.footprints import Ground, Pose, pose_ground, vector_rotation
from damage.ingestion.models import GroundSource, Scene, SceneKind
from damage.ingestion.odm.folder import Project, Shot, read_project
from damage.ingestion.orientation import shown_size
from damage.ingestion.places import check_names, find_towns
from damage.ingestion.reports import FileReport, ingest_files, passed_over_in, photos_in, refusal_of, reported
from damage.ingestion.scene_places import GROUND_FIELDS, set_ground
from damage.ingestion.services import ingest_mosaic, ingest_photo
from damage.messages import Message
from damage.messages import Message as _
from damage.work.progress import Progress, no_progress

WGS84 = Geod(ellps="WGS84")
# A photo's own GPS lies this near to its pose, or the two are not of one photo: cards number their photos anew.
MOST_APART_M = 100.0
MOST_STRETCHED = 0.01
POSE_FIELDS = (*GROUND_FIELDS, "lon", "lat", "altitude_m", "captured_at", "captured_from")


@dataclass(frozen=True)
class PoseReport:
    """What became of a photo's pose: `placed`, `already` so, `unmatched`, or `refused` and why."""

    file: str
    status: str
    scene: int | None = None
    reason: str = ""


@dataclass
class OdmReport:
    """What came in, what became of each pose, the photos that have one, and those of them whose ground changed."""

    files: list[FileReport] = field(default_factory=list)
    poses: list[PoseReport] = field(default_factory=list)
    photos: list[Scene] = field(default_factory=list)
    placed: list[Scene] = field(default_factory=list)


def ingest_odm(
    folder: Path,
    *,
    event: str,
    town: str,
    role: SceneRole = SceneRole.AFTER,
    taken: datetime | None = None,
    progress: Progress = no_progress,
) -> OdmReport:
    """Take in a folder that OpenDroneMap wrote; asked again, it changes nothing. Raises `Refused` for a wrong folder.

    Poses go to the photos in its `images`, which are taken in on the way, else to the town's photos of the same names.
    `taken` is when, for what does not say it; the orthophoto goes by its first photo.
    """
    check_names(event=event, town=town)
    project, report = read_project(folder), OdmReport()
    place: dict[str, Any] = {"event": event, "town": town, "role": role}
    if project.orthophoto:
        when = (taken, TimeSource.PERSON) if taken else (project.first_taken, TimeSource.ODM)
        ingest = partial(ingest_mosaic, project.orthophoto, taken=when[0], taken_from=when[1], **place)
        report.files.append(reported(shown_name(project.orthophoto), ingest))
    if project.images:
        photos = photos_in([project.images])
        report.files += ingest_files(
            photos, lambda path: ingest_photo(path, taken=taken, **place), progress
        ) + passed_over_in([project.images])
    _place_photos(project, event, town, report)
    return report


def _place_photos(project: Project, event: str, town: str, report: OdmReport) -> None:
    in_folder = [each.scene for each in report.files if each.scene is not None]
    by_name = _photos_by_name(project.shots, event, town, Scene.objects.filter(pk__in=in_folder))
    mosaic_crs = _map_crs(Scene.objects.filter(pk__in=in_folder, kind=SceneKind.MOSAIC).first())
    heights = _ground_heights_m(project)
    report.poses += [PoseReport(name, "refused", reason=str(reason)) for name, reason in project.bad_shots]
    for shot, ground_height_m in zip(project.shots, heights, strict=True):
        report.poses.append(_placed(shot, by_name[shot.name], ground_height_m, mosaic_crs, report))
    write_in_batches(report.placed, _save_poses)


def _save_poses(scenes: Sequence[Scene]) -> None:
    with transaction.atomic():
        for scene in scenes:
            scene.save(update_fields=POSE_FIELDS)


def _photos_by_name(
    shots: Iterable[Shot], event: str, town: str, in_folder: Iterable[Scene]
) -> dict[str, list[Scene]]:
    """The photos that a pose may be of: those of the folder alone where it has one of that name."""
    here, found = defaultdict(list), defaultdict(list)
    for scene in in_folder:
        if scene.kind == SceneKind.PHOTO:
            here[scene.name].append(scene)
    if of_town := find_towns(event, [town]).get(town):
        names = {shot.name for shot in shots}
        for scene in Scene.objects.in_use().filter(town=of_town, kind=SceneKind.PHOTO):
            if scene.name in names:
                found[scene.name].append(scene)
    found.update(here)
    return found


def _placed(
    shot: Shot, photos: Sequence[Scene], ground_height_m: float | None, crs: str, report: OdmReport
) -> PoseReport:
    """Give a photo its pose, not saved yet; whatever is wrong with one stops no other."""
    try:
        if not photos:
            return PoseReport(shot.name, "unmatched", reason=str(_unmatched()))
        scene = _photo_of(shot, photos)
        ground = _ground(shot, scene, ground_height_m, crs)
    except Exception as error:  # noqa: BLE001 (the others are not to wait for it)
        return PoseReport(shot.name, "refused", reason=str(refusal_of(error, shot.name)))
    report.photos.append(scene)
    if scene.ground_corners_4326 == ground.corners_4326 and scene.ground_source == GroundSource.ODM:
        return PoseReport(shot.name, "already", scene=scene.pk)
    set_ground(scene, ground, GroundSource.ODM)
    if scene.lon is None:
        scene.lon, scene.lat, scene.altitude_m = shot.lon, shot.lat, shot.altitude_m
    if scene.captured_at is None and shot.taken:
        scene.captured_at, scene.captured_from = shot.taken, TimeSource.ODM
    report.placed.append(scene)
    return PoseReport(shot.name, "placed", scene=scene.pk)


def _unmatched() -> Message:
    return _("The town has no photo of that name; put it into the folder “images”, or ingest it first.")


def _photo_of(shot: Shot, photos: Sequence[Scene]) -> Scene:
    """The photo that a pose is of; raises `Refused` where that is not certain."""
    near = [scene for scene in photos if _apart_m(shot, scene) <= MOST_APART_M]
    if not near:
        raise Refused(
            _("The photo of that name was taken elsewhere: %(metres)s m from there by its GPS.")
            % {"metres": round(min(_apart_m(shot, scene) for scene in photos))},
            _("Put the photos that OpenDroneMap used into the folder “images”."),
        )
    if len(near) > 1:
        raise Refused(
            _("Several photos of the town have that name: scenes %(numbers)s.")
            % {"numbers": ", ".join(str(scene.pk) for scene in near)},
            _("Put the photos that OpenDroneMap used into the folder “images”."),
        )
    return near[0]


def _apart_m(shot: Shot, scene: Scene) -> float:
    """How far a photo's own position lies from the pose; none is no contradiction."""
    if scene.lon is None or scene.lat is None:
        return 0.0
    return float(WGS84.inv(shot.lon, shot.lat, scene.lon, scene.lat)[2])


def _ground(shot: Shot, scene: Scene, ground_height_m: float | None, crs: str) -> Ground:
    """The ground that a photo shows by its pose; raises `Refused`."""
    width_px, height_px = shown_size(scene.width_px, scene.height_px, scene.exif_orientation)
    if abs(shot.width_px / shot.height_px * height_px / width_px - 1) > MOST_STRETCHED:
        raise Refused(
            _("The photo has another shape than the one that OpenDroneMap saw."),
            _("Put the photos that OpenDroneMap used into the folder “images”."),
        )
    height_m = scene.height_above_ground_m if ground_height_m is None else shot.altitude_m - ground_height_m
    if height_m is None:
        raise Refused(
            _("How high above the ground it was taken is unknown."),
            _("Run OpenDroneMap with --dtm, which adds the ground's heights."),
        )
    pose = Pose(
        shot.lon,
        shot.lat,
        height_m,
        vector_rotation(shot.rotation),
        shot.focal_ratio,
        _north_deg(crs or _utm(shot.lon, shot.lat), shot.lon, shot.lat),
    )
    size = {"width_px": scene.width_px, "height_px": scene.height_px}
    if ground := pose_ground(pose, **size, orientation=scene.exif_orientation):
        return ground
    raise Refused(_("It shows the horizon, or was not taken from above the ground."))


def _ground_heights_m(project: Project) -> list[float | None]:
    """The ground's height below each shot: by the height model, else the mean of the point cloud, else unknown."""
    heights: list[float | None] = [None] * len(project.shots)
    if project.height_model and project.shots:
        try:
            heights = decode_heights(project.height_model, [(shot.lon, shot.lat) for shot in project.shots])
        except (Refused, OSError) as error:  # the poses are good without it
            refusal_of(error, shown_name(project.height_model))
    return [project.ground_height_m if height is None else height for height in heights]


def _map_crs(mosaic: Scene | None) -> str:
    """The orthophoto's system, to whose axes OpenDroneMap turns its poses; empty where there is none in metres."""
    if mosaic is None:
        return ""
    crs = CRS.from_wkt(mosaic.crs_wkt)
    is_metric = crs.is_projected and all(axis.unit_conversion_factor == 1 for axis in crs.axis_info)
    return mosaic.crs_wkt if is_metric else ""


def _north_deg(crs: str, lon: float, lat: float) -> float:
    """How far a map's north lies east of true north at a place (the meridian convergence)."""
    return float(_projection(crs).get_factors(lon, lat).meridian_convergence)


@lru_cache(maxsize=64)
def _projection(crs: str) -> Proj:
    return Proj(crs)


def _utm(lon: float, lat: float) -> str:
    """The zone of UTM in which OpenDroneMap would lay a place (opendm/location.py)."""
    zone = int((lon + 180) // 6) % 60 + 1
    return f"EPSG:{32700 + zone if lat < 0 else 32600 + zone}"
