"""Who may do what in which event: the one place that puts a person's own role and memberships together.

A person's own role holds in every event; a membership's in its event; the stronger counts. People whose own role is
enough are answered without asking the database.
"""

from http import HTTPStatus
from typing import Any, TypeVar

from django.db.models import QuerySet

from damage.accounts.models import Role, User
from damage.errors import Refused
from damage.ingestion.joining.models import EventMembership
from damage.messages import Message as _
from damage.statements import Lookup

Rows = TypeVar("Rows", bound=QuerySet[Any])

# By statements that are made once: guests are asked for at each of their answers.
_OF_PERSON = Lookup(EventMembership, "person")
_IN_EVENT = Lookup(EventMembership, "person", "event")


class OutsideEvent(Refused):
    """Something of an event in which the person plays no such role: to this person it is not there."""

    status = HTTPStatus.NOT_FOUND


def role_in(person: User, event_id: int) -> Role:
    """What a person is in an event: the stronger of the person's own role and the membership's."""
    own = Role(person.role)
    membership = None if own == Role.ADMIN else _IN_EVENT.find(person=person.pk, event=event_id)
    if membership is None:
        return own
    there = Role(membership.role)
    return there if there.reaches(own) else own


def plays_in(person: User, event_id: int, least: Role) -> bool:
    """Whether a person is `least` or more in an event."""
    return person.is_at_least(least) or role_in(person, event_id).reaches(least)


def check_plays_in(person: User, event_id: int, least: Role = Role.VOLUNTEER) -> None:
    """Refuse who is less than `least` in an event. Raises `OutsideEvent`."""
    if not plays_in(person, event_id, least):
        raise OutsideEvent(_("There is nothing like that in your events."))


def plays_anywhere(person: User, least: Role) -> bool:
    """Whether a person is `least` or more in some event."""
    if person.is_at_least(least):
        return True
    if least == Role.ADMIN:
        return False  # of the site alone
    if least == Role.VOLUNTEER:
        return _OF_PERSON.find(person=person.pk) is not None
    return events_of(person, least).exists()


def events_of(person: User, least: Role) -> QuerySet[Any, Any]:
    """The numbers of the events in which memberships make a person `least` or more, for use in other queries."""
    memberships = EventMembership.objects.filter(person=person, role__in=Role.at_least(least))
    return memberships.order_by().values("event")


def within_events(rows: Rows, person: User, *, event: str, least: Role) -> Rows:
    """Of rows that lead to their event by the path `event`, those of events in which a person is `least` or more."""
    if person.is_at_least(least):
        return rows
    return rows.filter(**{f"{event}__in": events_of(person, least)})
