"""The row of a file that an admin sends through the browser; its bytes lie in a folder (`uploads.partial_files`)."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from damage.ingestion.capture import SceneRole
from damage.ingestion.names import MOST_LETTERS
from damage.message_field import MessageField

MOST_NAME_LETTERS = 255


class UploadState(models.TextChoices):
    SENDING = "sending", _("being sent")
    RECEIVED = "received", _("waits to be checked")
    CHECKING = "checking", _("being checked")
    ADDED = "added", _("added")
    ALREADY = "already", _("already there")
    REFUSED = "refused", _("refused")
    LEFT_OUT = "left_out", _("left out")


# What was decided; nothing but the row is left of the upload then.
DECIDED = frozenset({UploadState.ADDED, UploadState.ALREADY, UploadState.REFUSED, UploadState.LEFT_OUT})


class Upload(models.Model):
    """One file on its way in. How much of it is here is the length of its partial file, and stands in no column."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="uploads")
    event_name = models.CharField(max_length=MOST_LETTERS)
    town_name = models.CharField(max_length=MOST_LETTERS)
    role = models.CharField(max_length=6, choices=SceneRole.choices, default=SceneRole.AFTER)
    taken = models.DateTimeField(null=True)  # the flight's date, where its sender told it
    leave_out = models.JSONField(default=list)  # photos with one of these problems do not come in
    file_name = models.CharField(max_length=MOST_NAME_LETTERS)
    size_bytes = models.BigIntegerField()
    # By these and its name a file is known again when it is chosen once more, also on another day.
    modified_ms = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)  # of the whole file, where its sender told it

    state = models.CharField(max_length=8, choices=UploadState.choices, default=UploadState.SENDING)
    reason = MessageField(blank=True)  # why it was refused, or has to wait
    note = MessageField(blank=True)  # what is odd about it
    scene = models.ForeignKey("ingestion.Scene", on_delete=models.SET_NULL, null=True, related_name="+")

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ["-created_at", "id"]
        indexes = [models.Index(fields=["user", "updated_at"], name="upload_by_user_and_change")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_decided(self) -> bool:
        return self.state in DECIDED
