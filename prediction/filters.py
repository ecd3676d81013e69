"""What runs and detections can be filtered by."""

import math
from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from damage.ingestion.models import Event, Town
from prediction.models import Detection, PredictionRun


class PredictionRunFilter(django_filters.FilterSet):
    town = django_filters.ModelChoiceFilter(field_name="scene__town", queryset=Town.objects.all())
    event = django_filters.ModelChoiceFilter(field_name="scene__town__event", queryset=Event.objects.all())

    class Meta:
        model = PredictionRun
        fields = ["scene", "town", "event", "status", "model_run"]


class DetectionFilter(django_filters.FilterSet):
    bbox = django_filters.CharFilter(
        method="inside", help_text="west,south,east,north in degrees; west > east crosses the antimeridian"
    )
    min_score = django_filters.NumberFilter(
        field_name="score",
        lookup_expr="gte",
        min_value=0,
        max_value=1,
        help_text="default: each run's threshold",
    )

    class Meta:
        model = Detection
        fields = ["run", "bbox", "min_score"]

    def inside(self, detections: QuerySet[Detection], name: str, value: str) -> QuerySet[Any]:
        west, south, east, north = parsed_bbox(value)
        across = Q(lon__gte=west) | Q(lon__lte=east) if west > east else Q(lon__range=(west, east))
        return detections.filter(across, lat__range=(south, north))


def parsed_bbox(value: str) -> tuple[float, float, float, float]:
    """West, south, east, north of "w,s,e,n"; raises `ValidationError` that says what is wrong."""
    try:
        west, south, east, north = (float(side) for side in value.split(","))
    except ValueError:
        raise ValidationError({"bbox": [_("Give four numbers: west,south,east,north.")]}) from None
    if not all(math.isfinite(side) for side in (west, south, east, north)):
        raise ValidationError({"bbox": [_("Give finite numbers.")]})
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise ValidationError({"bbox": [_("Longitudes go from -180 to 180, latitudes from -90 to 90.")]})
    if south > north:
        raise ValidationError({"bbox": [_("South lies above north.")]})
    return west, south, east, north
