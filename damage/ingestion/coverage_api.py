"""The address at which the coverage of a town is asked for."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from damage.accounts.models import Role
from damage.fields import FiniteFloatField
from damage.ingestion.capture import SceneRole
from damage.ingestion.coverage import LEAST_GAP_M2
from damage.ingestion.joining.api_doors import VisibleRowField
from damage.ingestion.models import SceneKind, Town
from damage.ingestion.town_coverage import TownCoverage, town_coverage
from damage.permissions import ForAnalysts


class CoverageQuerySerializer(serializers.Serializer[Any]):
    """Whose coverage is asked for."""

    town = VisibleRowField(queryset=Town.objects.all(), least=Role.ANALYST)
    role = serializers.ChoiceField(choices=SceneRole.choices, required=False, allow_blank=True)
    kind = serializers.ChoiceField(choices=SceneKind.choices, required=False, allow_blank=True)
    day = serializers.DateField(required=False, help_text="of the flight, in the site's time zone")
    least_gap_m2 = FiniteFloatField(min_value=1, max_value=1e9, default=LEAST_GAP_M2)


class CoveragePropertiesSerializer(serializers.Serializer[Any]):
    """What a feature is: `flown` and each `gap` have an area; `cameras` are points."""

    what = serializers.ChoiceField(choices=["flown", "gap", "cameras", "cameras_without_footprint"])
    area_m2 = serializers.FloatField(required=False)
    lon = serializers.FloatField(required=False, help_text="of a place inside a gap")
    lat = serializers.FloatField(required=False, help_text="of a place inside a gap")


class CoverageFeatureSerializer(serializers.Serializer[Any]):
    """A GeoJSON feature."""

    type = serializers.CharField(help_text="Feature")
    geometry = serializers.JSONField(help_text="Polygon, MultiPolygon or MultiPoint")
    properties = CoveragePropertiesSerializer()


class CoverageSerializer(serializers.Serializer[TownCoverage]):
    """A GeoJSON FeatureCollection: what was flown, the gaps (the largest first), the cameras."""

    type = serializers.CharField(help_text="FeatureCollection")
    days = serializers.ListField(
        child=serializers.DateField(), help_text="on which the town was flown, whichever are asked for"
    )
    mosaics = serializers.IntegerField()
    photos = serializers.IntegerField()
    photos_without_footprint = serializers.IntegerField()
    features = CoverageFeatureSerializer(many=True)

    def to_representation(self, found: TownCoverage) -> dict[str, Any]:
        return {
            "type": "FeatureCollection",
            "days": found.days,
            "mosaics": found.mosaics,
            "photos": found.photos,
            "photos_without_footprint": found.photos_without_footprint,
            "features": list(_features(found)),
        }


def _features(found: TownCoverage) -> list[dict[str, Any]]:
    flown = found.flown
    features = []
    if flown.flown_4326:
        features.append(_feature(flown.flown_4326, what="flown", area_m2=round(flown.flown_m2, 1)))
    features += [
        _feature(gap.outline_4326, what="gap", area_m2=round(gap.area_m2, 1), lon=gap.lon, lat=gap.lat)
        for gap in flown.gaps
    ]
    for what in ("cameras", "cameras_without_footprint"):
        if points := getattr(found, what):
            features.append(_feature({"type": "MultiPoint", "coordinates": points}, what=what))
    return features


def _feature(geometry: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": properties}


class CoverageView(APIView):
    permission_classes = [ForAnalysts]

    @extend_schema(parameters=[CoverageQuerySerializer], responses={200: CoverageSerializer})
    def get(self, request: Request) -> Response:
        """Which ground of a town was flown, and the gaps that it leaves, as GeoJSON."""
        query = CoverageQuerySerializer(data=request.query_params, context={"person": request.user})
        query.is_valid(raise_exception=True)
        asked = {name: value for name, value in query.validated_data.items() if value != ""}
        return Response(CoverageSerializer(town_coverage(**asked)).data)
