from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from damage.ingestion.models import Event, Scene, SceneQuarantineStep, Town
from damage.ingestion.quarantine import quarantine_scene, release_scene
from damage.ingestion.quarantine_admin import QuarantineAdmin
from damage.read_only_admin import ReadOnlyAdmin


@admin.register(Event)
class EventAdmin(admin.ModelAdmin[Event]):
    list_display = ("name", "created_at")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Town)
class TownAdmin(admin.ModelAdmin[Town]):
    list_display = ("name", "event", "created_at")
    list_filter = ("event",)
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Scene)
class SceneAdmin(QuarantineAdmin, ReadOnlyAdmin):
    """To look at: scenes come in by the ingest commands, which check them. They can be taken out of use."""

    quarantine, release = quarantine_scene, release_scene
    list_display = (
        "name",
        "town",
        "kind",
        "width_px",
        "height_px",
        "gsd_m",
        "has_position",
        "captured_at",
        "is_quarantined",
    )
    list_filter = ("is_quarantined", "kind", ("lon", admin.EmptyFieldListFilter), "town__event", "town")
    search_fields = ("name", "sha256")

    @admin.display(boolean=True, description=_("position"))
    def has_position(self, scene: Scene) -> bool:
        return scene.lon is not None


@admin.register(SceneQuarantineStep)
class SceneQuarantineStepAdmin(ReadOnlyAdmin):
    """Who took which scene out of use, when and why: to look at."""

    list_display = ("scene", "is_out", "reason", "by", "at")
    list_select_related = ("scene", "by")
