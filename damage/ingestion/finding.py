"""Scenes by the names and numbers that people give; what is not there is refused with a remedy."""

from damage.errors import Refused
from damage.ingestion.models import Scene
from damage.messages import Message as _


def find_scene(name_or_id: str) -> Scene:
    """The scene with this id or file name; a name that several scenes share is refused with their ids."""
    if name_or_id.isdecimal() and (scene := Scene.objects.filter(pk=int(name_or_id)).first()):
        return scene
    scenes = list(Scene.objects.filter(name=name_or_id).select_related("town__event").order_by("pk"))
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
