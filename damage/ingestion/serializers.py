"""How events, towns and scenes look in the API. Nothing here touches the disk."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from shapely.geometry import shape

from damage.ingestion.models import Event, Scene, SceneKind, SceneProblem, Town
from damage.ingestion.rasters import max_zoom


class EventSerializer(serializers.ModelSerializer[Event]):
    class Meta:
        model = Event
        fields = ["id", "name", "slug", "created_at"]


class TownSerializer(serializers.ModelSerializer[Town]):
    event_name = serializers.CharField(source="event.name")

    class Meta:
        model = Town
        fields = ["id", "event", "event_name", "name", "slug", "created_at"]


class SceneProblemSerializer(serializers.ModelSerializer[SceneProblem]):
    """What is wrong with a photo for finding damage; `words` are for its reader."""

    words = serializers.CharField(read_only=True)

    class Meta:
        model = SceneProblem
        fields = ["code", "figure", "like", "words"]


class SceneSerializer(serializers.ModelSerializer[Scene]):
    """A scene with the addresses of its tiles; `{z}`, `{x}`, `{y}` stand for a tile."""

    town_name = serializers.CharField(source="town.name")
    event = serializers.IntegerField(source="town.event_id")
    event_name = serializers.CharField(source="town.event.name")
    problems = SceneProblemSerializer(many=True, read_only=True)
    bounds_4326 = serializers.SerializerMethodField()
    max_zoom = serializers.SerializerMethodField()
    pixel_tiles = serializers.SerializerMethodField()
    map_tiles = serializers.SerializerMethodField()

    class Meta:
        model = Scene
        fields = [
            "id",
            "town",
            "town_name",
            "event",
            "event_name",
            "kind",
            "name",
            "width_px",
            "height_px",
            "gsd_m",
            "gsd_source",
            "lon",
            "lat",
            "altitude_m",
            "height_above_ground_m",
            "gimbal_pitch_deg",
            "sharpness",
            "problems",
            "usable_at",
            "captured_at",
            "captured_from",
            "role",
            "camera_make",
            "camera_model",
            "footprint_4326",
            "ground_source",
            "bounds_4326",
            "max_zoom",
            "pixel_tiles",
            "map_tiles",
            "is_quarantined",
            "created_at",
        ]

    @extend_schema_field({"type": "array", "items": {"type": "number"}, "nullable": True})
    def get_bounds_4326(self, scene: Scene) -> list[float] | None:
        """West, south, east, north in degrees."""
        return list(shape(scene.footprint_4326).bounds) if scene.footprint_4326 else None

    def get_max_zoom(self, scene: Scene) -> int:
        return max_zoom(scene.width_px, scene.height_px)

    def get_pixel_tiles(self, scene: Scene) -> str:
        return f"/api/v1/scenes/{scene.pk}/pixel-tiles/{{z}}/{{x}}/{{y}}.jpg"

    def get_map_tiles(self, scene: Scene) -> str | None:
        if scene.kind != SceneKind.MOSAIC:
            return None
        return f"/api/v1/scenes/{scene.pk}/map-tiles/{{z}}/{{x}}/{{y}}.webp"
