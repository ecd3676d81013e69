"""What is said of an image beside its pixels: whether it shows the ground before the event, and who says when."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SceneRole(models.TextChoices):
    """Whether imagery shows the ground before the event or after it."""

    AFTER = "after", _("after the event")
    BEFORE = "before", _("before the event")


class TimeSource(models.TextChoices):
    """Where the moment of capture comes from, which says how far to trust it."""

    NONE = "", _("unknown")
    CAMERA = "camera", _("camera")
    TAGS = "tags", _("the file's acquisition time")
    NAME = "name", _("file name")
    FILE = "file", _("the file's own date, which may be later")
    LIST = "list", _("the list by which it was fetched")
    ODM = "odm", _("OpenDroneMap's report")
    PERSON = "person", _("a person")
