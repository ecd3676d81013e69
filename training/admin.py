"""The administration shows trainings; nothing is changed here."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from damage.read_only_admin import ReadOnlyAdmin
from training.models import HEAVY, ModelFile, ModelRun


class FilesInline(admin.TabularInline[ModelFile, ModelRun]):
    model = ModelFile
    fields = ("kind", "file", "sha256", "size_bytes")
    readonly_fields = fields
    extra = 0


@admin.register(ModelRun)
class ModelRunAdmin(ReadOnlyAdmin):
    list_display = ("id", "question", "backbone", "status", "threshold", "created_at", "finished_at")
    list_filter = ("status", "question", "backbone")
    list_select_related = ("question",)
    inlines = (FilesInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelRun]:
        return super().get_queryset(request).defer(*HEAVY)
