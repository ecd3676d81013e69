"""The app's part of the API: (prefix, viewset) pairs and other paths, put together in `damage.urls`."""

from typing import Any, cast

from django.db.models import QuerySet
from django.urls import URLPattern, path
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.generics import ListAPIView
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSetMixin

from damage.accounts.models import User
from damage.permissions import ForAdmins, ForAnalysts, ForTaggers
from training.inference import NoModel, answer_for_square
from training.models import ModelRun, ModelRunCrop
from training.serializers import (
    ModelAnswerSerializer,
    ModelRunCropSerializer,
    ModelRunSerializer,
    SquareSerializer,
    TrainingRequestSerializer,
)
from training.services import Recipe, cancel, request_training


class ModelRunFilter(filters.FilterSet):
    question = filters.CharFilter(field_name="question__slug")

    class Meta:
        model = ModelRun
        fields = ["question", "status", "backbone"]


class ModelRunViewSet(mixins.CreateModelMixin, ReadOnlyModelViewSet[ModelRun]):
    """Trainings and what came of them. Admins ask for new ones, which a worker carries out."""

    queryset = ModelRun.objects.select_related("question", "requested_by").prefetch_related("files")
    serializer_class = ModelRunSerializer
    filterset_class = ModelRunFilter

    def get_permissions(self) -> list[BasePermission]:
        return [ForAdmins()] if self.action in ("create", "cancel") else [ForAnalysts()]

    @extend_schema(request=TrainingRequestSerializer, responses={202: ModelRunSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        wanted = TrainingRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        chosen = dict(wanted.validated_data)
        requested_by = request.user if isinstance(request.user, User) else None
        run = request_training(chosen.pop("question"), Recipe(**chosen), requested_by=requested_by)
        return self._accepted(run)

    @extend_schema(request=None, responses={202: ModelRunSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a training that waits or goes on; nothing of it stays but its row."""
        run = self.get_object()
        cancel(run, by=cast(User, request.user))
        return self._accepted(run)

    def _accepted(self, run: ModelRun) -> Response:
        return Response(self.get_serializer(run).data, status=status.HTTP_202_ACCEPTED)


class ModelRunCrops(ListAPIView[ModelRunCrop]):
    """Every crop of a training with its part, its answer and its score."""

    permission_classes = [ForAnalysts]
    queryset = ModelRunCrop.objects.order_by("pk")
    serializer_class = ModelRunCropSerializer
    filterset_fields = ["part", "is_positive"]

    def get_queryset(self) -> QuerySet[ModelRunCrop]:
        return self.queryset.filter(model_run=self.kwargs.get("pk"))


class ModelAnswerView(APIView):
    """Ask the current model about a square; nothing is stored."""

    permission_classes = [ForTaggers]

    @extend_schema(request=SquareSerializer, responses={200: ModelAnswerSerializer})
    def post(self, request: Request) -> Response:
        square = SquareSerializer(data=request.data)
        square.is_valid(raise_exception=True)
        try:
            answer = answer_for_square(**square.validated_data)
        except NoModel as error:
            body = {"detail": str(error.reason), "remedy": str(error.remedy)}
            return Response(body, status=status.HTTP_409_CONFLICT)
        return Response(ModelAnswerSerializer(answer).data)


routes: list[tuple[str, type[ViewSetMixin]]] = [("model-runs", ModelRunViewSet)]
urlpatterns: list[URLPattern] = [
    path("model-answer/", ModelAnswerView.as_view(), name="model-answer"),
    path("model-runs/<int:pk>/crops/", ModelRunCrops.as_view(), name="model-run-crops"),
]
