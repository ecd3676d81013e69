"""Administration: known answers are edited, the rest is only looked at; `/questions/` writes questions."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from damage.accounts.models import User
from damage.ingestion.quarantine_admin import QuarantineAdmin
from damage.read_only_admin import ReadOnlyAdmin
from tagging.known_answers import (
    forget_gold_answer,
    record_gold_answer,
    set_tagger_aside,
    take_tagger_back,
)
from tagging.models import (
    Crop,
    CropQuarantineStep,
    CropState,
    GoldAnswer,
    Question,
    Tag,
    TagChange,
    TaggerQuality,
)
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


@admin.register(GoldAnswer)
class GoldAnswerAdmin(admin.ModelAdmin):
    list_display = ("crop_id", "question", "answer", "by", "at")
    list_filter = ("question", "answer")
    list_select_related = ("question", "by")
    raw_id_fields = ("crop",)

    def get_readonly_fields(self, request: HttpRequest, obj: GoldAnswer | None = None) -> tuple[str, ...]:
        return ("crop", "question") if obj else ()

    def save_model(self, request: HttpRequest, obj: GoldAnswer, form: Any, change: bool) -> None:
        gold = record_gold_answer(obj.crop, obj.question, obj.answer, by=cast(User, request.user))
        obj.pk, obj.by = gold.pk, gold.by

    def delete_model(self, request: HttpRequest, obj: GoldAnswer) -> None:
        forget_gold_answer(obj, by=cast(User, request.user))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[GoldAnswer]) -> None:
        for gold in queryset:
            forget_gold_answer(gold, by=cast(User, request.user))


@admin.register(CropState)
class CropStateAdmin(ReadOnlyAdmin):
    list_display = ("crop_id", "question", "state", "answers", "leading", "certainty", "updated_at")
    list_filter = ("question", "state", "leading")
    list_select_related = ("question",)


def _set_row_aside(row: TaggerQuality, *, by: User, reason: str) -> None:
    set_tagger_aside(row.tagger, row.question, by=by, reason=reason)


def _take_row_back(row: TaggerQuality, *, by: User, reason: str) -> None:
    take_tagger_back(row.tagger, row.question, by=by, reason=reason)


@admin.register(TaggerQuality)
class TaggerQualityAdmin(QuarantineAdmin, ReadOnlyAdmin):
    list_display = (
        "tagger",
        "question",
        "level",
        "balanced_accuracy",
        "lowest",
        "highest",
        "answers",
        "known",
        "gold",
        "updated_at",
        "is_set_aside",
        "set_aside_by",
        "set_aside_at",
        "set_aside_reason",
    )
    list_filter = ("question", "level", "is_set_aside")
    list_select_related = ("tagger", "question", "set_aside_by")

    @admin.action(description=_("Set their answers aside"))
    def take_out(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._do(request, rows, _set_row_aside)

    @admin.action(description=_("Let their answers count again"))
    def put_back(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        self._do(request, rows, _take_row_back)
