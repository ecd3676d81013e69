"""The administration shows trainings; nothing is changed here."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from training.models import ModelFile, ModelRun


class FilesInline(admin.TabularInline[ModelFile, ModelRun]):
    model = ModelFile
    fields = ("kind", "file", "sha256", "size_bytes")
    readonly_fields = fields
    extra = 0


@admin.register(ModelRun)
class ModelRunAdmin(admin.ModelAdmin[ModelRun]):
    list_display = ("id", "question", "backbone", "status", "threshold", "created_at", "finished_at")
    list_filter = ("status", "question", "backbone")
    list_select_related = ("question",)
    inlines = (FilesInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
