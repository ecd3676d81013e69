"""The app's part of the API: (prefix, viewset) pairs and other paths, put together in `damage.urls`."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSetMixin

from damage.ingestion.models import Event, Scene, SceneKind, Town
from damage.ingestion.rasters import OutsideScene, jpeg, read_map_tile, read_pixel_tile
from damage.ingestion.serializers import EventSerializer, SceneSerializer, TownSerializer
from damage.permissions import ForTaggers

# A scene never changes, so its tiles may stay in the browser that was allowed to see them.
PRIVATE_WEEK = {"Cache-Control": "private, max-age=604800, immutable"}


class EventViewSet(ReadOnlyModelViewSet[Event]):
    """Disasters."""

    permission_classes = [ForTaggers]
    queryset = Event.objects.all()
    serializer_class = EventSerializer


class TownViewSet(ReadOnlyModelViewSet[Town]):
    """Places that an event struck."""

    permission_classes = [ForTaggers]
    queryset = Town.objects.select_related("event")
    serializer_class = TownSerializer
    filterset_fields = ["event"]


class SceneViewSet(ReadOnlyModelViewSet[Scene]):
    """Drone photos and orthomosaics."""

    permission_classes = [ForTaggers]
    queryset = Scene.objects.select_related("town__event").defer("crs_wkt")
    serializer_class = SceneSerializer
    filterset_fields = {
        "town": ["exact"],
        "town__event": ["exact"],
        "kind": ["exact"],
        "name": ["exact", "icontains"],
    }


class PixelTileView(APIView):
    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: int, **tile: Any) -> HttpResponse:
        """A 256 px tile in scene pixels; level z has 2^(max_zoom - z) scene pixels to a tile pixel."""
        scene = get_object_or_404(Scene, pk=pk)
        try:
            content = jpeg(read_pixel_tile(scene.view_path, **tile))
        except OutsideScene as error:
            raise Http404 from error
        return HttpResponse(content, content_type="image/jpeg", headers=PRIVATE_WEEK)


class MapTileView(APIView):
    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/webp"): OpenApiTypes.BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: int, **tile: Any) -> HttpResponse:
        """A web-mercator XYZ tile of an orthomosaic, transparent where there is no data."""
        scene = get_object_or_404(Scene, pk=pk, kind=SceneKind.MOSAIC)
        try:
            content = read_map_tile(scene.view_path, **tile)
        except OutsideScene as error:
            raise Http404 from error
        return HttpResponse(content, content_type="image/webp", headers=PRIVATE_WEEK)


routes: list[tuple[str, type[ViewSetMixin]]] = [
    ("events", EventViewSet),
    ("towns", TownViewSet),
    ("scenes", SceneViewSet),
]
urlpatterns: list[URLPattern] = [
    path(
        "scenes/<row:pk>/pixel-tiles/<zoom:z>/<tile:x>/<tile:y>.jpg",
        PixelTileView.as_view(),
        name="pixel-tile",
    ),
    path("scenes/<row:pk>/map-tiles/<zoom:z>/<tile:x>/<tile:y>.webp", MapTileView.as_view(), name="map-tile"),
]
