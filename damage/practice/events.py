"""Writes a practice event: photos and mosaics of towns that an earthquake struck, and the truth about them."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from damage.practice.draw import town_image
from damage.practice.layout import town_plan
from damage.practice.looks import town_look
from damage.practice.mosaics import write_mosaic
from damage.practice.photos import town_shots, write_photo
from damage.practice.sites import town_site
from damage.practice.textures import Textures, textures
from damage.practice.truth import photo_boxes, truth_geojson, truth_objects
from damage.work.progress import Progress, no_progress

EVENT = "Practice earthquake"
TOWNS = ("Orvela", "Tamarel", "Sanluma", "Vedrano", "Quilmara", "Belisco")
DAY = datetime(2024, 5, 14, 10, 20)
SUMMARY = "event.json"


@dataclass(frozen=True)
class PracticeTown:
    """The files of one town; `truth` is GeoJSON, `photo_truth` the boxes of its objects by photo."""

    name: str
    photos: tuple[Path, ...]
    mosaic: Path
    mosaic_before: Path | None
    truth: Path
    photo_truth: Path


@dataclass(frozen=True)
class PracticeEvent:
    """An invented earthquake; the last town is the one to hold out, and has a mosaic from before too."""

    name: str
    seed: int
    towns: tuple[PracticeTown, ...]


@dataclass(frozen=True)
class _Drawing:
    """What all towns of an event are drawn with."""

    seed: int
    size_m: float
    pattern: Textures
    photo_px: tuple[int, int]
    photos: int
    step: Callable[[], None]


def write_practice_event(
    folder: Path,
    *,
    seed: int,
    towns: int = 3,
    size_m: float = 230.0,
    gsd_m: float = 0.05,
    photo_px: tuple[int, int] = (4000, 3000),
    photos: int = 5,
    progress: Progress = no_progress,
) -> PracticeEvent:
    """Draw the event's towns into a new folder, whole or not at all; the same seed draws the same files.

    Raises FileExistsError where the folder exists.
    """
    if folder.exists():
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    total, done = towns * (photos + 2) + 2, 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, total)

    pattern = textures(np.random.default_rng(seed), gsd_m=gsd_m)
    drawing = _Drawing(seed, size_m, pattern, photo_px, photos, step)
    names = TOWNS[:towns]
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as work:
        written = Path(work) / "event"
        for number, name in enumerate(names):
            _write_town(written / name.lower(), name, number, drawing, before=name == names[-1])
        (written / SUMMARY).write_text(json.dumps({"event": EVENT, "seed": seed, "towns": names}))
        written.rename(folder)
    return read_practice_event(folder)


def read_practice_event(folder: Path) -> PracticeEvent:
    """The event that was written to a folder. Raises FileNotFoundError where there is none."""
    summary = json.loads((folder / SUMMARY).read_text())
    return PracticeEvent(
        summary["event"],
        summary["seed"],
        tuple(_town_in(folder / name.lower(), name) for name in summary["towns"]),
    )


def _town_in(folder: Path, name: str) -> PracticeTown:
    before = folder / f"{folder.name}_pre.tif"
    return PracticeTown(
        name=name,
        photos=tuple(sorted((folder / "photos").glob("*.jpg"))),
        mosaic=folder / f"{folder.name}_post.tif",
        mosaic_before=before if before.is_file() else None,
        truth=folder / "truth.geojson",
        photo_truth=folder / "photo_boxes.json",
    )


def _write_town(folder: Path, name: str, number: int, drawing: _Drawing, *, before: bool) -> None:
    rng = np.random.default_rng([drawing.seed, number])
    look = town_look(rng, number)
    plan = town_plan(rng, look, size_m=drawing.size_m)
    day = DAY + timedelta(hours=number)
    shots = town_shots(rng, count=drawing.photos, size_m=plan.size_m, size_px=drawing.photo_px, day=day)
    site, town_seed = town_site(number), int(rng.integers(2**31))
    gsd_m = drawing.pattern.gsd_m
    image = town_image(plan, look, drawing.pattern, seed=town_seed)
    drawing.step()
    (folder / "photos").mkdir(parents=True)
    objects = truth_objects(plan)
    boxes = {}
    for count, shot in enumerate(shots, start=1):
        photo = folder / "photos" / f"{folder.name}_{count:02}.jpg"
        write_photo(photo, image, gsd_m, shot, site)
        boxes[photo.name] = photo_boxes(objects, shot)
        drawing.step()
    write_mosaic(folder / f"{folder.name}_post.tif", image, gsd_m, site, seed=town_seed)
    drawing.step()
    (folder / "truth.geojson").write_text(json.dumps(truth_geojson(name, objects, site)))
    (folder / "photo_boxes.json").write_text(json.dumps(boxes))
    if before:
        image = town_image(plan.before(), look, drawing.pattern, seed=town_seed)
        drawing.step()
        write_mosaic(folder / f"{folder.name}_pre.tif", image, gsd_m, site, seed=town_seed + 1)
        drawing.step()
