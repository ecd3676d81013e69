"""Writing augmented crops as files, with a list that `import_crops` takes."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from damage.errors import Refused
from damage.ingestion.lookup import find_town
from damage.messages import Message as _
from damage.tables import write_csv
from damage.work.progress import Progress, no_progress
from tagging.crop_lists import NO, YES
from tagging.crops import encoded_png
from tagging.cutting import cut_pending_crops
from tagging.models import Crop, Question
from training.data.augmented_crops import Copies
from training.data.dataset import AgreedCrop, agreement
from training.networks.augmentation import Augmentation

COLUMNS = ("file", "town", "label", "size_px", "gsd_m", "lon", "lat")
LIST_NAME = "crops.csv"


@dataclass(frozen=True)
class Augmented:
    """What was written: how many crops, of how many images in all, and the list of these."""

    crops: int
    images: int
    list_path: Path


def write_augmented(
    question: Question,
    towns: Sequence[str],
    out: Path,
    augmentation: Augmentation,
    *,
    limit: int | None = None,
    progress: Progress = no_progress,
) -> Augmented:
    """Write every copy of the towns' agreed crops into a new folder, whole or not at all. Raises `Refused`."""
    _check_free(out)
    if limit is not None and limit < 1:
        raise Refused(_("The limit must be 1 at least."), _("Leave it out to take all crops."))
    cut_pending_crops(Crop.objects.filter(tags__question=question), progress=progress)
    crops = agreement(question).of([find_town(town) for town in towns])[:limit]
    if not crops:
        raise Refused(
            _("%(towns)s: no crop has an agreed answer to this question.") % {"towns": ", ".join(towns)},
            _("Have people tag there, or name another town."),
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
            written = Path(folder) / out.name
            written.mkdir()
            images = _write(crops, written, augmentation, progress)
            written.replace(out)
    except OSError as error:
        raise Refused(
            _("%(path)s cannot be written: %(why)s.") % {"path": out, "why": error.strerror},
            _("Name a new or an empty folder."),
        ) from error
    return Augmented(len(crops), images, out / LIST_NAME)


def _check_free(out: Path) -> None:
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists():
        raise Refused(
            _("%(folder)s is there and not empty.") % {"folder": out}, _("Name a new or an empty folder.")
        )


def _write(crops: Sequence[AgreedCrop], folder: Path, augmentation: Augmentation, progress: Progress) -> int:
    """Write the images and their list; gives how many there are."""
    rows = list(_written(crops, folder, augmentation, progress))
    with (folder / LIST_NAME).open("w", newline="", encoding="utf-8") as file:
        write_csv(file, COLUMNS, rows)
    return len(rows)


def _written(
    crops: Sequence[AgreedCrop], folder: Path, augmentation: Augmentation, progress: Progress
) -> Iterator[list[Any]]:
    """Write the images; gives each one's line of the list."""
    rows = Crop.objects.select_related("scene", "town").in_bulk([crop.pk for crop in crops])
    copies, total, done = Copies(augmentation), len(crops) * augmentation.copies, 0
    for agreed in crops:
        crop = rows[agreed.pk]
        label = YES if agreed.is_positive else NO
        place = Path(crop.town.slug) / label
        (folder / place).mkdir(parents=True, exist_ok=True)
        for number, copy in enumerate(copies.of(crop, range(augmentation.copies))):
            name = place / f"{crop.pk}-{number:03}.png"
            (folder / name).write_bytes(encoded_png(copy.pixels()))
            done += 1
            progress(done, total)
            yield [name.as_posix(), crop.town.name, label, crop.size_px, crop.gsd_m, crop.lon, crop.lat]
