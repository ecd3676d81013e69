"""Taking imagery in: a scene's row and its files come together, or not at all."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models.fields.files import FieldFile
from django.utils.text import slugify

from damage.disk import trouble_explained
from damage.errors import Refused
from damage.ingestion.decoding import ViewedPhoto, decode_mosaic_facts, decode_mosaic_view, decode_photo
from damage.ingestion.models import Event, GsdSource, Scene, SceneKind, Town
from damage.messages import Message
from damage.messages import Message as _
from damage.stored_files import NewFiles, new_files, remove_unnamed, work_folder
from damage.work.progress import Progress, no_progress

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})


@dataclass(frozen=True)
class FileReport:
    """What became of one file: `added`, `already` there, or `refused` and why; and what is missing or odd."""

    file: str
    status: str
    scene: int | None = None
    reason: str = ""
    note: str = ""


@dataclass(frozen=True)
class Ingested:
    """A scene, whether it was there before, and what is odd about its file."""

    scene: Scene
    already: bool = False
    warnings: tuple[Message, ...] = ()


def named_event(name: str) -> Event:
    """The event of that name, made if it is new."""
    slug = slug_of(name)
    return Event.objects.get_or_create(slug=slug, defaults={"name": name.strip()})[0]


def get_or_create_town(event_name: str, town_name: str) -> Town:
    """The town of that name in the event of that name, each made if it is new."""
    event = named_event(event_name)
    return Town.objects.get_or_create(
        event=event, slug=slug_of(town_name), defaults={"name": town_name.strip()}
    )[0]


def ingest_photo(path: Path, *, event: str, town: str) -> Ingested:
    """Take in a drone photo. Raises `Refused` when it cannot be used."""
    sha256 = _digest(path)
    if there := _already(sha256, event=event, town=town):
        return there
    with work_folder("view") as folder:
        view = folder / f"{path.stem}.tif"
        photo = decode_photo(path, view, max_mpx=settings.ENVIRONMENT.max_photo_mpx)
        scene = _photo_scene(path, sha256, photo)
        return _stored(scene, event=event, town=town, source=path, view=view)


def ingest_mosaic(path: Path, *, event: str, town: str, in_place: bool = False) -> Ingested:
    """Take in an orthomosaic: a copy of it, or with `in_place` only where it lies. Raises `Refused`."""
    sha256 = _digest(path)
    if there := _already(sha256, event=event, town=town):
        return there
    facts = decode_mosaic_facts(path)
    scene = Scene(
        kind=SceneKind.MOSAIC,
        name=path.name,
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
        view = folder / f"{path.stem}.tif"
        decode_mosaic_view(path, facts, view)
        ingested = _stored(scene, event=event, town=town, source=None if in_place else path, view=view)
        return replace(ingested, warnings=facts.warnings)


def make_view(scene: Scene) -> None:
    """Write and store a scene's view, in the place of the one that it has, if any. Raises `Refused`."""
    before = scene.view_file.name
    with work_folder("view") as folder, new_files() as files:
        view = folder / f"{scene.path.stem}.tif"
        if scene.kind == SceneKind.MOSAIC:
            decode_mosaic_view(scene.path, decode_mosaic_facts(scene.path), view)
        else:
            photo = decode_photo(scene.path, view, max_mpx=settings.ENVIRONMENT.max_photo_mpx)
            scene.width_px, scene.height_px = photo.width_px, photo.height_px
        _store_file(scene.view_file, view, scene, files)
        scene.save(update_fields=["view_file", "width_px", "height_px"])
    if before:
        remove_unnamed([before])


def ingest_files(
    paths: Iterable[Path], ingest_one: Callable[[Path], Ingested], progress: Progress = no_progress
) -> list[FileReport]:
    """Take in each file; one that is refused does not stop the rest."""
    paths = list(paths)
    reports = []
    for done, path in enumerate(paths, start=1):
        reports.append(_report(path, ingest_one))
        progress(done, len(paths))
    return reports


def photos_in(paths: Iterable[Path]) -> list[Path]:
    """The files named, and the photos below the folders named, in order."""
    return [photo for photo, leads_outside in _found(paths) if not leads_outside]


def links_out_of(paths: Iterable[Path]) -> list[FileReport]:
    """Photos below the folders named that are links to files outside: refused, whoever put them there."""
    refusal = Refused(
        _("It is a link to a file outside the folder."), _("Name that file itself, or copy it here.")
    )
    return [
        FileReport(str(photo), "refused", reason=str(refusal))
        for photo, leads_outside in _found(paths)
        if leads_outside
    ]


def _found(paths: Iterable[Path]) -> Iterator[tuple[Path, bool]]:
    """Every photo, and whether it is a link that leads out of the folder in which it was found."""
    for path in paths:
        if not path.is_dir():
            yield path, False  # whoever names a link means what it points to
            continue
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in PHOTO_SUFFIXES and file.is_file():
                yield file, not file.resolve().is_relative_to(path.resolve())


def _report(path: Path, ingest_one: Callable[[Path], Ingested]) -> FileReport:
    try:
        with trouble_explained():
            ingested = ingest_one(path)
    except Refused as error:
        return FileReport(str(path), "refused", reason=str(error))
    except OSError as error:  # the file was taken away while it was read
        reason = _("It cannot be read or stored (%(why)s).") % {"why": error}
        return FileReport(str(path), "refused", reason=str(reason))
    notes = [_("no GPS position")] if ingested.scene.lon is None else []
    return FileReport(
        str(path),
        "already" if ingested.already else "added",
        scene=ingested.scene.pk,
        note="; ".join(str(note) for note in (*notes, *ingested.warnings)),
    )


def _photo_scene(path: Path, sha256: str, photo: ViewedPhoto) -> Scene:
    facts = photo.facts
    return Scene(
        kind=SceneKind.PHOTO,
        name=path.name,
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
        captured_at=facts.captured_at,
        camera_make=facts.camera_make,
        camera_model=facts.camera_model,
        exif_orientation=facts.orientation,
    )


def _stored(scene: Scene, *, event: str, town: str, source: Path | None, view: Path | None) -> Ingested:
    """Store the files, then the row that names them; what was stored goes again if anything fails, Ctrl-C included."""
    with new_files() as files:
        for field, path in ((scene.file, source), (scene.view_file, view)):
            if path:
                _store_file(field, path, scene, files)
        try:
            with transaction.atomic():
                scene.town = get_or_create_town(event, town)
                scene.save()
        except IntegrityError:
            # Somebody else may have stored the same file meanwhile: then theirs stays.
            if there := _already(scene.sha256, event=event, town=town):
                remove_unnamed(files)
                return there
            raise
    return Ingested(scene)


def _store_file(field: FieldFile, path: Path, scene: Scene, files: NewFiles) -> None:
    # No two attempts share a name: one that fails removes its own files and no other's.
    unique = f"{scene.sha256[:12]}-{uuid4().hex[:8]}-{path.name[-100:]}"
    with path.open("rb") as content:
        field.name = files.save(field.field.generate_filename(scene, unique), File(content))


def _already(sha256: str, *, event: str, town: str) -> Ingested | None:
    scene = Scene.objects.select_related("town__event").filter(sha256=sha256).first()
    if scene is None:
        return None
    if (scene.town.event.slug, scene.town.slug) != (slug_of(event), slug_of(town)):
        raise Refused(
            _("The same file is already there, as scene %(scene)s of %(town)s (%(event)s).")
            % {"scene": scene.pk, "town": scene.town, "event": scene.town.event},
            _("Ingest it for one town only."),
        )
    return Ingested(scene, already=True)


def _digest(path: Path) -> str:
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


def slug_of(name: str) -> str:
    """What tells events, and towns of one event, apart: Adıyaman, Adiyaman and ADIYAMAN are one."""
    name = name.replace("ı", "i")  # the one Turkish letter that does not decompose
    slug = slugify(name) or slugify(name, allow_unicode=True)
    if not slug:
        raise Refused(
            _("%(name)r is no name for an event or a town.") % {"name": name}, _("Use letters or digits.")
        )
    return slug
