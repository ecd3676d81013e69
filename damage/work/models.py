"""What takes long, as a row: trainings, experiments, comparisons of models and predictions stand on it."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from damage.clock import database_now
from damage.message_field import MessageField
from damage.work.labels import duration_words, step_words

# Without a sign of life for so long, a worker is taken for dead.
SILENCE_S = 60


class Work(models.Model):
    """What takes long: asked for, carried out by one process at a time, and settled with its result or its reason."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    UNSETTLED = (Status.QUEUED, Status.RUNNING)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.QUEUED)
    error = MessageField(blank=True)

    # Who works on it: a worker writes only while the claim is its own, so two are never mixed up.
    claim = models.CharField(max_length=32, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    # What is being done, and how much of it: a step's name and its units done and in all.
    step = models.CharField(max_length=80, blank=True)
    step_started_at = models.DateTimeField(null=True)
    units_done = models.PositiveBigIntegerField(default=0)
    units_total = models.PositiveBigIntegerField(default=0)

    # What decides the result besides the parameters, for whoever wants to do it again.
    code_version = models.CharField(max_length=80, blank=True)
    library_versions = models.JSONField(default=dict)
    hardware = models.JSONField(default=dict)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    @property
    def named(self) -> str:
        """The work as people speak of it, such as "Model run 3"."""
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def work_folder(self) -> str:
        """Where its process keeps its lock and what it has done so far, within the data folder."""
        return f"training-work/{self._meta.model_name}-{self.pk}"

    @property
    def asked_for_at(self) -> datetime:
        """Since when it waits, or waited, to be carried out."""
        return self.created_at

    @property
    def can_cancel(self) -> bool:
        return self.status in self.UNSETTLED

    @property
    def is_stalled(self) -> bool:
        """Whether it should be at work but gives no sign of life."""
        if self.status != self.Status.RUNNING or not self.heartbeat_at:
            return False
        return database_now() - self.heartbeat_at > timedelta(seconds=SILENCE_S)

    @property
    def seconds_left(self) -> float | None:
        """Until the present step is done, at its pace so far; None before there is a figure."""
        if self.status != self.Status.RUNNING or self.is_stalled or not self.units_done:
            return None
        if not self.step_started_at or not self.heartbeat_at:
            return None
        elapsed_s = (self.heartbeat_at - self.step_started_at).total_seconds()
        return elapsed_s / self.units_done * (self.units_total - self.units_done)

    @property
    def step_words(self) -> str:
        """What is being done, for a person."""
        return step_words(self.step)

    @property
    def time_left(self) -> str:
        """`seconds_left` for a person; empty before there is a figure."""
        return "" if self.seconds_left is None else duration_words(self.seconds_left)
