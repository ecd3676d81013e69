"""Bringing labelled crops along from earlier events."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from unicodedata import normalize
from uuid import uuid4

from django.core.files import File
from django.db import transaction

from damage.accounts.services import automatic_account
from damage.ingestion.models import Scene, Town
from damage.ingestion.names import MOST_SUFFIX_BYTES, cut_to_bytes, normalised_name
from damage.ingestion.places import find_towns, get_or_create_town
from damage.stored_files import NewFiles, new_files
from damage.work.progress import Progress, no_progress
from tagging.answers import CountsAs
from tagging.automatic_accounts import IMPORTER
from tagging.crop_lists import LABELS, NO, YES, ListedCrop, read_crop_list
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Question
from tagging.services import find_question, only_answer
from tagging.storing_many import store_many


@dataclass(frozen=True)
class ImportedCrops:
    """Lines of the list whose label is new, was there, or differed before; labels by town; the text's guessed code."""

    added: int
    already: int
    changed: int
    in_scenes: int
    towns: dict[str, dict[str, int]]
    guessed_code: str = ""


def import_crops(
    csv_path: Path, *, event: str, question: str = "damage", progress: Progress = no_progress
) -> ImportedCrops:
    """Store the crops that a CSV lists, each with its label as a tag: all of them, or none.

    A crop is linked to its scene where the town has one of that name. Raises `Refused`.
    """
    asked = find_question(question)
    labels = tuple(dict.fromkeys([*LABELS, *asked.keys]))
    crop_list = read_crop_list(csv_path, labels=labels)
    listed = crop_list.crops
    answers = _answers(asked, {item.label for item in listed})
    towns = find_towns(event, (item.town for item in listed))
    cut_pending_crops(Crop.objects.filter(town__in=towns.values()))  # crops are known again by their pixels
    known = _KnownCrops(towns)
    with new_files() as files:
        crops = []
        for done, item in enumerate(listed, start=1):
            crop = known.find(item) or known.add(item)
            if crop.pk is None and not crop.image:
                crop.image.name = _store_image(item, files)
            crops.append(crop)
            progress(done, len(listed))
        towns |= _new_towns(event, dict.fromkeys(item.town for item in listed if item.town not in towns))
        imported = _write_rows(list(zip(listed, crops, strict=True)), towns, asked, answers)
        return replace(imported, guessed_code=crop_list.guessed_code)


class _KnownCrops:
    """The crops of some towns, by their image and by their place in a scene.

    Towns are those that are there, by the names in the list. Others are known by their normalised names.
    """

    def __init__(self, towns: Mapping[str, Town]) -> None:
        self._towns = towns
        self._scenes: dict[tuple[int | str, str], Scene | None] = {}
        for scene in Scene.objects.filter(town__in=towns.values()).defer("crs_wkt"):
            key = scene.town_id, normalize("NFC", scene.name)
            self._scenes[key] = None if key in self._scenes else scene  # two of one name: neither is meant
        self._by_image: dict[tuple[int | str, str], list[Crop]] = {}
        self._by_place: dict[tuple[int, int | None, int | None, int], Crop] = {}
        crops = Crop.objects.filter(town__in=towns.values())
        for crop in crops.select_related("scene").defer("scene__crs_wkt"):
            self._keep(crop.town_id, crop)

    def find(self, item: ListedCrop) -> Crop | None:
        """The crop cut at the item's place, or with its image in its town, unless that lies elsewhere."""
        scene = self._scene(item)
        if scene and (crop := self._by_place.get((scene.pk, item.x_px, item.y_px, item.size_px))):
            return crop
        alike = self._by_image.get((self._town(item), item.sha256), [])
        return next((crop for crop in alike if _may_be_at(crop, item, scene)), None)

    def add(self, item: ListedCrop) -> Crop:
        """A new crop, not yet saved."""
        crop = Crop(
            scene=self._scene(item),
            x_px=item.x_px,
            y_px=item.y_px,
            size_px=item.size_px,
            gsd_m=item.gsd_m,
            lon=item.lon,
            lat=item.lat,
            source_name=item.file,
            source_scene=item.scene,
            sha256=item.sha256,
        )
        self._keep(self._town(item), crop)
        return crop

    def _town(self, item: ListedCrop) -> int | str:
        town = self._towns.get(item.town)
        return town.pk if town else normalised_name(item.town)

    def _keep(self, town: int | str, crop: Crop) -> None:
        if crop.sha256:
            self._by_image.setdefault((town, crop.sha256), []).append(crop)
        if crop.scene_id is not None:
            self._by_place[crop.scene_id, crop.x_px, crop.y_px, crop.size_px] = crop

    def _scene(self, item: ListedCrop) -> Scene | None:
        """The scene that the item names, if it is here and the item's square lies inside it."""
        scene = self._scenes.get((self._town(item), normalize("NFC", item.scene)))
        if scene is None or item.x_px is None or item.y_px is None:
            return None
        is_inside = item.x_px + item.size_px <= scene.width_px and item.y_px + item.size_px <= scene.height_px
        return scene if is_inside else None


def _may_be_at(crop: Crop, item: ListedCrop, scene: Scene | None) -> bool:
    """Whether a crop with the item's pixels may lie where the item does: what is not known of a place fits any."""
    scene_name = crop.scene.name if crop.scene else crop.source_scene
    return (
        _fits(scene_name or None, item.scene or None)
        and _fits(crop.x_px, item.x_px)
        and _fits(crop.y_px, item.y_px)
        and _fits(crop.lon, item.lon)
        and _fits(crop.lat, item.lat)
    )


def _fits(one: object, other: object) -> bool:
    return one == other or one is None or other is None


def _store_image(item: ListedCrop, files: NewFiles) -> str:
    # No two attempts share a name, so one that fails removes its own files and no other's.
    name = f"crops/{item.sha256[:16]}-{uuid4().hex[:8]}{cut_to_bytes(item.path.suffix.lower(), MOST_SUFFIX_BYTES)}"
    with item.path.open("rb") as content:
        return files.save(name, File(content))


def _new_towns(event: str, names: Collection[str]) -> dict[str, Town]:
    """All of the towns, or none where a name is refused."""
    if not names:
        return {}
    with transaction.atomic():
        return {name: get_or_create_town(event, name) for name in names}


def _answers(question: Question, labels: Collection[str]) -> dict[str, str]:
    """The question's answer for each label of a list: the answer of that key, or what counts as the label says."""
    own = {key: key for key in question.keys}
    said = {YES: CountsAs.POSITIVE, NO: CountsAs.NEGATIVE}
    return {label: own.get(label) or only_answer(question, said[label]) for label in labels}


def _write_rows(
    listed: list[tuple[ListedCrop, Crop]],
    towns: Mapping[str, Town],
    question: Question,
    answer_of: Mapping[str, str],
) -> ImportedCrops:
    for item, crop in listed:
        if crop.town_id is None:
            crop.town = towns[item.town]
    answers = [(crop, answer_of[item.label]) for item, crop in listed]
    status = Counter(store_many(answers, question=question, tagger=automatic_account(IMPORTER)))
    labels = Counter((towns[item.town].name, item.label) for item, _ in listed)
    names = dict.fromkeys(name for name, _ in labels)
    shown = dict.fromkeys([*LABELS, *(label for _, label in labels)])
    return ImportedCrops(
        added=status["added"],
        already=status["already"],
        changed=status["changed"],
        in_scenes=sum(crop.scene_id is not None for _, crop in listed),
        towns={name: {label: labels[name, label] for label in shown} for name in names},
    )
