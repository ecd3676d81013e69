"""Taking crops out of use, and back; of whole scenes see `damage.ingestion.quarantine`."""

from collections.abc import Iterable

from damage.accounts.models import User
from damage.errors import Conflict
from damage.ingestion.quarantine import set_quarantine
from damage.messages import Message as _
from tagging.models import Crop, CropQuarantineStep


def quarantine_crop(crop: Crop, *, by: User, reason: str) -> None:
    """Take a crop out of lists, pictures, tagging and training; its tags stay. Raises `Refused`."""
    set_quarantine(crop, CropQuarantineStep(crop=crop), True, by=by, reason=reason)


def release_crop(crop: Crop, *, by: User, reason: str = "") -> None:
    """Put a crop back into use. Raises `Refused`."""
    set_quarantine(crop, CropQuarantineStep(crop=crop), False, by=by, reason=reason)


def check_crop_in_use(crop: Crop) -> None:
    """Refuse answers for a crop that an admin has taken out."""
    if crop.is_quarantined:
        raise Conflict(_("This square was taken out of use by an admin."), _("Choose another square."))


def check_crops_in_use(crops: Iterable[Crop]) -> None:
    """Refuse to learn from crops of which an admin has taken some out since they were chosen."""
    if out := sum(
        crop.is_quarantined or (crop.scene is not None and crop.scene.is_quarantined) for crop in crops
    ):
        raise Conflict(
            _("Crops of this training have been taken out of use: %(count)s.") % {"count": out},
            _("Train anew: other crops are chosen then."),
        )
