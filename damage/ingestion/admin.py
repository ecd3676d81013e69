from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from damage.errors import Refused
from damage.ingestion.capture import SceneRole
from damage.ingestion.joining.models import EventMembership, Invitation
from damage.ingestion.models import Event, Scene, SceneQuarantineStep, Town
from damage.ingestion.names import checked_name, free_address, normalised_name
from damage.ingestion.quality_admin import ProblemFilter, QualityAdmin
from damage.ingestion.quarantine import quarantine_scene, release_scene
from damage.ingestion.quarantine_admin import QuarantineAdmin
from damage.ingestion.services import describe_scenes
from damage.read_only_admin import ReadOnlyAdmin


class PlaceForm(forms.ModelForm):
    """A name that no other event, or no other town of the event, has. Its address is made of it, and stays."""

    def clean_name(self) -> str:
        try:
            return checked_name(self.cleaned_data["name"])
        except Refused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean(self) -> dict[str, Any]:
        name = self.cleaned_data.get("name")
        if name and any(others_of(self.instance, self.cleaned_data, normalised_name=normalised_name(name))):
            self.add_error("name", gettext("There is one of this name already."))
        return self.cleaned_data


class PlaceAdmin(admin.ModelAdmin[Any]):
    form = PlaceForm

    def save_model(self, request: HttpRequest, obj: Event | Town, form: PlaceForm, change: bool) -> None:
        others = others_of(obj, form.cleaned_data)
        taken = set(others.values_list("slug", flat=True))
        if not obj.slug or obj.slug in taken:  # new, or a town that is put into another event
            obj.slug = free_address(obj.name, taken)
        super().save_model(request, obj, form, change)


@admin.register(Event)
class EventAdmin(PlaceAdmin):
    list_display = ("name", "slug", "created_at")


@admin.register(Town)
class TownAdmin(PlaceAdmin):
    list_display = ("name", "event", "slug", "created_at")
    list_filter = ("event",)


def others_of(place: Event | Town, cleaned: Mapping[str, Any], **equal: Any) -> QuerySet[Any]:
    """The other events, or the other towns of the town's event."""
    if isinstance(place, Town):
        equal["event"] = cleaned.get("event")
    return type(place).objects.filter(**equal).exclude(pk=place.pk)


@admin.register(Scene)
class SceneAdmin(QualityAdmin, QuarantineAdmin, ReadOnlyAdmin):
    """To look at: scenes come in by the ingest commands, which check them.

    When they were taken and what they show can be said anew, photos can be found usable whatever their problems are,
    and all can be taken out of use.
    """

    quarantine, release = quarantine_scene, release_scene
    list_display = (
        "name",
        "town",
        "kind",
        "problem_names",
        "width_px",
        "height_px",
        "gsd_m",
        "has_position",
        "captured_at",
        "role",
        "is_quarantined",
    )
    actions: Any = ["take_out", "put_back", "find_usable", "count_problems_again"]
    list_filter = (
        "is_quarantined",
        ProblemFilter,
        "kind",
        "role",
        ("captured_at", admin.EmptyFieldListFilter),
        ("lon", admin.EmptyFieldListFilter),
        "town__event",
        "town",
    )
    search_fields = ("name", "sha256")
    editable = ("captured_at", "role")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        fields = [field.name for field in Scene._meta.fields if field.name not in self.editable]
        return ["problem_words", *fields]

    def save_model(self, request: HttpRequest, obj: Scene, form: Any, change: bool) -> None:
        taken = obj.captured_at if "captured_at" in form.changed_data else None
        is_undated = "captured_at" in form.changed_data and taken is None
        describe_scenes([obj], role=SceneRole(obj.role), taken=taken, is_undated=is_undated)

    @admin.display(boolean=True, description=_("position"))
    def has_position(self, scene: Scene) -> bool:
        return scene.lon is not None


@admin.register(SceneQuarantineStep)
class SceneQuarantineStepAdmin(ReadOnlyAdmin):
    """Who took which scene out of use, when and why: to look at."""

    list_display = ("scene", "is_out", "reason", "by", "at")
    list_select_related = ("scene", "by")


@admin.register(EventMembership)
class EventMembershipAdmin(admin.ModelAdmin[EventMembership]):
    """Who plays which role in which event: its role is changed here, and a member taken out of the event (deleted)."""

    list_display = ("person", "event", "role", "joined_at", "invitation")
    list_select_related = ("person", "event", "invitation")
    list_filter = ("event", "role")
    search_fields = ("person__username", "person__first_name")
    autocomplete_fields = ("person",)
    fields = ("person", "event", "role")

    def get_readonly_fields(
        self, request: HttpRequest, obj: EventMembership | None = None
    ) -> tuple[str, ...]:
        return ("person", "event") if obj else ()


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Made and revoked on the site's own page; nobody can read their links."""

    list_display = ("event", "role", "note", "made_at", "expires_at", "uses", "most_uses", "revoked_at")
    list_select_related = ("event",)
    list_filter = ("event", "role")
    fields = (*list_display, "made_by", "revoked_by")
