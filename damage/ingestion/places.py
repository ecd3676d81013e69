"""Events and towns by their names: each is made once, whoever asks first. Also the names that people may not give."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from damage.errors import Refused
from damage.ingestion.models import Event, Town
from damage.ingestion.names import (
    checked_name,
    free_address,
    is_own_address,
    normalised_name,
    without_accents,
)
from damage.messages import Message as _

# So often somebody else may take the name or the address between a look and the writing.
ATTEMPTS = 20


def get_or_create_event(name: str) -> Event:
    """The event of that name, made if it is new. Raises `Refused`."""
    return _get_or_create(Event.objects, name)


def get_or_create_town(event_name: str, town_name: str) -> Town:
    """The town of that name in the event of that name, each made if it is new. Raises `Refused`."""
    town = checked_name(town_name)
    return _get_or_create(get_or_create_event(event_name).towns, town)


def check_names(*, event: str, town: str) -> None:
    """Refuse what cannot be the name of an event or a town, before any work is done for it."""
    checked_name(event)
    checked_name(town)


def find_towns(event_name: str, town_names: Iterable[str]) -> dict[str, Town]:
    """Those of the towns that are there, by the names given, as `get_or_create_town` would give them."""
    event = _find(Event.objects, checked_name(event_name))
    if event is None:
        return {}
    found = {name: _find(event.towns, checked_name(name)) for name in set(town_names)}
    return {name: town for name, town in found.items() if town}


def is_town_of(town: Town, *, event_name: str, name: str) -> bool:
    """Whether `get_or_create_town` would give this town."""
    return _means(town.event, event_name) and _means(town, name)


def _get_or_create(rows: Any, name: str) -> Any:
    """The row of that name among the manager's, made if it is new."""
    kept = checked_name(name)
    for attempt in range(1, ATTEMPTS + 1):
        if there := _find(rows, kept):
            return there
        _check_apart(rows, kept)
        slug = free_address(kept, set(rows.values_list("slug", flat=True)))
        try:
            with transaction.atomic():
                return rows.create(name=kept, slug=slug)
        except IntegrityError:  # somebody else took the name, or the address for another name
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("the last attempt returns or raises")


def _find(rows: Any, name: str) -> Any:
    """By name; else by address, where that says all of the name: one that lost letters is no name."""
    if there := rows.filter(normalised_name=normalised_name(name)).first():
        return there
    there = rows.filter(slug=name).first()
    return there if there and is_own_address(there.slug, there.name) else None


def _means(row: Event | Town, name: str) -> bool:
    """Whether a name is that of the row, or its address, as `_find` has it."""
    if row.normalised_name == normalised_name(name):
        return True
    return name.strip() == row.slug and is_own_address(row.slug, row.name)


def _check_apart(rows: Any, name: str) -> None:
    """Refuse a new name that another one differs from by accents or dashes alone.

    To take the two for one may put different towns together; to tell them apart may put one town into two parts of a
    training. Whoever knows that they are two adds the second in the administration.
    """
    for other in rows.values_list("name", flat=True):
        is_same = normalised_name(other) == normalised_name(name)  # made by somebody else since we looked
        if not is_same and without_accents(other) == without_accents(name):
            raise Refused(
                _("“%(name)s” is not there, but “%(other)s” is, which differs in accents or dashes alone.")
                % {"name": name, "other": other},
                _(
                    "Write it like that. If it is another place, have an admin add it in the administration first."
                ),
            )
