"""Administration: what was asked and answered is only looked at; `/questions/` writes questions."""

from django.contrib import admin

from damage.ingestion.quarantine_admin import QuarantineAdmin
from damage.read_only_admin import ReadOnlyAdmin
from tagging.models import Crop, CropQuarantineStep, Question, Tag, TagChange
from tagging.quarantine import quarantine_crop, release_crop


@admin.register(Question)
class QuestionAdmin(ReadOnlyAdmin):
    list_display = ("text", "slug", "crop_size_m", "crop_size_px", "is_open")
    list_filter = ("is_open",)


@admin.register(Crop)
class CropAdmin(QuarantineAdmin, ReadOnlyAdmin):
    quarantine, release = quarantine_crop, release_crop
    list_display = (
        "id",
        "town",
        "scene",
        "x_px",
        "y_px",
        "size_px",
        "gsd_m",
        "source_name",
        "cut_problem",
        "created_at",
        "is_quarantined",
    )
    list_filter = ("is_quarantined", "town")
    list_select_related = ("town", "scene")


@admin.register(CropQuarantineStep)
class CropQuarantineStepAdmin(ReadOnlyAdmin):
    list_display = ("crop_id", "is_out", "reason", "by", "at")
    list_select_related = ("by",)


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    list_display = ("id", "crop_id", "question", "answer", "tagger", "created_at", "updated_at")
    list_filter = ("question", "answer", "tagger")
    list_select_related = ("question", "tagger")


@admin.register(TagChange)
class TagChangeAdmin(ReadOnlyAdmin):
    list_display = ("id", "crop_id", "question", "answer", "tagger", "changed_by", "created_at")
    list_filter = ("question", "answer")
    list_select_related = ("question", "tagger", "changed_by")
