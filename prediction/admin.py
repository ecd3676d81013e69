"""The administration shows what ran and what it found; nothing is changed here."""

from django.contrib import admin

from damage.read_only_admin import ReadOnlyAdmin
from prediction.models import Detection, PredictionRun


@admin.register(PredictionRun)
class PredictionRunAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "scene",
        "model_run",
        "status",
        "threshold",
        "units_done",
        "units_total",
        "finished_at",
    )
    list_filter = ("status", "scene__town")
    list_select_related = ("scene", "model_run")


@admin.register(Detection)
class DetectionAdmin(ReadOnlyAdmin):
    list_display = ("id", "run", "score", "lon", "lat", "address")
    list_select_related = ("run",)
