"""The app's part of the API: (prefix, viewset) pairs and other paths, put together in `damage.urls`."""

from collections.abc import Callable
from typing import Any, cast

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSetMixin

import damage.ingestion.uploads.api as uploads_api
from damage.accounts.models import User
from damage.ingestion.coverage_api import CoverageView
from damage.ingestion.joining.api_doors import visible_to_reader
from damage.ingestion.jpeg import encoded_jpeg
from damage.ingestion.map_tiles import read_map_tile
from damage.ingestion.models import (
    Event,
    EventQuerySet,
    Scene,
    SceneKind,
    SceneQuerySet,
    Town,
    TownQuerySet,
)
from damage.ingestion.quarantine import quarantine_scene, release_scene
from damage.ingestion.quarantine_doors import ReasonSerializer, in_use_or_asked_for, reason_in
from damage.ingestion.rasters import OutsideScene, read_pixel_tile
from damage.ingestion.serializers import EventSerializer, SceneSerializer, TownSerializer
from damage.permissions import ForAdmins, ForTaggers

# A scene never changes, so its tiles may stay in the browser that was allowed to see them.
PRIVATE_WEEK = {"Cache-Control": "private, max-age=604800, immutable"}


class EventViewSet(ReadOnlyModelViewSet[Event]):
    """Disasters."""

    permission_classes = [ForTaggers]
    queryset = Event.objects.all()
    serializer_class = EventSerializer

    def get_queryset(self) -> EventQuerySet:
        """The reader's own."""
        return visible_to_reader(Event.objects.all(), self)


class TownViewSet(ReadOnlyModelViewSet[Town]):
    """Places that an event struck."""

    permission_classes = [ForTaggers]
    queryset = Town.objects.select_related("event")
    serializer_class = TownSerializer
    filterset_fields = ["event"]

    def get_queryset(self) -> TownQuerySet:
        """Those of the reader's events."""
        return visible_to_reader(Town.objects.select_related("event"), self)


class SceneViewSet(ReadOnlyModelViewSet[Scene]):
    """Drone photos and orthomosaics."""

    permission_classes = [ForTaggers]
    queryset = (
        Scene.objects.in_use().select_related("town__event").prefetch_related("problems").defer("crs_wkt")
    )
    serializer_class = SceneSerializer
    filterset_fields = {
        "town": ["exact"],
        "town__event": ["exact"],
        "kind": ["exact"],
        "name": ["exact", "icontains"],
    }

    def get_queryset(self) -> SceneQuerySet:
        """Lists show what is in use; an admin opens the rest by number, and lists it with `?quarantined=1`."""
        scenes = Scene.objects.select_related("town__event").prefetch_related("problems").defer("crs_wkt")
        return in_use_or_asked_for(scenes, self)

    @extend_schema(request=ReasonSerializer, responses={200: SceneSerializer})
    @action(detail=True, methods=["post"], permission_classes=[ForAdmins])
    def quarantine(self, request: Request, pk: str) -> Response:
        """Take a scene and its crops out of use."""
        return self._set(quarantine_scene, request)

    @extend_schema(request=ReasonSerializer, responses={200: SceneSerializer})
    @action(detail=True, methods=["post"], permission_classes=[ForAdmins])
    def release(self, request: Request, pk: str) -> Response:
        """Put a scene back into use."""
        return self._set(release_scene, request)

    def _set(self, service: Callable[..., None], request: Request) -> Response:
        scene = self.get_object()
        service(scene, by=cast(User, request.user), reason=reason_in(request))
        return Response(self.get_serializer(scene).data)


class PixelTileView(APIView):
    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: int, **tile: Any) -> HttpResponse:
        """A 256 px tile in scene pixels; level z has 2^(max_zoom - z) scene pixels to a tile pixel."""
        scene = get_object_or_404(Scene.objects.visible_to(cast(User, request.user)), pk=pk)
        try:
            content = encoded_jpeg(read_pixel_tile(scene.view_path, **tile))
        except OutsideScene as error:
            raise Http404 from error
        return HttpResponse(content, content_type="image/jpeg", headers=PRIVATE_WEEK)


class MapTileView(APIView):
    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/webp"): OpenApiTypes.BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: int, **tile: Any) -> HttpResponse:
        """A web-mercator XYZ tile of an orthomosaic, transparent where there is no data."""
        scenes = Scene.objects.visible_to(cast(User, request.user))
        scene = get_object_or_404(scenes, pk=pk, kind=SceneKind.MOSAIC)
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
    *uploads_api.urlpatterns,
    path("coverage/", CoverageView.as_view(), name="coverage"),
    path(
        "scenes/<row:pk>/pixel-tiles/<zoom:z>/<tile:x>/<tile:y>.jpg",
        PixelTileView.as_view(),
        name="pixel-tile",
    ),
    path("scenes/<row:pk>/map-tiles/<zoom:z>/<tile:x>/<tile:y>.webp", MapTileView.as_view(), name="map-tile"),
]
