"""Taking imagery in: a scene's row and its files come together, or not at all."""

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NotRequired, TypedDict, Unpack
from unicodedata import normalize
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models.fields.files import FieldFile

from damage.errors import Refused
from damage.file_names import shown_name
from damage.ingestion.capture import SceneRole, TimeSource
from damage.ingestion.decoder import Decoder
from damage.ingestion.decoding import (
    ViewedPhoto,
    begin_decoding_photo,
    decode_is_georeferenced,
    decode_mosaic_facts,
    decode_mosaic_view,
    decode_photo,
    shared_decoder,
)
from damage.ingestion.footprints import camera_ground
from damage.ingestion.models import GroundSource, GsdSource, Scene, SceneKind
from damage.ingestion.mosaic_time import mosaic_time
from damage.ingestion.names import MOST_STEM_BYTES, MOST_SUFFIX_BYTES, cut_to_bytes
from damage.ingestion.opening import is_tiff
from damage.ingestion.origins import Origin, record_origin
from damage.ingestion.places import check_names, get_or_create_town, is_town_of
from damage.ingestion.quality import set_look
from damage.ingestion.scene_places import set_ground
from damage.ingestion.scene_sources import checked_path
from damage.ingestion.side_by_side import Steps, finished
from damage.ingestion.source_facts import read_source_facts
from damage.messages import Message
from damage.messages import Message as _
from damage.storage import SpareFile
from damage.stored_files import NewFiles, new_files, remove_unnamed, work_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class HandedIn:
    """A file as it was when its taking in began."""

    path: Path
    stamp: tuple[int, int] | None
    is_spare: bool = False

    def check_unchanged(self) -> None:
        """Refuse a file that was written to meanwhile: what was read of it may be of two files."""
        if _stamp(self.path) != self.stamp:
            raise Refused(
                _("It changed while it was taken in."),
                _("Wait until it is copied whole, then ingest it again."),
            )


@dataclass(frozen=True)
class Ingested:
    """A scene, whether it was there before, and what its file says that is not believed."""

    scene: Scene
    already: bool = False
    warnings: tuple[Message, ...] = ()


class Told(TypedDict):
    """What is said of a file that is taken in."""

    event: str
    town: str
    role: NotRequired[SceneRole]
    taken: NotRequired[datetime | None]
    origin: NotRequired[Origin | None]
    is_spare: NotRequired[bool]


def ingest_photo(path: Path, **told: Unpack[Told]) -> Ingested:
    """Take in a drone photo, as `photo_steps` do, and wait for it. Raises `Refused` when it cannot be used."""
    return finished(photo_steps(path, shared_decoder, **told))


def photo_steps(
    path: Path,
    decoder: Decoder,
    *,
    event: str,
    town: str,
    role: SceneRole = SceneRole.AFTER,
    taken: datetime | None = None,
    origin: Origin | None = None,
    is_spare: bool = False,
) -> Steps[Ingested]:
    """The steps of taking in a drone photo; `taken` is for one that does not say when. Raises `Refused`.

    A file that `is_spare` is ours, and nobody writes to it or needs it afterwards: it is stored without a copy.
    """
    stamp = _stamp(path)
    check_names(event=event, town=town)
    sha256 = sha256_of(path)
    if there := already_there(sha256, event=event, town=town, origin=origin):
        return there
    with work_folder("view") as folder:
        view = folder / _view_name(path)
        max_mpx = settings.ENVIRONMENT.max_photo_mpx
        decoded = begin_decoding_photo(path, view, max_mpx=max_mpx, decoder=decoder)
        yield
        photo = decoded()
        scene = _photo_scene(path, sha256, photo)
        scene.role = role
        if scene.captured_at is None:
            scene.captured_at, scene.captured_from = _told_time(taken, origin)
        handed_in = HandedIn(path, stamp, is_spare)
        ingested = _stored(
            scene, event=event, town=town, handed_in=handed_in, source=path, view=view, origin=origin
        )
        return replace(ingested, warnings=photo.facts.warnings)


def ingest_mosaic(
    path: Path,
    *,
    event: str,
    town: str,
    in_place: bool = False,
    role: SceneRole = SceneRole.AFTER,
    taken: datetime | None = None,
    taken_from: TimeSource = TimeSource.PERSON,
    origin: Origin | None = None,
    is_spare: bool = False,
) -> Ingested:
    """Take in an orthomosaic: a copy of it, or with `in_place` only where it lies. Raises `Refused`.

    `taken`, as `taken_from` says, goes before what its tags and its name say of when it was taken. `is_spare` is as in
    `photo_steps`.
    """
    stamp = _stamp(path)
    check_names(event=event, town=town)
    sha256 = sha256_of(path)
    if there := already_there(sha256, event=event, town=town, origin=origin):
        return there
    facts = decode_mosaic_facts(path)
    captured_at, captured_from = (taken, taken_from) if taken else _told_time(None, origin)
    if captured_at is None:
        captured_at, captured_from = mosaic_time(path.name, acquired=facts.acquired, written=facts.written)
    scene = Scene(
        kind=SceneKind.MOSAIC,
        role=role,
        captured_at=captured_at,
        captured_from=captured_from,
        name=normalize("NFC", path.name),
        sha256=sha256,
        size_bytes=path.stat().st_size,
        in_place_path=str(path.resolve()) if in_place else "",
        width_px=facts.width_px,
        height_px=facts.height_px,
        band_count=facts.band_count,
        gsd_m=facts.gsd_m,
        gsd_source=GsdSource.GEOTRANSFORM,
        crs_wkt=facts.crs_wkt,
        transform=list(facts.transform),
        footprint_4326=facts.footprint_4326,
        lon=facts.lon,
        lat=facts.lat,
    )
    with work_folder("view") as folder:
        view = folder / _view_name(path)
        decode_mosaic_view(path, facts, view)
        source = None if in_place else path
        handed_in = HandedIn(path, stamp, is_spare)
        ingested = _stored(
            scene, event=event, town=town, handed_in=handed_in, source=source, view=view, origin=origin
        )
        return replace(ingested, warnings=facts.warnings)


def image_steps(path: Path, decoder: Decoder, **told: Unpack[Told]) -> Steps[Ingested]:
    """The steps of taking in a photo or an orthomosaic, told apart by its content. Raises `Refused`."""
    if is_tiff(path) and decode_is_georeferenced(path):
        return ingest_mosaic(path, **told)
    return (yield from photo_steps(path, decoder, **told))


def _told_time(taken: datetime | None, origin: Origin | None) -> tuple[datetime | None, str]:
    """When an image was taken as a person says, or the list by which it was fetched."""
    if taken:
        return taken, TimeSource.PERSON
    listed = origin.captured_at if origin else None
    return (listed, TimeSource.LIST) if listed else (None, TimeSource.NONE)


def note_source(scene: Scene) -> None:
    """Set on a scene by what its source is known again; the caller saves. Raises `OSError`."""
    facts = read_source_facts(scene.path)
    scene.source_mtime_ns, scene.source_ends_sha256 = facts.mtime_ns, facts.ends_sha256


def describe_scenes(
    scenes: Iterable[Scene], *, role: SceneRole | None, taken: datetime | None, is_undated: bool = False
) -> None:
    """Change what is said of scenes, of all or none: their role, when they were taken, or that nobody knows."""
    fields: dict[str, Any] = {"role": role} if role else {}
    if taken or is_undated:
        fields |= {"captured_at": taken, "captured_from": TimeSource.PERSON if taken else TimeSource.NONE}
    with transaction.atomic():
        for scene in scenes:
            for name, value in fields.items():
                setattr(scene, name, value)
            scene.save(update_fields=list(fields))


def make_view(scene: Scene) -> None:
    """Write and store a scene's view, in the place of the one that it has, if any. Raises `Refused`."""
    source, before = checked_path(scene), scene.view_file.name
    with work_folder("view") as folder, new_files() as files:
        view = folder / _view_name(source)
        if scene.kind == SceneKind.MOSAIC:
            decode_mosaic_view(source, decode_mosaic_facts(source), view)
        else:
            photo = decode_photo(source, view, max_mpx=settings.ENVIRONMENT.max_photo_mpx)
            scene.width_px, scene.height_px = photo.width_px, photo.height_px
        _store_file(scene.view_file, view, scene, files, is_spare=True)
        scene.save(update_fields=["view_file", "width_px", "height_px"])
    if before:
        remove_unnamed([before])


def _photo_scene(path: Path, sha256: str, photo: ViewedPhoto) -> Scene:
    facts = photo.facts
    scene = Scene(
        kind=SceneKind.PHOTO,
        name=normalize("NFC", path.name),
        sha256=sha256,
        size_bytes=path.stat().st_size,
        width_px=photo.width_px,
        height_px=photo.height_px,
        band_count=photo.band_count,
        gsd_m=photo.gsd_m,
        gsd_source=GsdSource.CAMERA if photo.gsd_m else GsdSource.NONE,
        lon=facts.lon,
        lat=facts.lat,
        altitude_m=facts.altitude_m,
        height_above_ground_m=facts.height_above_ground_m,
        gimbal_pitch_deg=facts.gimbal_pitch_deg,
        captured_at=facts.captured_at,
        captured_from=TimeSource.CAMERA if facts.captured_at else TimeSource.NONE,
        camera_make=facts.camera_make,
        camera_model=facts.camera_model,
        exif_orientation=facts.orientation,
    )
    set_look(scene, photo.look)
    ground = camera_ground(facts, width_px=photo.width_px, height_px=photo.height_px)
    set_ground(scene, ground, GroundSource.CAMERA)
    return scene


def _stored(
    scene: Scene,
    *,
    event: str,
    town: str,
    handed_in: HandedIn,
    source: Path | None,
    view: Path | None,
    origin: Origin | None,
) -> Ingested:
    """Store the files, then the row that names them; what was stored goes again if anything fails, Ctrl-C included."""
    with new_files() as files:
        if source:
            _store_file(scene.file, source, scene, files, is_spare=handed_in.is_spare)
        if view:
            _store_file(scene.view_file, view, scene, files, is_spare=True)
        note_source(scene)
        handed_in.check_unchanged()
        try:
            with transaction.atomic():
                scene.town = get_or_create_town(event, town)
                scene.save()
                if origin:
                    record_origin(scene, origin)
        except IntegrityError:
            # Somebody else may have stored the same file meanwhile: then theirs stays.
            if there := already_there(scene.sha256, event=event, town=town, origin=origin):
                remove_unnamed(files)
                return there
            raise
    return Ingested(scene)


def _view_name(path: Path) -> str:
    return f"{cut_to_bytes(path.stem, MOST_STEM_BYTES)}.tif"


def _store_file(field: FieldFile, path: Path, scene: Scene, files: NewFiles, *, is_spare: bool) -> None:
    # No two attempts share a name: one that fails removes its own files and no other's.
    name = cut_to_bytes(path.stem, MOST_STEM_BYTES) + cut_to_bytes(path.suffix, MOST_SUFFIX_BYTES)
    unique = f"{scene.sha256[:12]}-{uuid4().hex[:8]}-{name}"
    with SpareFile(path) if is_spare else File(path.open("rb")) as content:
        field.name = files.save(field.field.generate_filename(scene, unique), content)


def already_there(sha256: str, *, event: str, town: str, origin: Origin | None = None) -> Ingested | None:
    """The town's scene of these bytes, with where they come from as well. Raises `Refused` for another town's."""
    scene = Scene.objects.select_related("town__event").filter(sha256=sha256).first()
    if scene is None:
        return None
    if not is_town_of(scene.town, event_name=event, name=town):
        raise Refused(
            _("The same file is already there, as scene %(scene)s of %(town)s (%(event)s).")
            % {"scene": scene.pk, "town": scene.town, "event": scene.town.event},
            _("Ingest it for one town only."),
        )
    if origin:
        record_origin(scene, origin)
    return Ingested(scene, already=True)


def _stamp(path: Path) -> tuple[int, int] | None:
    """A file's size and time of change; None where there is none, which is told by whoever reads it."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def sha256_of(path: Path) -> str:
    """The digest of a file; raises `Refused` for what is none, or cannot be read."""
    if shown_name(path) != str(path):
        raise Refused(
            _("Its name or that of its folder is not written in UTF-8."),
            _("Rename it, or copy it elsewhere."),
        )
    if not path.is_file():
        raise Refused(
            _("It is a folder.") if path.is_dir() else _("There is no such file."),
            _("Name files; a folder of photos goes in with ingest_photos.")
            if path.is_dir()
            else _("Check the path."),
        )
    try:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise Refused(
            _("It cannot be read (%(why)s).") % {"why": error.strerror},
            _("Check its permissions and the disk."),
        ) from error
