"""Exploring imagery: scenes or crops laid out so that like lies near like. One experiment, no training."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from random import Random
from typing import Any

import numpy as np

from damage.accounts.models import User
from damage.errors import Refused
from damage.ingestion.lookup import find_event, find_town_of
from damage.ingestion.models import Scene, SceneKind, Town
from damage.ingestion.rasters import TILE_PX, max_zoom, read_reduced, tile_window
from damage.messages import Message as _
from damage.work import claims
from damage.work.progress import Progress, no_progress
from tagging.crops import encoded_png
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Question
from tagging.services import image_bytes
from training.data.crop_files import CropImage, read_pixels
from training.data.crop_images import features_of
from training.data.dataset import agreement
from training.data.towns import town_labels
from training.experiments.embedding import LEAST_IMAGES, apartness, channel_statistics, embedded
from training.models import Experiment
from training.networks.backbones.registry import Backbone, find_backbone

SCENES, CROPS = "scenes", "crops"
CHANNELS = "channels"
# Scenes are read reduced to this; a mosaic as the tiles of its pyramid at this level, 64 at most.
SCENE_PX = 512
MOSAIC_LEVEL = 3
# A tile with less of its ground flown is left out: its metrics would be those of a sliver.
LEAST_VALID = 0.5
MOST_IMAGES = 5000


@dataclass(frozen=True, kw_only=True)
class Exploration:
    """What is explored, and by which features: those of a backbone, or means and deviations of channels."""

    event: str
    towns: Sequence[str] = ()
    of: str = SCENES
    features: str = CHANNELS
    seed: int = 0
    limit: int = 1500


@dataclass(frozen=True)
class Picture:
    """One image of a town: what it is for the page, and how to read its pixels and which of them are valid."""

    town: str
    shown: dict[str, Any]
    read: Callable[[], tuple[np.ndarray, np.ndarray]]
    crop: CropImage | None = None


def explore(
    wanted: Exploration,
    *,
    question: Question | None = None,
    requested_by: User | None = None,
    progress: Progress = no_progress,
) -> Experiment:
    """Lay images out with t-SNE, measure how far towns lie apart; crops carry their agreed answer to the question."""
    backbone = None if wanted.features == CHANNELS else find_backbone(wanted.features)
    if wanted.of == CROPS:
        cut_pending_crops(Crop.objects.filter(town__in=_towns(wanted)), progress=progress)
    pictures = _drawn(_pictures(wanted, question), wanted)
    claims.record_killed(Experiment)
    experiment = Experiment.objects.create(
        kind=Experiment.Kind.EXPLORE,
        question=question if wanted.of == CROPS else None,
        requested_by=requested_by,
        seed=wanted.seed,
        parameters={
            "event": wanted.event,
            "towns": list(wanted.towns),
            "of": wanted.of,
            "features": wanted.features,
            "limit": wanted.limit,
            "recipe": backbone.recipe_id if backbone else CHANNELS,
        },
    )
    with claims.carried_out(experiment, progress) as report:
        results = _results(pictures, backbone, wanted.seed, report)
        claims.finish(experiment, results=results)
    return experiment


def _results(
    pictures: list[Picture], backbone: Backbone | None, seed: int, report: claims.Report
) -> dict[str, Any]:
    used, features = _features(pictures, backbone, report)
    tell = report.step("layout")
    tell(0, 1)
    laid_out = embedded(features, seed=seed)
    towns = [picture.town for picture in used]
    results = _table(laid_out.components, towns, "town")
    answers = [str(picture.shown.get("label") or "") for picture in used]
    answered = [index for index, answer in enumerate(answers) if answer]
    if len(answered) >= LEAST_IMAGES:
        results["answers"] = _table(
            laid_out.components[answered], [answers[index] for index in answered], "answer"
        )
    tell(1, 1)
    return results | {
        "points": [
            {"x": round(float(x), 3), "y": round(float(y), 3), "town": picture.town, **picture.shown}
            for picture, (x, y) in zip(used, laid_out.points, strict=True)
        ],
        "perplexity": laid_out.perplexity,
        "components": laid_out.components.shape[1],
        "explained": laid_out.explained,
        "left_out": len(pictures) - len(used),
    }


def _table(components: np.ndarray, groups: list[str], name: str) -> dict[str, Any]:
    """A line for each group and one for all: images, silhouette, how often the nearest is its own, and by chance."""
    measured = apartness(components, groups)
    total = len(groups)
    rows: list[list[Any]] = [
        [group, each.images, each.silhouette, each.nearest_of_own, (each.images - 1) / (total - 1)]
        for group, each in measured.items()
    ]
    shares = np.array([row[1] for row in rows]) / total
    means = [
        None if any(row[column] is None for row in rows) else float(shares @ [row[column] for row in rows])
        for column in (2, 3, 4)
    ]
    columns = [name, "images", "silhouette", "nearest_of_own", "by_chance"]
    return {"columns": columns, "rows": [*rows, ["all", total, *means]]}


def _pictures(wanted: Exploration, question: Question | None) -> list[Picture]:
    """All images of the towns, in an order that only they decide."""
    towns = _towns(wanted)
    labels = town_labels(town.pk for town in towns)
    if wanted.of == SCENES:
        of_towns = [(labels[town.pk], scene) for town in towns for scene in town.scenes.in_use()]
        return [picture for town, scene in of_towns for picture in _of_scene(town, scene)]
    if wanted.of == CROPS:
        return _of_crops(towns, labels, question)
    raise Refused(
        _("There is nothing called %(of)s to explore.") % {"of": wanted.of}, _("Choose scenes or crops.")
    )


def _towns(wanted: Exploration) -> list[Town]:
    event = find_event(wanted.event)
    if not wanted.towns:
        return list(event.towns.all())
    return list(dict.fromkeys(find_town_of(event, name) for name in wanted.towns))


def _of_scene(town: str, scene: Scene) -> list[Picture]:
    """A photo as one image; a mosaic, which shows many kinds of ground, as the tiles of one level of its pyramid."""
    if scene.kind == SceneKind.PHOTO:
        return [Picture(town, {"scene": scene.pk}, partial(read_reduced, scene.view_path, SCENE_PX))]
    return [
        Picture(
            town,
            {"scene": scene.pk, "tile": list(tile)},
            partial(read_reduced, scene.view_path, SCENE_PX, tile=tile),
        )
        for tile in _tiles(scene.width_px, scene.height_px)
    ]


def _tiles(width_px: int, height_px: int) -> list[tuple[int, int, int]]:
    """The tiles (z, x, y) that stand for a mosaic; those of which less than half lies inside are left out."""
    level = min(MOSAIC_LEVEL, max_zoom(width_px, height_px))
    side = TILE_PX * 2 ** (max_zoom(width_px, height_px) - level)
    every = [(level, x, y) for y in range(ceil(height_px / side)) for x in range(ceil(width_px / side))]
    windows = {tile: tile_window(width_px, height_px, *tile) for tile in every}
    return [tile for tile, part in windows.items() if part.width * part.height >= LEAST_VALID * side**2]


def _of_crops(towns: Sequence[Town], labels: Mapping[int, str], question: Question | None) -> list[Picture]:
    answers: dict[int, str] = {}
    if question:
        answers = {crop.pk: "yes" if crop.is_positive else "no" for crop in agreement(question).of(towns)}
    rows = Crop.objects.in_use().with_pixels().filter(town__in=towns).order_by("sha256", "pk")
    pictures = []
    for row in rows:
        crop = CropImage(row.sha256, partial(image_bytes, row))
        shown = {"crop": row.pk, "scene": row.scene_id, "label": answers.get(row.pk)}
        pictures.append(Picture(labels[row.town_id], shown, partial(_read_crop, crop), crop))
    return pictures


def _read_crop(crop: CropImage) -> tuple[np.ndarray, np.ndarray]:
    """A crop's pixels; ground without data was cut as black."""
    pixels = read_pixels(crop)
    return pixels, np.asarray(pixels.any(axis=2))


def _drawn(pictures: list[Picture], wanted: Exploration) -> list[Picture]:
    """As many of them as are wanted, drawn with the seed."""
    if not LEAST_IMAGES <= wanted.limit <= MOST_IMAGES:
        raise Refused(
            _("The limit must lie between %(least)s and %(most)s images.")
            % {"least": LEAST_IMAGES, "most": MOST_IMAGES}
        )
    if len(pictures) < LEAST_IMAGES:
        raise Refused(
            _("%(count)s images are too few to explore.") % {"count": len(pictures)},
            _("Name more towns, or take in more imagery: %(least)s are needed.") % {"least": LEAST_IMAGES},
        )
    if len(pictures) <= wanted.limit:
        return pictures
    kept = sorted(Random(wanted.seed).sample(range(len(pictures)), wanted.limit))  # noqa: S311
    return [pictures[index] for index in kept]


def _features(
    pictures: list[Picture], backbone: Backbone | None, report: claims.Report
) -> tuple[list[Picture], np.ndarray]:
    """The images of which enough is valid, and their features (N, F)."""
    tell = report.step("pictures")
    used: list[Picture] = []
    statistics: list[np.ndarray] = []
    crops: list[CropImage] = []
    for done, picture in enumerate(pictures):
        tell(done, len(pictures))
        if backbone and picture.crop:
            used.append(picture)
            crops.append(picture.crop)
            continue
        pixels, valid = picture.read()
        if valid.mean() < LEAST_VALID:
            continue
        used.append(picture)
        if backbone:
            crops.append(CropImage(hashlib.sha256(encoded_png(pixels)).hexdigest(), partial(_png, picture)))
        else:
            statistics.append(channel_statistics(pixels, valid))
    tell(len(pictures), len(pictures))
    if backbone is None or not crops:
        return used, np.array(statistics).reshape(len(used), -1)
    return used, features_of(crops, backbone, report.step("features"))


def _png(picture: Picture) -> bytes:
    return encoded_png(picture.read()[0])
