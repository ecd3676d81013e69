from argparse import ArgumentParser
from typing import Any

from django.utils.translation import gettext as _

from damage.accounts.models import User
from damage.commands import JsonCommand
from damage.errors import Refused
from damage.ingestion.lookup import find_scene
from damage.ingestion.quarantine import quarantine_scene, release_scene
from tagging.models import Crop
from tagging.quarantine import quarantine_crop, release_crop


class Command(JsonCommand):
    help = "Take a scene or a crop out of use, or put it back: nothing is deleted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--scene", help="a scene with all its crops, by number or file name")
        which.add_argument("--crop", type=int, help="a crop, by number")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the admin who decides")
        parser.add_argument("--reason", default="", help="why; needed to take something out")
        parser.add_argument("--release", action="store_true", help="put it back into use instead")

    def run(self, *, by: str, reason: str, release: bool, **options: Any) -> dict[str, Any]:
        person = User.objects.filter(username=by).first()
        if person is None:
            raise Refused(_("There is no account %(name)s.") % {"name": by})
        if options["scene"]:
            scene = find_scene(options["scene"])
            (release_scene if release else quarantine_scene)(scene, by=person, reason=reason)
            return {"scene": scene.pk, "is_quarantined": scene.is_quarantined}
        crop = Crop.objects.filter(pk=options["crop"]).first()
        if crop is None:
            raise Refused(_("There is no crop %(crop)s.") % {"crop": options["crop"]})
        (release_crop if release else quarantine_crop)(crop, by=person, reason=reason)
        return {"crop": crop.pk, "is_quarantined": crop.is_quarantined}
