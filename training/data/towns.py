"""Towns by what they are, not by what they are called: two events may each have struck a San Juan."""

from collections import Counter
from collections.abc import Iterable

from damage.ingestion.models import Town


def town_labels(numbers: Iterable[int]) -> dict[int, str]:
    """What to call the towns with these primary keys, each differently.

    By name; with its event where two of them share one, and by slugs where that does not tell them apart either.
    """
    towns = list(Town.objects.filter(pk__in=set(numbers)).select_related("event"))
    labels = {town.pk: town.name for town in towns}
    for longer in (lambda town: f"{town.name} ({town.event.name})", lambda town: town.path):
        shared = Counter(label.casefold() for label in labels.values())
        labels |= {town.pk: longer(town) for town in towns if shared[labels[town.pk].casefold()] > 1}
    return labels
