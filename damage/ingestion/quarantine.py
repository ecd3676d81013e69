"""Taking scenes out of use, and back: nothing is deleted, and who did it and why stays written down."""

from django.db import models, transaction

from damage.accounts.models import Role, User
from damage.errors import Conflict, Refused
from damage.ingestion.models import QuarantineStep, Scene, SceneQuarantineStep
from damage.messages import Message as _


def quarantine_scene(scene: Scene, *, by: User, reason: str) -> None:
    """Take a scene and all crops of it out of lists, pictures, tagging, training and prediction. Raises `Refused`."""
    set_quarantine(scene, SceneQuarantineStep(scene=scene), True, by=by, reason=reason)


def release_scene(scene: Scene, *, by: User, reason: str = "") -> None:
    """Put a scene back into use, with those of its crops that are not taken out themselves. Raises `Refused`."""
    set_quarantine(scene, SceneQuarantineStep(scene=scene), False, by=by, reason=reason)


def check_scene_in_use(scene: Scene) -> None:
    """Refuse what would be made of a scene that an admin has taken out."""
    if scene.is_quarantined:
        raise Conflict(
            _("%(scene)s was taken out of use by an admin.") % {"scene": scene.name},
            _("Choose another scene."),
        )


@transaction.atomic
def set_quarantine(row: models.Model, step: QuarantineStep, is_out: bool, *, by: User, reason: str) -> None:
    """Take a row with the field `is_quarantined` out of use or back in, and write the step of its history."""
    if not by.plays(Role.ADMIN):
        raise Refused(_("Only an admin can take something out of use, or put it back."))
    if is_out:
        _check_reason(reason)
    rows = type(row)._default_manager.filter(pk=row.pk, is_quarantined=not is_out)
    if not rows.update(is_quarantined=is_out):
        raise Conflict(
            _("%(thing)s is out of use already.") % {"thing": str(row)}
            if is_out
            else _("%(thing)s is in use.") % {"thing": str(row)}
        )
    step.is_out, step.by, step.reason = is_out, by, reason.strip()
    step.save()
    row.refresh_from_db(fields=["is_quarantined"])


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise Refused(_("A reason is needed."), _("Say in a few words why it is taken out of use."))
