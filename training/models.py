"""Trainings and what came of them."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from tagging.models import Crop, Question


class ModelRunQuerySet(models.QuerySet["ModelRun"]):
    """Reads of trainings."""

    def current(self, question: Question) -> "ModelRun | None":
        """The newest finished training for a question: the one that answers and predicts."""
        return self.filter(question=question, status=ModelRun.Status.DONE).order_by("-id").first()


class ModelRun(models.Model):
    """One training, with all that is needed to do it again and to know how far to trust it."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="model_runs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    error = models.TextField(blank=True)

    backbone = models.CharField(max_length=60)
    head = models.CharField(max_length=60, default="softmax")
    seed = models.PositiveIntegerField(default=0)
    parameters = models.JSONField(default=dict)
    code_version = models.CharField(max_length=80, blank=True)
    library_versions = models.JSONField(default=dict)
    dataset_sha256 = models.CharField(max_length=64, blank=True)

    # Median side of the training crops: what a window has to cover when this model predicts.
    window_m = models.FloatField(null=True)
    window_px = models.PositiveIntegerField(null=True)

    metrics = models.JSONField(default=dict)
    threshold = models.FloatField(null=True)
    threshold_reason = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ModelRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"model {self.pk} ({self.backbone})"

    def crops_of(self, part: str) -> models.QuerySet["ModelRunCrop"]:
        """The run's crops in one part, in an order that only their pixels decide."""
        return self.run_crops.filter(part=part).select_related("crop").order_by("crop__sha256", "crop_id")


class ModelRunCrop(models.Model):
    """A crop's part in a training."""

    class Part(models.TextChoices):
        TRAIN = "train", _("training")
        VALIDATION = "validation", _("validation")
        TEST = "test", _("test")

    model_run = models.ForeignKey(ModelRun, on_delete=models.CASCADE, related_name="run_crops")
    crop = models.ForeignKey(Crop, on_delete=models.PROTECT, related_name="run_crops")
    part = models.CharField(max_length=10, choices=Part.choices)
    is_positive = models.BooleanField()
    score = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model_run", "crop"], name="crop_in_one_part")]

    def __str__(self) -> str:
        return f"{self.crop} in {self.part}"


class ModelFile(models.Model):
    """One file of a trained model; it is loaded only when its digest is the one recorded here."""

    class Kind(models.TextChoices):
        KERAS = "keras", "Keras"
        OPENVINO_XML = "openvino_xml", "OpenVINO network"
        OPENVINO_BIN = "openvino_bin", "OpenVINO weights"

    model_run = models.ForeignKey(ModelRun, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    file = models.FileField(upload_to="models/", max_length=255)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model_run", "kind"], name="model_file_once_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.model_run}"
