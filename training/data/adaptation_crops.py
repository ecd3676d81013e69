"""The town that a model adapts to, and its crops, whose answers are not looked at."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from damage.errors import Refused
from damage.ingestion.lookup import find_town
from damage.ingestion.models import Town
from damage.messages import Message as _
from tagging.models import Crop, CropQuerySet
from tagging.undamaged import looked_at
from training.data.adaptation import LEAST_CROPS
from training.data.dataset import Agreement, Dataset, Part, check_kept

# Of a town so many crops at most, the first by digest: more say nothing new and take longer.
MOST_CROPS = 3000


def town_to_adapt_to(name: str, kept: Sequence[Town]) -> Town | None:
    """The town of that name, or None where none is named; refused where it is kept for tests or hardly has crops."""
    if not name:
        return None
    town = find_town(name)
    check_kept([town], kept)
    count = _crops_of(town).count()
    if count < LEAST_CROPS:
        raise Refused(
            _("%(town)s has %(count)d crops, too few to adapt to.") % {"town": town, "count": count},
            _("Have people look at %(least)d places at least; their answers do not matter.")
            % {"least": LEAST_CROPS},
        )
    return town


def named_with_test(
    named: Mapping[Part, Sequence[str]], town: Town | None, agreed: Agreement
) -> dict[Part, Sequence[str]]:
    """The named towns; where no test is named, the test is in the town to adapt to if people answered there."""
    if town is None or named[Part.TEST] or not min(agreed.counts([town], Part.TEST)):
        return dict(named)
    return {**named, Part.TEST: [town.path]}


def crops_to_adapt_to(town: Town, dataset: Dataset) -> list[Crop]:
    """The town's crops in an order that only their pixels decide; refused where the model learns its answers."""
    for part in (Part.TRAIN, Part.VALIDATION):
        if town in dataset.towns[part]:
            raise Refused(
                _("%(town)s is used for %(part)s, so there is nothing to adapt to.")
                % {"town": town, "part": part.label},
                _("Name other towns to train and to validate on."),
            )
    return list(_crops_of(town).order_by("sha256", "pk")[:MOST_CROPS])


def _crops_of(town: Town) -> CropQuerySet:
    """What a model may adapt to: not squares that nobody looked at, whose imagery may be from before the event.

    Of a town before and after, the two groups of the scores would be the two flights.
    """
    return looked_at(Crop.objects.in_use().with_pixels().filter(town=town))


def adaptation_record(town: Town, crops: Sequence[Crop]) -> dict[str, Any]:
    """What a run's row says of the town and its crops."""
    digest = hashlib.sha256("\n".join(crop.sha256 for crop in crops).encode()).hexdigest()
    return {"town": town.path, "crops": len(crops), "sha256": digest}
