"""Towns and scenes by the names and numbers that people give; what is not there is refused with a remedy."""

from unicodedata import normalize

from django.db.models import Q

from damage.errors import Refused
from damage.ingestion.models import Scene, SceneKind, Town
from damage.messages import Message as _


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


def called(name: str, *, of: str = "") -> Q:
    """Events or towns of this name or slug, in any case; `of` is the way to them, such as "town__event__"."""
    return Q(**{f"{of}name__iexact": name}) | Q(**{f"{of}slug__iexact": name})


def find_town(name: str) -> Town:
    """Return the town of that name, or of that event and name ("event/town"); slugs do as well."""
    event, _slash, short = name.rpartition("/")
    towns = Town.objects.select_related("event").filter(called(short))
    if event:
        towns = towns.filter(called(event, of="event__"))
    found = list(towns)
    if not found:
        known = ", ".join(Town.objects.order_by("name").values_list("name", flat=True))
        raise Refused(
            _("There is no town %(name)s.") % {"name": name},
            _("Name one of: %(towns)s.") % {"towns": known or "–"},
        )
    if len(found) > 1:
        full = ", ".join(town.path for town in found)
        raise Refused(
            _("Several towns are called %(name)s.") % {"name": name},
            _("Say which: %(towns)s.") % {"towns": full},
        )
    return found[0]


def scenes_of(event: str, town: str, *, with_photos: bool = False) -> list[Scene]:
    """The mosaics (and photos) of an event's town, or of the whole event when `town` is empty."""
    named = Scene.objects.in_use().filter(called(event, of="town__event__"))
    if town:
        named = named.filter(called(town, of="town__"))
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
