"""The app's part of the API: (prefix, viewset) pairs and other paths, put together in `damage.urls`."""

from collections.abc import Callable
from mimetypes import guess_type
from typing import cast

from django.db.models import QuerySet
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.mixins import DestroyModelMixin, ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet, ReadOnlyModelViewSet, ViewSetMixin

from damage.accounts.models import Role, User
from damage.filters import RowFilter
from damage.ingestion.joining.api_doors import no_such_scene
from damage.ingestion.joining.membership import OutsideEvent
from damage.ingestion.jpeg import encoded_jpeg
from damage.ingestion.models import Scene
from damage.ingestion.quarantine_doors import ReasonSerializer, in_use_or_asked_for, reason_in
from damage.ingestion.rasters import OutsideScene
from damage.parsing import is_storable_text
from damage.permissions import ForAdmins, ForTaggers
from tagging import question_api, services
from tagging.answers import LONGEST_KEY
from tagging.cell_answers import answers_of, asked_cells
from tagging.limits import check_size
from tagging.models import Crop, CropQuerySet, Question, Tag
from tagging.pictures import read_picture
from tagging.quarantine import quarantine_crop, release_crop
from tagging.question_api import QuestionViewSet
from tagging.queue import MOST_AT_ONCE, live_event, next_squares, why_asked
from tagging.quotas import check_quota
from tagging.serializers import (
    CropSerializer,
    NewAnswerSerializer,
    NewTagSerializer,
    QueueQuerySerializer,
    QueueSerializer,
    SceneCellsSerializer,
    StoredTagSerializer,
    TagSerializer,
)
from tagging.services import check_open
from tagging.squares import Square

# A crop's pixels never change, so a browser may keep them; nobody in between may.
KEEP = "private, max-age=604800, immutable"


class CropViewSet(ReadOnlyModelViewSet):
    """Squares that somebody tagged; who answered what is not said here."""

    permission_classes = [ForTaggers]
    queryset = Crop.objects.in_use()
    serializer_class = CropSerializer
    filterset_fields = ["scene", "town"]

    def get_queryset(self) -> CropQuerySet:
        """Lists show what is in use; an admin opens the rest by number, and lists it with `?quarantined=1`."""
        return cast(CropQuerySet, in_use_or_asked_for(Crop.objects.all(), self))

    @extend_schema(request=ReasonSerializer, responses={200: CropSerializer})
    @action(detail=True, methods=["post"], permission_classes=[ForAdmins])
    def quarantine(self, request: Request, pk: str) -> Response:
        """Take a crop out of use."""
        return self._set(quarantine_crop, request)

    @extend_schema(request=ReasonSerializer, responses={200: CropSerializer})
    @action(detail=True, methods=["post"], permission_classes=[ForAdmins])
    def release(self, request: Request, pk: str) -> Response:
        """Put a crop back into use."""
        return self._set(release_crop, request)

    def _set(self, service: Callable[..., None], request: Request) -> Response:
        crop = self.get_object()
        service(crop, by=cast(User, request.user), reason=reason_in(request))
        return Response(self.get_serializer(crop).data)


class CropImage(APIView):
    """A crop's pixels as they are trained on; 503 while those of a photo's square are still being cut."""

    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/png"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        crop = _crop(pk, request)
        if not crop.sha256:
            return HttpResponse(services.picture_png(crop), content_type="image/png")
        try:
            image = crop.image.open()
        except FileNotFoundError as error:
            raise NotFound from error
        content_type = guess_type(str(crop.image.name))[0]
        return FileResponse(image, content_type=content_type, headers={"Cache-Control": KEEP})


class CropThumbnail(APIView):
    """A crop as a JPEG of a few kilobytes."""

    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponse:
        try:
            small = services.thumbnail(_crop(pk, request))
        except FileNotFoundError as error:
            raise NotFound from error
        return HttpResponse(small, content_type="image/jpeg", headers={"Cache-Control": KEEP})


def _crop(pk: int, request: Request) -> Crop:
    """A crop that the person may see, with what is needed to read its scene's pixels."""
    crops = Crop.objects.visible_to(cast(User, request.user)).select_related("scene")
    return get_object_or_404(crops.defer("scene__footprint_4326"), pk=pk)


class SceneCells(APIView):
    """The squares that a scene is asked about by, and what one has answered in it."""

    permission_classes = [ForTaggers]

    @extend_schema(
        parameters=[OpenApiParameter("question", str, required=True, description="the question's slug")],
        responses=SceneCellsSerializer,
    )
    def get(self, request: Request, pk: int) -> Response:
        person = cast(User, request.user)
        scene = get_object_or_404(Scene.objects.visible_to(person).defer("footprint_4326"), pk=pk)
        slug = request.query_params.get("question", "")
        if not is_storable_text(slug):
            raise NotFound
        question = get_object_or_404(Question, slug=slug)
        found = asked_cells(scene, question)
        facts = {
            "size_px": found.cells.size_px,
            "xs": found.cells.xs,
            "ys": found.cells.ys,
            "asked": found.bits,
            "mine": answers_of(person, scene, question),
        }
        return Response(facts)


class SquarePicture(APIView):
    """A square in its surroundings, as one JPEG."""

    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY, 404: OpenApiResponse()})
    def get(self, request: Request, pk: int, x: int, y: int, size: int) -> HttpResponse:
        scene = get_object_or_404(Scene.objects.visible_to(cast(User, request.user)), pk=pk)
        try:
            check_size(size)
            picture = read_picture(scene.view_path, Square(x, y, size))
        except OutsideScene as error:
            raise NotFound from error
        return HttpResponse(encoded_jpeg(picture), content_type="image/jpeg", headers={"Cache-Control": KEEP})


class Queue(APIView):
    """What to answer next."""

    permission_classes = [ForTaggers]

    @extend_schema(
        parameters=[
            OpenApiParameter("question", str, required=True, description="the question's slug"),
            OpenApiParameter(
                "event", int, description="an event's number; else the one with the newest imagery"
            ),
            OpenApiParameter("count", int, description=f"how many, 1 to {MOST_AT_ONCE}; else 10"),
        ],
        responses=QueueSerializer,
    )
    def get(self, request: Request) -> Response:
        person = cast(User, request.user)
        wanted = QueueQuerySerializer(data=request.query_params, context={"person": person})
        wanted.is_valid(raise_exception=True)
        given = wanted.validated_data
        question, event = given["question"], given["event"] or live_event(person)
        check_open(question)
        squares = next_squares(person, question, event, given["count"]) if event else []
        found = {"event": event and event.pk, "event_name": event.name if event else "", "squares": squares}
        context = {"person": person, "question": question}
        return Response(QueueSerializer(found, context=context).data)


class TagFilter(filters.FilterSet):
    mine = filters.BooleanFilter(method="keep_mine", label="only one's own")
    question = filters.CharFilter(field_name="question__slug")
    answer = filters.CharFilter(max_length=LONGEST_KEY)
    scene = RowFilter(field_name="crop__scene")
    town = RowFilter(field_name="crop__town")

    class Meta:
        model = Tag
        fields = ["mine", "question", "answer", "scene", "town"]

    def keep_mine(self, tags: QuerySet[Tag], name: str, is_mine: bool) -> QuerySet[Tag]:
        return tags.filter(tagger=self.request.user) if is_mine else tags


class TagViewSet(ListModelMixin, RetrieveModelMixin, DestroyModelMixin, GenericViewSet):
    """Tags, newest first. What is not one's own cannot be told from what is not there, except by those who check."""

    permission_classes = [ForTaggers]
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    filterset_class = TagFilter

    def get_queryset(self) -> QuerySet[Tag]:
        """Of the tags that the person sees, those that they may do this with."""
        person = cast(User, self.request.user)
        tags = Tag.objects.visible_to(person).with_places()
        if self.action == "list":
            tags = tags.in_use()  # a tag can still be opened and deleted
        is_theirs_alone = self.action == "partial_update" or (
            self.action == "destroy" and not person.plays(Role.ADMIN)
        )
        return tags.filter(tagger=person) if is_theirs_alone else tags

    @extend_schema(request=NewTagSerializer, responses={201: StoredTagSerializer})
    def create(self, request: Request) -> Response:
        """Answer for a square; a second answer for the same square replaces the first."""
        given = NewTagSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        person, wanted = cast(User, request.user), given.validated_data
        square = Square(wanted["x_px"], wanted["y_px"], wanted["size_px"])
        place = {"question": wanted["question"], "scene": wanted["scene"], "square": square}
        wanted["asked"] = why_asked(wanted.pop("receipt"), person=person, **place)
        check_quota(person, wanted["question"], wanted["scene"], wanted["size_px"])
        try:
            tag = services.record_tag(tagger=person, **wanted)
        except OutsideEvent as error:
            raise no_such_scene(wanted["scene"].pk) from error
        return Response(StoredTagSerializer(tag).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=NewAnswerSerializer, responses=TagSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change the answer."""
        given = NewAnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        tag, person = self.get_object(), cast(User, request.user)
        check_quota(person, tag.question)  # no new square
        tag = services.change_tag(tag, by=person, **given.validated_data)
        return Response(TagSerializer(tag).data)

    def perform_destroy(self, tag: Tag) -> None:
        services.delete_tag(tag, by=cast(User, self.request.user))


routes: list[tuple[str, type[ViewSetMixin]]] = [
    ("questions", QuestionViewSet),
    ("crops", CropViewSet),
    ("tags", TagViewSet),
]
urlpatterns: list[URLPattern] = [
    *question_api.urlpatterns,
    path("scenes/<row:pk>/cells/", SceneCells.as_view(), name="scene-cells"),
    path(
        "scenes/<row:pk>/squares/<tile:x>/<tile:y>/<tile:size>.jpg",
        SquarePicture.as_view(),
        name="square-picture",
    ),
    path("queue/", Queue.as_view(), name="queue"),
    path("crops/<row:pk>/image.png", CropImage.as_view(), name="crop-image"),
    path("crops/<row:pk>/thumbnail.jpg", CropThumbnail.as_view(), name="crop-thumbnail"),
]
