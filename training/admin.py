"""The administration shows trainings; nothing is changed here."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from training.models import HEAVY, ModelFile, ModelRun


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

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelRun]:
        return super().get_queryset(request).defer(*HEAVY)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
