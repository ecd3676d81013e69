"""The app's part of the API: (prefix, viewset) pairs and other paths, put together in `damage.urls`."""

from pathlib import Path
from typing import Any, cast

from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ReadOnlyModelViewSet, ViewSetMixin

from damage.accounts.models import User
from damage.ingestion.joining.api_doors import visible_to_reader
from damage.ingestion.rasters import OutsideScene
from damage.ingestion.scene_sources import checked_path
from damage.pagination import Pages
from damage.permissions import ForAdmins, ForAnalysts
from prediction.filters import DetectionFilter, PredictionRunFilter
from prediction.heat_tiles import read_heat_tile
from prediction.models import Detection, DetectionQuerySet, PredictionRun, PredictionRunQuerySet
from prediction.serializers import (
    DetectionSerializer,
    PredictionRequestSerializer,
    PredictionRunSerializer,
    ThresholdSerializer,
)
from prediction.services import cancel, request_continuation, request_prediction, rethreshold
from prediction.thumbnails import read_thumbnail, thumbnail_square
from prediction.undamaged_ground import set_threshold_by_undamaged

PRIVATE_DAY = "private, max-age=86400"


class GeoJsonRenderer(JSONRenderer):
    media_type = "application/geo+json"
    format = "geojson"


class FeaturePages(Pages):
    """Pages of a list as GeoJSON feature collections."""

    def get_paginated_response(self, data: Any) -> Response:
        pages = super().get_paginated_response(data).data
        members = {name: pages[name] for name in ("count", "next", "previous")}
        return Response({"type": "FeatureCollection", **members, "features": pages["results"]})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        pages = super().get_paginated_response_schema(schema)
        members = {name: pages["properties"][name] for name in ("count", "next", "previous")}
        kind = {"type": "string", "enum": ["FeatureCollection"]}
        return {
            "type": "object",
            "required": ["type", "count", "features"],
            "properties": {"type": kind, **members, "features": schema},
        }


class PredictionRunViewSet(mixins.CreateModelMixin, ReadOnlyModelViewSet[PredictionRun]):
    """Models run over orthomosaics and photos. Admins ask for new ones, which a worker carries out."""

    queryset = PredictionRun.objects.with_detection_counts().with_places()
    serializer_class = PredictionRunSerializer
    filterset_class = PredictionRunFilter

    def get_queryset(self) -> PredictionRunQuerySet:
        """Lists show runs over scenes in use; an admin opens the rest by number."""
        runs = cast(PredictionRunQuerySet, super().get_queryset())
        runs = visible_to_reader(runs, self)
        return runs.in_use() if self.action == "list" else runs

    def get_permissions(self) -> list[BasePermission]:
        for_admins = self.action in ("create", "cancel", "continue_run", "set_threshold")
        return [ForAdmins()] if for_admins else [ForAnalysts()]

    @extend_schema(request=PredictionRequestSerializer, responses={202: PredictionRunSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        wanted = PredictionRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        requested_by = request.user if isinstance(request.user, User) else None
        run = request_prediction(requested_by=requested_by, **wanted.validated_data)
        return self._accepted(run)

    @extend_schema(request=None, responses={202: PredictionRunSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a run that waits or works; what is settled stays for a continuation."""
        run = self.get_object()
        cancel(run, by=cast(User, request.user))
        return self._accepted(run)

    @extend_schema(request=None, responses={202: PredictionRunSerializer})
    @action(detail=True, methods=["post"], url_path="continue")
    def continue_run(self, request: Request, pk: str) -> Response:
        """Queue a run that failed or was cancelled once more; what is settled is not done again."""
        run = self.get_object()
        request_continuation(run)
        return self._accepted(run)

    @extend_schema(request=ThresholdSerializer, responses={200: PredictionRunSerializer})
    @action(detail=True, methods=["post"], url_path="threshold")
    def set_threshold(self, request: Request, pk: str) -> Response:
        """Set the threshold of a finished run: its places and files change, the network is not asked.

        Either to a number, or so that at most a share of the windows of `undamaged_run`, over imagery from before the
        event, would be called.
        """
        run = self.get_object()
        wanted = ThresholdSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        if undamaged := wanted.validated_data.get("undamaged_run"):
            set_threshold_by_undamaged(run, undamaged, share=wanted.validated_data["share"])
        else:
            rethreshold(run, threshold=wanted.validated_data["threshold"])
        return self._accepted(run, status.HTTP_200_OK)

    def _accepted(self, run: PredictionRun, code: int = status.HTTP_202_ACCEPTED) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=run.pk)).data, status=code)


class DetectionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Detection]):
    """Predicted damage of finished runs, as GeoJSON; best scores first.

    Without `min_score` a list holds what reaches each run's own threshold.
    """

    permission_classes = [ForAnalysts]
    queryset = Detection.objects.of_finished_runs().with_scenes()
    serializer_class = DetectionSerializer
    filterset_class = DetectionFilter
    pagination_class = FeaturePages
    renderer_classes = [JSONRenderer, GeoJsonRenderer]

    def get_queryset(self) -> DetectionQuerySet:
        detections = visible_to_reader(self.queryset, self).in_use()
        if self.action != "list" or self.request.query_params.get("min_score"):
            return detections
        return detections.above_their_threshold()


class _RunFileView(APIView):
    permission_classes = [ForAnalysts]
    field: str
    media_type: str
    suffix: str

    def file_of(self, pk: int) -> FileResponse:
        runs = PredictionRun.objects.visible_to(cast(User, self.request.user))
        run = get_object_or_404(runs, pk=pk)
        stored = getattr(run, self.field)
        if not stored:
            raise Http404
        return FileResponse(
            stored.open("rb"),
            as_attachment=True,
            filename=f"damage-prediction-{run.pk}.{self.suffix}",
            content_type=self.media_type,
        )


class GeoJsonExportView(_RunFileView):
    permission_classes = [ForAnalysts]
    field, media_type, suffix = "geojson_file", "application/geo+json", "geojson"

    @extend_schema(responses={(200, "application/geo+json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, pk: int) -> FileResponse:
        """All detections of a run as a GeoJSON file."""
        return self.file_of(pk)


class ShapefileExportView(_RunFileView):
    permission_classes = [ForAnalysts]
    field, media_type, suffix = "shapefile_zip", "application/zip", "zip"

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> FileResponse:
        """All detections of a run as a zipped ESRI shapefile."""
        return self.file_of(pk)


class HeatTileView(APIView):
    permission_classes = [ForAnalysts]

    @extend_schema(responses={(200, "image/webp"): OpenApiTypes.BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: int, **tile: Any) -> HttpResponse:
        """A web-mercator XYZ tile of a run's heat map: the score of the window around every spot, as a colour."""
        runs = PredictionRun.objects.visible_to(cast(User, request.user))
        run = get_object_or_404(runs, pk=pk)
        if not run.heat_file or not run.scene.crs_wkt:
            raise Http404
        try:
            content = read_heat_tile(Path(run.heat_file.path), **tile)
        except OutsideScene as error:
            raise Http404 from error
        return HttpResponse(content, content_type="image/webp", headers={"Cache-Control": PRIVATE_DAY})


class ThumbnailView(APIView):
    permission_classes = [ForAnalysts]

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """A picture of the place with some surroundings."""
        person = cast(User, request.user)
        detections = Detection.objects.of_finished_runs().visible_to(person).select_related("run__scene")
        detection = get_object_or_404(detections, pk=pk)
        scene = detection.run.scene
        box = (detection.x_px, detection.y_px, detection.width_px, detection.height_px)
        square = thumbnail_square(box, scene_width_px=scene.width_px, scene_height_px=scene.height_px)
        content = read_thumbnail(checked_path(scene), square, orientation=scene.exif_orientation)
        return HttpResponse(content, content_type="image/jpeg", headers={"Cache-Control": PRIVATE_DAY})


routes: list[tuple[str, type[ViewSetMixin]]] = [
    ("prediction-runs", PredictionRunViewSet),
    ("detections", DetectionViewSet),
]
urlpatterns: list[URLPattern] = [
    path(
        "prediction-runs/<row:pk>/export.geojson", GeoJsonExportView.as_view(), name="prediction-run-geojson"
    ),
    path(
        "prediction-runs/<row:pk>/export.zip", ShapefileExportView.as_view(), name="prediction-run-shapefile"
    ),
    path(
        "prediction-runs/<row:pk>/heat-tiles/<zoom:z>/<tile:x>/<tile:y>.webp",
        HeatTileView.as_view(),
        name="heat-tile",
    ),
    path("detections/<row:pk>/thumbnail.jpg", ThumbnailView.as_view(), name="detection-thumbnail"),
]
