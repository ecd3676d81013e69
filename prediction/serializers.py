"""How runs and detections look in the API."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from damage.fields import FiniteFloatField
from damage.ingestion.capture import SceneRole
from damage.ingestion.models import Scene, SceneKind
from damage.ingestion.scene_places import box_ring
from damage.messages import worded
from prediction.lookup import page_of
from prediction.models import Detection, PredictionRun
from prediction.undamaged_ground import DEFAULT_SHARE
from training.models import ModelRun


def photo_url(run: PredictionRun) -> str | None:
    """The page that shows what a run found in a photo; None where it looked at a mosaic."""
    return page_of(run) if run.scene.kind == SceneKind.PHOTO else None


class PredictionRunSerializer(serializers.ModelSerializer[PredictionRun]):
    """A run: what was run over what, how far it is, and where its files are."""

    scene_name = serializers.CharField(source="scene.name")
    scene_kind = serializers.ChoiceField(source="scene.kind", choices=SceneKind.choices)
    scene_role = serializers.ChoiceField(source="scene.role", choices=SceneRole.choices)
    town = serializers.IntegerField(source="scene.town_id")
    town_name = serializers.CharField(source="scene.town.name")
    event = serializers.IntegerField(source="scene.town.event_id")
    event_name = serializers.CharField(source="scene.town.event.name")
    detection_count = serializers.IntegerField()
    pixels_done = serializers.IntegerField(source="units_done", help_text="scene pixels that are settled")
    pixels_total = serializers.IntegerField(source="units_total", help_text="scene pixels in all")
    speed_mpx_s = serializers.FloatField(allow_null=True)
    seconds_left = serializers.FloatField(allow_null=True)
    can_cancel = serializers.BooleanField()
    can_continue = serializers.BooleanField()
    is_stalled = serializers.BooleanField(
        help_text="Should be at work, but its worker gives no sign of life."
    )
    parameters = serializers.SerializerMethodField()
    heat_tiles = serializers.SerializerMethodField(help_text="Address of tiles with {z}/{x}/{y}, or null.")
    photo_url = serializers.SerializerMethodField(help_text="The page that shows a photo's boxes; else null.")
    geojson_url = serializers.SerializerMethodField()
    shapefile_url = serializers.SerializerMethodField()

    class Meta:
        model = PredictionRun
        fields = [
            "id", "scene", "scene_name", "scene_kind", "scene_role", "town", "town_name", "event", "event_name",
            "model_run",
            "status", "error", "pixels_done", "pixels_total", "speed_mpx_s", "seconds_left", "can_cancel",
            "can_continue", "is_stalled", "heat_tiles", "windows_total", "threshold", "detection_count",
            "parameters", "timings_s", "result_sha256", "created_at", "started_at", "finished_at",
            "photo_url", "geojson_url", "shapefile_url",
        ]  # fmt: skip
        read_only_fields = fields

    def get_parameters(self, run: PredictionRun) -> dict[str, Any]:
        """With its warnings and reasons in the reader's language."""
        parameters: dict[str, Any] = worded(run.parameters)
        return parameters

    def get_heat_tiles(self, run: PredictionRun) -> str | None:
        if not run.heat_file or not run.is_mapped:  # type: ignore[attr-defined]
            return None
        address = reverse("api:heat-tile", args=[run.pk, 0, 0, 0])
        return address.removesuffix("0/0/0.webp") + "{z}/{x}/{y}.webp"

    def get_photo_url(self, run: PredictionRun) -> str | None:
        return photo_url(run)

    def get_geojson_url(self, run: PredictionRun) -> str | None:
        return reverse("api:prediction-run-geojson", args=[run.pk]) if run.geojson_file else None

    def get_shapefile_url(self, run: PredictionRun) -> str | None:
        return reverse("api:prediction-run-shapefile", args=[run.pk]) if run.shapefile_zip else None


class PredictionRequestSerializer(serializers.Serializer[Any]):
    """What to predict."""

    scene = serializers.PrimaryKeyRelatedField(queryset=Scene.objects.all())
    model_run = serializers.PrimaryKeyRelatedField(
        queryset=ModelRun.objects.filter(stage=ModelRun.Stage.PROMOTED), help_text="a promoted model"
    )
    threshold = FiniteFloatField(min_value=0, max_value=1, required=False, allow_null=True)


class ThresholdSerializer(serializers.Serializer[Any]):
    """What a finished run's threshold is to be: a number, or what imagery from before the event says."""

    threshold = FiniteFloatField(min_value=0, max_value=1, required=False)
    undamaged_run = serializers.PrimaryKeyRelatedField(
        queryset=PredictionRun.objects.in_use(),
        required=False,
        help_text="a finished run of the same model over imagery from before the event",
    )
    share = FiniteFloatField(
        min_value=0,
        max_value=1,
        default=DEFAULT_SHARE,
        help_text="share of the undamaged run's windows that may be called, below 1",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("threshold" in attrs) == ("undamaged_run" in attrs):
            raise serializers.ValidationError(
                gettext("Give a threshold or a run over undamaged ground: one of the two.")
            )
        return attrs


class PointSerializer(serializers.Serializer[Any]):
    """A GeoJSON point."""

    type = serializers.ChoiceField(choices=["Point"])
    coordinates = serializers.ListField(child=serializers.FloatField(), min_length=2, max_length=2)


class DetectionPropertiesSerializer(serializers.ModelSerializer[Detection]):
    """What is known of a detection besides its place."""

    box_4326 = serializers.SerializerMethodField(
        help_text="The box's ring of five lon, lat; null in a photo whose ground is unknown."
    )
    is_approximate = serializers.BooleanField(
        help_text="Found in a photo: the position is on flat ground by the camera's pose, else the camera's, or null."
    )
    photo_url = serializers.SerializerMethodField(help_text="The page that shows it in its photo; else null.")
    thumbnail = serializers.SerializerMethodField(help_text="Address of a picture of the place.")

    class Meta:
        model = Detection
        fields = [
            "id", "run", "score", "address", "x_px", "y_px", "width_px", "height_px", "box_4326",
            "is_approximate", "photo_url", "thumbnail",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(
        serializers.ListField(child=serializers.ListField(child=serializers.FloatField()), allow_null=True)
    )
    def get_box_4326(self, detection: Detection) -> list[tuple[float, float]] | None:
        box = (detection.x_px, detection.y_px, detection.width_px, detection.height_px)
        return box_ring(detection.run.scene, box)

    def get_photo_url(self, detection: Detection) -> str | None:
        page = photo_url(detection.run)
        return page and f"{page}&place={detection.pk}"

    def get_thumbnail(self, detection: Detection) -> str:
        return reverse("api:detection-thumbnail", args=[detection.pk])


class DetectionSerializer(serializers.Serializer[Detection]):
    """A detection as a GeoJSON feature."""

    type = serializers.ChoiceField(choices=["Feature"])
    id = serializers.IntegerField()
    geometry = PointSerializer(allow_null=True)
    properties = DetectionPropertiesSerializer()

    def to_representation(self, detection: Detection) -> dict[str, Any]:
        is_located = detection.lon is not None and detection.lat is not None
        return {
            "type": "Feature",
            "id": detection.pk,
            "geometry": {"type": "Point", "coordinates": [detection.lon, detection.lat]}
            if is_located
            else None,
            "properties": self.fields["properties"].to_representation(detection),
        }
