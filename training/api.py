"""The app's part of the API: (prefix, viewset) pairs and other paths, put together in `damage.urls`."""

from tempfile import TemporaryFile
from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
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
from damage.ingestion.joining.api_doors import no_such_scene
from damage.ingestion.joining.membership import OutsideEvent
from damage.permissions import ForSiteAnalysts, ForTaggers
from training.asking import ask_model, may_see_scores
from training.config import TrainingConfig
from training.models import Experiment, ModelRun, ModelRunCrop, Promotion
from training.registry import exchange, promotions
from training.registry.decisions import Decision, may
from training.serializers import (
    ExperimentRowSerializer,
    ExperimentSerializer,
    ModelAnswerSerializer,
    ModelRunCropSerializer,
    ModelRunRowSerializer,
    ModelRunSerializer,
    ReasonSerializer,
    SquareSerializer,
    TrainingRequestSerializer,
)
from training.services import cancel, request_training

# What a call decides; the other calls only look.
DECISIONS = {
    "create": Decision.TRAIN,
    "cancel": Decision.CANCEL,
    "propose": Decision.PROPOSE,
    "compare": Decision.COMPARE,
    "confirm": Decision.CONFIRM,
    "decline": Decision.DECLINE,
    "retire": Decision.RETIRE,
    "roll_back": Decision.ROLL_BACK,
}


class MayDecide(BasePermission):
    """Those who may decide so, by the services' own table."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, User) and may(request.user, self._decision)


class ModelRunFilter(filters.FilterSet):
    question = filters.CharFilter(field_name="question__slug")

    class Meta:
        model = ModelRun
        fields = ["question", "status", "stage", "backbone"]


class ModelRunViewSet(mixins.CreateModelMixin, ReadOnlyModelViewSet[ModelRun]):
    """Trainings and what came of them.

    Admins ask for new ones, which a worker carries out, and propose them; another admin or analyst confirms.
    """

    queryset = ModelRun.objects.select_related("question", "requested_by")
    serializer_class = ModelRunSerializer
    filterset_class = ModelRunFilter

    def get_queryset(self) -> QuerySet[ModelRun]:
        promotions = Promotion.objects.select_related("proposed_by", "confirmed_by", "ended_by")
        if self.action != "list":
            return self.queryset.prefetch_related("files", Prefetch("promotions", promotions))
        promotions = promotions.defer("comparison", "library_versions", "hardware")
        rows = ModelRun.objects.select_related("question", "requested_by").light().with_metrics()
        return rows.prefetch_related("files", Prefetch("promotions", promotions))

    def get_serializer_class(self) -> type[ModelRunRowSerializer]:
        return ModelRunRowSerializer if self.action == "list" else ModelRunSerializer

    def get_permissions(self) -> list[BasePermission]:
        decision = DECISIONS.get(self.action)
        return [MayDecide(decision)] if decision else [ForSiteAnalysts()]

    @extend_schema(request=TrainingRequestSerializer, responses={202: ModelRunSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        wanted = TrainingRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        chosen = dict(wanted.validated_data)
        requested_by = request.user if isinstance(request.user, User) else None
        run = request_training(chosen.pop("question"), TrainingConfig(**chosen), requested_by=requested_by)
        return self._accepted(run)

    @extend_schema(request=None, responses={202: ModelRunSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop a training that waits or goes on; nothing of it stays but its row."""
        run = self.get_object()
        cancel(run, by=cast(User, request.user))
        return self._accepted(run)

    @extend_schema(request=ReasonSerializer, responses={200: ModelRunSerializer})
    @action(detail=True, methods=["post"])
    def propose(self, request: Request, pk: str) -> Response:
        """Propose a finished model. A worker compares it with the present one; then a second person confirms it."""
        run = self.get_object()
        promotions.request_proposal(run, by=cast(User, request.user), reason=_reason(request))
        return self._decided(run)

    @extend_schema(request=None, responses={200: ModelRunSerializer})
    @action(detail=True, methods=["post"])
    def compare(self, request: Request, pk: str) -> Response:
        """Have a proposed model compared once more, after a comparison that failed."""
        run = self.get_object()
        promotions.request_comparison(promotions.waiting_promotion(run), by=cast(User, request.user))
        return self._decided(run)

    @extend_schema(request=None, responses={200: ModelRunSerializer})
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """Promote a model that somebody else proposed: it answers and predicts from now on."""
        run = self.get_object()
        promotions.confirm(promotions.waiting_promotion(run), by=cast(User, request.user))
        return self._decided(run)

    @extend_schema(request=ReasonSerializer, responses={200: ModelRunSerializer})
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Turn a proposal down, or take one's own back."""
        run = self.get_object()
        promotion = promotions.waiting_promotion(run)
        promotions.decline(promotion, by=cast(User, request.user), reason=_reason(request))
        return self._decided(run)

    @extend_schema(request=ReasonSerializer, responses={200: ModelRunSerializer})
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Take a model out of use."""
        run = self.get_object()
        promotions.retire(run, by=cast(User, request.user), reason=_reason(request))
        return self._decided(run)

    @extend_schema(request=ReasonSerializer, responses={200: ModelRunSerializer})
    @action(detail=True, methods=["post"], url_path="roll-back")
    def roll_back(self, request: Request, pk: str) -> Response:
        """Put back the model that this promoted one replaced; gives that earlier model."""
        run = self.get_object()
        earlier = promotions.roll_back(run, by=cast(User, request.user), reason=_reason(request))
        return self._decided(earlier)

    def _decided(self, run: ModelRun) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=run.pk)).data)

    def _accepted(self, run: ModelRun) -> Response:
        return Response(self.get_serializer(run).data, status=status.HTTP_202_ACCEPTED)


def _reason(request: Request) -> str:
    wanted = ReasonSerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    reason: str = wanted.validated_data["reason"]
    return reason


class ModelRunCrops(ListAPIView[ModelRunCrop]):
    """Every crop of a training with its part, its answer and its score."""

    permission_classes = [ForSiteAnalysts]
    queryset = ModelRunCrop.objects.order_by("pk")
    serializer_class = ModelRunCropSerializer
    filterset_fields = ["part", "is_positive"]

    def get_queryset(self) -> QuerySet[ModelRunCrop]:
        return self.queryset.filter(model_run=self.kwargs.get("pk"))


class ExperimentFilter(filters.FilterSet):
    question = filters.CharFilter(field_name="question__slug")

    class Meta:
        model = Experiment
        fields = ["kind", "question", "status"]


class ExperimentViewSet(ReadOnlyModelViewSet[Experiment]):
    """Experiments; the results come with one, not with the list. Commands carry them out."""

    permission_classes = [ForSiteAnalysts]
    queryset = Experiment.objects.select_related("question", "requested_by")
    filterset_class = ExperimentFilter

    def get_queryset(self) -> QuerySet[Experiment]:
        rows = super().get_queryset()
        return (
            rows.defer("results")
            if self.action == "list"
            else rows.prefetch_related(Prefetch("model_runs", ModelRun.objects.only("pk")))
        )

    def get_serializer_class(self) -> type[ExperimentRowSerializer]:
        return ExperimentRowSerializer if self.action == "list" else ExperimentSerializer


class ModelAnswerView(APIView):
    """Ask the current model about a square that one has answered; how often one asked is kept."""

    permission_classes = [ForTaggers]

    @extend_schema(request=SquareSerializer, responses={200: ModelAnswerSerializer})
    def post(self, request: Request) -> Response:
        square = SquareSerializer(data=request.data)
        square.is_valid(raise_exception=True)
        person = cast(User, request.user)
        scene = square.validated_data["scene"]
        try:
            answer = ask_model(person=person, **square.validated_data)
        except OutsideEvent as error:
            raise no_such_scene(scene.pk) from error
        context = {"sees_scores": may_see_scores(person, scene)}
        return Response(ModelAnswerSerializer(answer, context=context).data)


class ModelPackageView(APIView):
    """A finished model as one file for other sites."""

    permission_classes = [ForSiteAnalysts]

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> FileResponse:
        """Weights, model card, STAC Item, metrics and licence in one file, as `manage.py export_model` writes it."""
        run = get_object_or_404(ModelRun, pk=pk)
        file = TemporaryFile()  # noqa: SIM115 - the response closes it once it is sent
        exchange.write_model(run, file)
        file.seek(0)
        name = f"damage-model-{run.pk}{exchange.SUFFIX}"
        return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


class ModelCardView(APIView):
    """A finished model's card."""

    permission_classes = [ForSiteAnalysts]

    @extend_schema(responses={(200, "text/markdown"): OpenApiTypes.STR})
    def get(self, request: Request, pk: int) -> HttpResponse:
        """The model card in Markdown: what the model is for, how well it does and where, its limits, its licence."""
        card = exchange.card_of(get_object_or_404(ModelRun, pk=pk))
        return HttpResponse(card, content_type="text/markdown; charset=utf-8")


class ModelStacView(APIView):
    """A finished model as a STAC Item."""

    permission_classes = [ForSiteAnalysts]

    @extend_schema(responses={(200, "application/geo+json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, pk: int) -> JsonResponse:
        """The model as a STAC Item with the Machine Learning Model extension."""
        item = exchange.stac_of(get_object_or_404(ModelRun, pk=pk))
        return JsonResponse(item, content_type="application/geo+json")


routes: list[tuple[str, type[ViewSetMixin]]] = [
    ("model-runs", ModelRunViewSet),
    ("experiments", ExperimentViewSet),
]
urlpatterns: list[URLPattern] = [
    path("model-answer/", ModelAnswerView.as_view(), name="model-answer"),
    path("model-runs/<row:pk>/crops/", ModelRunCrops.as_view(), name="model-run-crops"),
    path("model-runs/<row:pk>/package/", ModelPackageView.as_view(), name="model-run-package"),
    path("model-runs/<row:pk>/model-card.md", ModelCardView.as_view(), name="model-run-card"),
    path("model-runs/<row:pk>/stac-item.json", ModelStacView.as_view(), name="model-run-stac"),
]
