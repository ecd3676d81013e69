"""The administration shows what ran and what it found; nothing is changed here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from prediction.models import Detection, PredictionRun


class ReadOnly(admin.ModelAdmin):
    """Rows to look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(PredictionRun)
class PredictionRunAdmin(ReadOnly):
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
class DetectionAdmin(ReadOnly):
    list_display = ("id", "run", "score", "lon", "lat", "address")
    list_select_related = ("run",)
    show_full_result_count = False
