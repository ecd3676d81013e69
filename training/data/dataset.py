"""Which crops a training uses: what the crowd agrees on, and which town goes into which part."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from random import Random
from statistics import median

import numpy as np
from django.db.models import Count, Q

from damage.errors import Refused
from damage.ingestion.lookup import find_town
from damage.ingestion.models import Town
from damage.messages import Message as _
from tagging.answers import CountsAs
from tagging.automatic_accounts import IMPORTER, UNDAMAGED
from tagging.models import Crop, CropState, Question, Tag
from training.data.near_duplicates import Place, crossing, ground_place, scene_place
from training.data.town_events import check_events, of_events_of
from training.models import ModelRunCrop

Part = ModelRunCrop.Part
PARTS = (Part.TRAIN, Part.VALIDATION, Part.TEST)
# Fewer crops of either answer than this are refused: nothing can be learnt, or measured, from them.
LEAST_PER_ANSWER = {Part.TRAIN: 5, Part.VALIDATION: 2, Part.TEST: 1}


@dataclass(frozen=True)
class AgreedCrop:
    """A crop whose answer its taggers agree on: their consensus is sure of it, or else most of them say so."""

    pk: int
    sha256: str
    town_id: int
    is_positive: bool
    size_px: int
    gsd_m: float | None
    lon: float | None = None
    lat: float | None = None
    scene_id: int | None = None
    x_px: int | None = None
    y_px: int | None = None
    # Whether nobody looked at it: a random square of imagery that is known to be undamaged.
    is_unreviewed: bool = False
    # Whether the consensus of weighed answers decided (`tagging.recomputing`), not the majority.
    is_by_consensus: bool = False

    @property
    def place(self) -> Place | None:
        """See `place_of`."""
        return place_of(self)


def place_of(crop: AgreedCrop | Crop) -> Place | None:
    """Where a crop lies: on the ground where that is known, else in its scene; None where neither is."""
    if crop.lon is not None and crop.lat is not None and crop.gsd_m:
        return ground_place(crop.lon, crop.lat, crop.size_px * crop.gsd_m)
    if crop.scene_id is not None and crop.x_px is not None and crop.y_px is not None:
        return scene_place(crop.scene_id, crop.x_px, crop.y_px, crop.size_px)
    return None


@dataclass(frozen=True)
class Agreement:
    """The crops with an agreed answer, in an order that only their pixels decide, and how many have none.

    Crops that are tagged, but whose pixels could not be cut so far, are left out and counted.
    """

    crops: list[AgreedCrop]
    unsure: int
    tied: int
    pending: int = 0

    def of(self, towns: Iterable[Town], part: Part = Part.TRAIN) -> list[AgreedCrop]:
        """The towns' crops that may stand in a part: squares that nobody looked at teach, and never judge."""
        wanted = {town.pk for town in towns}
        return [
            crop
            for crop in self.crops
            if crop.town_id in wanted and (part == Part.TRAIN or not crop.is_unreviewed)
        ]

    def counts(self, towns: Iterable[Town], part: Part = Part.TRAIN) -> tuple[int, int]:
        """(yes, no) of the towns' crops that may stand in a part."""
        crops = self.of(towns, part)
        positive = sum(crop.is_positive for crop in crops)
        return positive, len(crops) - positive


@dataclass(frozen=True)
class Dataset:
    """The crops of each part."""

    parts: Mapping[Part, list[AgreedCrop]]
    towns: Mapping[Part, list[Town]]
    # How many crops show ground that a later part is judged by, and were left out for that.
    leakage_dropped: int = 0
    # How many squares that nobody looked at were left out of the parts that judge.
    unreviewed_dropped: int = 0

    @property
    def sha256(self) -> str:
        """A digest of every crop's pixels, part and answer."""
        lines = sorted(
            f"{part} {crop.sha256} {crop.is_positive}" for part, crops in self.parts.items() for crop in crops
        )
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def window_px(self) -> int:
        """The median side in scene pixels of the training crops that people looked at."""
        return median_size_px(self.parts[Part.TRAIN])

    @property
    def window_m(self) -> float | None:
        """The same on the ground, of those whose scale is known."""
        return median_size_m(self.parts[Part.TRAIN])


def median_size_px(crops: Sequence[AgreedCrop]) -> int:
    """The median side in scene pixels of the crops that people looked at: these say how large a place is."""
    return round(median(crop.size_px for crop in crops if not crop.is_unreviewed))


def median_size_m(crops: Sequence[AgreedCrop]) -> float | None:
    """The same on the ground, of those whose scale is known; None where there is none."""
    sides = [crop.size_px * crop.gsd_m for crop in crops if crop.gsd_m and not crop.is_unreviewed]
    return float(median(sides)) if sides else None


def agreement(question: Question) -> Agreement:
    """Each crop's answer: what people's consensus is sure of, else the majority of its tags.

    Answers of people who are set aside do not count. A crop with an imported label is left to the majority: its label
    is nobody's answer, so that the consensus knows nothing of it. Crops whose answers
    count as neither, or are tied, are left out.
    """
    settled = dict(
        CropState.objects.filter(question=question, state=CropState.State.SETTLED)
        .order_by()
        .values_list("crop_id", "leading")
    )

    def counting_as(counts_as: CountsAs) -> Q:
        return Q(answer__in=question.keys_counting_as(counts_as))

    yes, no = counting_as(CountsAs.POSITIVE), counting_as(CountsAs.NEGATIVE)

    rows = (
        Tag.objects.in_use()
        .not_set_aside()
        .filter(question=question)
        .exclude(crop__sha256="")
        .order_by("crop__sha256", "crop_id")
        .values(
            "crop_id",
            "crop__sha256",
            "crop__town_id",
            "crop__size_px",
            "crop__gsd_m",
            "crop__lon",
            "crop__lat",
            "crop__scene_id",
            "crop__x_px",
            "crop__y_px",
        )
        .annotate(
            yes=Count("pk", filter=yes),
            no=Count("pk", filter=no),
            unsure=Count("pk", filter=~(yes | no)),
            seen=Count("pk", filter=~Q(tagger__username=UNDAMAGED)),
            imported=Count("pk", filter=Q(tagger__username=IMPORTER)),
        )
    )
    crops, unsure, tied = [], 0, 0
    for row in rows:
        most = max(row["yes"], row["no"])
        leading = None if row["imported"] else settled.get(row["crop_id"])
        if leading is None and row["unsure"] > most:
            unsure += 1
        elif leading is None and [row["yes"], row["no"], row["unsure"]].count(most) > 1:
            tied += 1
        else:
            crops.append(
                AgreedCrop(
                    pk=row["crop_id"],
                    sha256=row["crop__sha256"],
                    town_id=row["crop__town_id"],
                    is_positive=leading == CountsAs.POSITIVE if leading else row["yes"] == most,
                    size_px=row["crop__size_px"],
                    gsd_m=row["crop__gsd_m"],
                    lon=row["crop__lon"],
                    lat=row["crop__lat"],
                    scene_id=row["crop__scene_id"],
                    x_px=row["crop__x_px"],
                    y_px=row["crop__y_px"],
                    is_unreviewed=not row["seen"],
                    is_by_consensus=leading is not None,
                )
            )
    pending = Crop.objects.pending().filter(tags__question=question).distinct().count()
    return Agreement(crops, unsure, tied, pending)


def reviewed(question: Question, crops: Sequence[Crop]) -> list[bool]:
    """Of each crop whether somebody looked at it: squares that `tag_undamaged` made were never seen."""
    seen = set(
        Tag.objects.in_use()
        .filter(question=question, crop__in=[crop.pk for crop in crops])
        .exclude(tagger__username=UNDAMAGED)
        .values_list("crop_id", flat=True)
    )
    return [crop.pk in seen for crop in crops]


def chosen_dataset(
    agreed: Agreement,
    named: Mapping[Part, Sequence[str]],
    *,
    per_class: int | None,
    seed: int,
    hashes: Callable[[Sequence[AgreedCrop]], np.ndarray],
    kept: Sequence[Town] = (),
    needs_validation: bool = True,
) -> Dataset:
    """Give every part its towns and crops; raises `Refused` where that cannot be.

    A test or validation town in another event than the training's is named with its event, or refused.
    Parts without a named town get theirs from what is left: see `_filled_parts`. `per_class` limits the
    training part to that many crops of either answer, drawn with `seed`. `hashes` gives crops' image hashes.
    Towns that are `kept` for tests stand in no other part. Without `needs_validation` that part may stay empty.
    """
    if not agreed.crops:
        raise Refused(
            _("No crop has an agreed answer to this question yet."),
            _("Have people tag crops of at least two towns, or import labelled crops with import_crops."),
        )
    chosen = {part: [find_town(name) for name in named.get(part, ())] for part in PARTS}
    towns = _filled_parts(agreed, chosen, kept, needs_validation=needs_validation)
    check_events(named, chosen_towns=towns)
    for part in PARTS:
        if towns[part] or part in _needed(agreed, towns[Part.TRAIN], needs_validation=needs_validation):
            _check_part(agreed, part, towns[part])
    tagged = {part: agreed.of(towns[part], part) for part in PARTS}
    unreviewed_dropped = sum(len(agreed.of(towns[part])) - len(tagged[part]) for part in PARTS)
    crops = _apart(tagged, hashes)
    leakage_dropped = sum(len(tagged[part]) - len(crops[part]) for part in PARTS)
    if per_class is not None:
        crops[Part.TRAIN] = _drawn(crops[Part.TRAIN], per_class, seed)
    return Dataset(crops, towns, leakage_dropped, unreviewed_dropped)


def _filled_parts(
    agreed: Agreement, towns: dict[Part, list[Town]], kept: Sequence[Town], *, needs_validation: bool
) -> dict[Part, list[Town]]:
    """Let each part without towns have some of those that no part names.

    Of the towns with enough crops of both answers, most of the rarer one first: the first to training, the second to
    validation, or to training where each of two can be left out in turn instead, the third to the test, all further
    ones to training. With two towns there is no test, nor is there one in another event than the training's. Towns
    that are kept for tests are the test, and nothing else. Squares that nobody looked at count for training alone.
    """
    _check_once(towns)
    check_kept([*towns[Part.TRAIN], *towns[Part.VALIDATION]], kept)
    if not towns[Part.TEST]:
        towns[Part.TEST] = [town for town in kept if min(agreed.counts([town], Part.TEST))]
    used = {town.pk for members in (*towns.values(), kept) for town in members}
    left = [town for town in _usable_towns(agreed) if town.pk not in used]
    was_open = not towns[Part.TRAIN]
    if was_open and not (needs_validation or towns[Part.VALIDATION]):
        learning = 2 if len(left) > 2 or (towns[Part.TEST] and len(left) == 2) else 1
        towns[Part.TRAIN], left = left[:learning], left[learning:]
    needed = _needed(agreed, towns[Part.TRAIN], needs_validation=needs_validation)
    for part in PARTS:
        if part == Part.VALIDATION and part not in needed:
            continue
        fit = [town for town in left if min(agreed.counts([town], part)) >= LEAST_PER_ANSWER[Part.TRAIN]]
        if part == Part.TEST:
            fit = of_events_of(towns[Part.TRAIN], fit)
        if not towns[part] and fit:
            towns[part] = fit[:1]
            left.remove(fit[0])
    if was_open:
        towns[Part.TRAIN] += left
    return towns


def _needed(agreed: Agreement, train: Sequence[Town], *, needs_validation: bool) -> set[Part]:
    """The parts that may not be empty: none to validate on where each of two training towns can be left out in turn."""
    can_be_left_out = [
        town
        for town in train
        if _is_usable(agreed, town)
        and min(agreed.counts([town], Part.VALIDATION)) >= LEAST_PER_ANSWER[Part.VALIDATION]
    ]
    return {Part.TRAIN, Part.VALIDATION} if needs_validation or len(can_be_left_out) < 2 else {Part.TRAIN}


def _usable_towns(agreed: Agreement) -> list[Town]:
    towns = Town.objects.filter(pk__in={crop.town_id for crop in agreed.crops}).select_related("event")
    usable = [town for town in towns if _is_usable(agreed, town)]
    return sorted(usable, key=lambda town: (-min(agreed.counts([town])), town.slug))


def _is_usable(agreed: Agreement, town: Town) -> bool:
    """Whether a town has enough crops of both answers to learn from."""
    return min(agreed.counts([town])) >= LEAST_PER_ANSWER[Part.TRAIN]


def _check_once(towns: Mapping[Part, Sequence[Town]]) -> None:
    part_of: dict[int, Part] = {}
    for part, members in towns.items():
        for town in members:
            if part_of.setdefault(town.pk, part) != part:
                raise Refused(
                    _("%(town)s is named for two parts.") % {"town": town},
                    _("A town belongs to one part: the same building is in many of its crops."),
                )


def check_kept(learning: Sequence[Town], kept: Sequence[Town]) -> None:
    """Refuse that a model learns from a town that is kept for tests."""
    for town in learning:
        if town in kept:
            raise Refused(
                _("%(town)s is kept for tests: no model learns from it.") % {"town": town},
                _("Choose another town; DAMAGE_TEST_TOWNS names those that are kept."),
            )


def _check_part(agreed: Agreement, part: Part, towns: Sequence[Town]) -> None:
    """Refuse a part that is empty or has too few crops of either answer."""
    names = ", ".join(town.name for town in towns)
    if not towns:
        raise Refused(
            _("No town is left for %(part)s.") % {"part": part.label},
            _("Have people tag a further town: training and validation need one each."),
        )
    for town in towns:
        if not agreed.of([town]):
            raise Refused(
                _("%(town)s has no crop with an agreed answer to this question.") % {"town": town.name},
                _("Have people tag it, or choose another town for %(part)s.") % {"part": part.label},
            )
        if not agreed.of([town], part):
            raise Refused(
                _("Nobody looked at a square of %(town)s: all come from tag_undamaged.")
                % {"town": town.name},
                _("Have people tag it, or choose another town for %(part)s.") % {"part": part.label},
            )
    positive, negative = agreed.counts(towns, part)
    least = LEAST_PER_ANSWER[part]
    if min(positive, negative) < least:
        unreviewed = len(agreed.of(towns)) - positive - negative
        raise Refused(
            _("%(towns)s: %(positive)d crops say yes and %(negative)d say no, too few for %(part)s.")
            % {"towns": names, "positive": positive, "negative": negative, "part": part.label},
            _(
                "At least %(least)d of each are needed; have people tag more. Squares that nobody looked at do not "
                "count here: %(unreviewed)d."
            )
            % {"least": least, "unreviewed": unreviewed}
            if unreviewed
            else _("At least %(least)d of each are needed; have people tag more.") % {"least": least},
        )


def _apart(
    parts: Mapping[Part, list[AgreedCrop]], hashes: Callable[[Sequence[AgreedCrop]], np.ndarray]
) -> dict[Part, list[AgreedCrop]]:
    """Leave out crops that show ground of a part that judges them: the test keeps its own, then validation."""
    seen = {
        part: list(zip((crop.place for crop in crops), hashes(crops), strict=True))
        for part, crops in parts.items()
    }
    again = crossing(seen, (Part.TEST, Part.VALIDATION, Part.TRAIN))
    kept = {part: list(compress(crops, ~again[part])) for part, crops in parts.items()}
    for part, crops in kept.items():
        positive = sum(crop.is_positive for crop in crops)
        if parts[part] and min(positive, len(crops) - positive) < LEAST_PER_ANSWER[part]:
            raise Refused(
                _("%(count)d crops for %(part)s show ground of another part, and too few are left.")
                % {"count": len(parts[part]) - len(crops), "part": part.label},
                _("Choose towns that do not share their ground."),
            )
    return kept


def _drawn(crops: Sequence[AgreedCrop], per_class: int, seed: int) -> list[AgreedCrop]:
    """Draw `per_class` crops of either answer."""
    random = Random(seed)  # noqa: S311 - a drawing to repeat, not a secret
    drawn: list[AgreedCrop] = []
    for answer in (True, False):
        of_answer = [crop for crop in crops if crop.is_positive == answer]
        if not LEAST_PER_ANSWER[Part.TRAIN] <= per_class <= len(of_answer):
            raise Refused(
                _("%(count)d crops per class cannot be drawn: %(have)d are there.")
                % {"count": per_class, "have": len(of_answer)},
                _("Ask for at least %(least)d and for no more than there are.")
                % {"least": LEAST_PER_ANSWER[Part.TRAIN]},
            )
        drawn += random.sample(of_answer, per_class)
    return drawn
