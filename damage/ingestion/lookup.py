"""Towns and scenes by the names and numbers that people give; what is not there is refused with a remedy."""

from typing import TypeVar
from unicodedata import normalize

from django.db.models import Q, QuerySet

from damage.errors import Refused
from damage.ingestion.models import Event, Scene, SceneKind, Town
from damage.ingestion.names import normalised_name
from damage.messages import Message
from damage.messages import Message as _

Row = TypeVar("Row", Event, Town)


def find_scene(name_or_id: str) -> Scene:
    """The scene with this id or file name; a name that several scenes share is refused with their ids.

    macOS writes é as two letters and other systems as one (NFD and NFC); they are one name.
    """
    if name_or_id.isdecimal() and (scene := Scene.objects.filter(pk=int(name_or_id)).first()):
        return scene
    spellings = {normalize(form, name_or_id) for form in ("NFC", "NFD")} | {name_or_id}
    scenes = list(Scene.objects.filter(name__in=spellings).select_related("town__event").order_by("pk"))
    if not scenes:
        raise Refused(
            _("There is no scene %(name)s.") % {"name": name_or_id},
            _("Ingest it first, with ingest_mosaic or ingest_photos, or give its number or file name."),
        )
    if len(scenes) > 1:
        numbers = "; ".join(f"{scene.pk} ({scene.town.event}, {scene.town})" for scene in scenes)
        raise Refused(
            _("Several scenes are called %(name)s.") % {"name": name_or_id},
            _("Give one's number: %(numbers)s.") % {"numbers": numbers},
        )
    return scenes[0]


def find_event(name: str) -> Event:
    """The event of that name, or with that slug. Raises `Refused`."""
    if (event := _called(Event.objects.all(), name).first()) is None:
        raise Refused(
            _("There is no event %(name)s.") % {"name": name}, _name_one_of(_slugs_shown(Event.objects.all()))
        )
    return event


def find_town(name: str) -> Town:
    """The town of that name, or of that event and name ("event/town"); slugs do as well.

    Names go before slugs, which are only addresses, except in a path of two slugs, as other commands print it.
    """
    towns = Town.objects.select_related("event")
    divided = [(name[:slash], name[slash + 1 :]) for slash, letter in enumerate(name) if letter == "/"]
    for event, short in divided:
        if town := towns.filter(event__slug=event, slug=short).first():
            return town
    found = {town.pk: town for town in _called(towns, name)}
    for event, short in divided:
        for each in _called(Event.objects.all(), event):
            found |= {town.pk: town for town in _called(towns.filter(event=each), short)}
    if not found:
        raise Refused(_("There is no town %(name)s.") % {"name": name}, _name_one_of(_town_names(towns)))
    if len(found) > 1:
        full = ", ".join(sorted(town.path for town in found.values()))
        raise Refused(
            _("Several towns are called %(name)s.") % {"name": name},
            _("Say which: %(towns)s.") % {"towns": full},
        )
    return next(iter(found.values()))


def find_town_of(event: Event, name: str) -> Town:
    """The event's town of that name, or with that slug. Raises `Refused`."""
    if (town := _called(event.towns.select_related("event"), name).first()) is None:
        raise Refused(
            _("There is no town %(name)s in %(event)s.") % {"name": name, "event": event},
            _name_one_of(_slugs_shown(event.towns.all())),
        )
    return town


def places_of(event: str | None, town: str | None, *, of: str) -> dict[str, Event | Town]:
    """What rows are filtered by to be of an event, a town or both; `of` is the way to towns, as "scene__town"."""
    of_event = find_event(event) if event else None
    filters: dict[str, Event | Town] = {f"{of}__event": of_event} if of_event else {}
    if town:
        filters[of] = find_town_of(of_event, town) if of_event else find_town(town)
    return filters


def scenes_of(event: str, town: str, *, with_photos: bool = False) -> list[Scene]:
    """The mosaics (and photos) of an event's town, or of the whole event when `town` is empty."""
    of_event = find_event(event)
    named = Scene.objects.in_use().filter(town__event=of_event)
    if town:
        named = named.filter(town=find_town_of(of_event, town))
    if not with_photos:
        named = named.filter(kind=SceneKind.MOSAIC)
    scenes = list(named.select_related("town__event").order_by("kind", "name", "pk"))
    if not scenes:
        where = " / ".join(filter(None, (event, town)))
        raise Refused(
            (_("There is no scene of %(where)s.") if with_photos else _("There is no mosaic of %(where)s."))
            % {"where": where},
            _("See the names on the site, or ingest one with ingest_mosaic."),
        )
    return scenes


def _called(rows: QuerySet[Row], name: str) -> QuerySet[Row]:
    """Events or towns of this name; where there is none, of this slug, in any case."""
    named = rows.filter(normalised_name=normalised_name(name))
    if named.exists():
        return named
    return rows.filter(Q(slug=name) | Q(slug__iexact=normalised_name(name)))


def _slugs_shown(rows: QuerySet[Event] | QuerySet[Town]) -> list[str]:
    """Names, each with its slug where that is another word."""
    pairs = rows.order_by("name").values_list("name", "slug")
    return [name if normalised_name(name) == slug else f"{name} ({slug})" for name, slug in pairs]


def _town_names(towns: QuerySet[Town]) -> list[str]:
    return list(towns.order_by("name").values_list("name", flat=True))


def _name_one_of(names: list[str]) -> Message:
    return _("Name one of: %(known)s.") % {"known": ", ".join(names) or "–"}
