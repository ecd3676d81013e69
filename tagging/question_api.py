"""The API's part for questions: everybody who tags reads them, admins write them."""

from collections.abc import Mapping
from typing import Any

from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ReadOnlyModelViewSet

from damage.permissions import ForAdmins, ForTaggers
from tagging.answers import FEWEST_ANSWERS, LONGEST_KEY, MOST_ANSWERS, CountsAs
from tagging.crops import LEAST_SIZE_PX
from tagging.examples import add_example, remove_example
from tagging.limits import LEAST_SIZE_M, MOST_SIZE_M, MOST_SIZE_PX
from tagging.models import ExamplePicture, Question
from tagging.questions import WantedAnswer, Written, change_question, create_question
from tagging.serializers import QuestionSerializer

KEEP = "private, max-age=604800, immutable"  # an example never changes; another one has another address


class WantedAnswerSerializer(serializers.Serializer):
    """An answer with its words in both languages."""

    key = serializers.CharField(
        max_length=LONGEST_KEY, required=False, allow_blank=True, default="", help_text="empty: a new answer"
    )
    text = serializers.CharField(max_length=60)
    text_es = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    counts_as = serializers.ChoiceField(
        choices=[(one.value, one.value) for one in CountsAs], help_text="what models learn from it"
    )


class WantedQuestionSerializer(serializers.Serializer):
    """A question as an admin writes it; a change names only what is different."""

    slug = serializers.SlugField(
        max_length=60, required=False, help_text="its short name; made from `text` where it is not given"
    )
    text = serializers.CharField(max_length=200)
    text_es = serializers.CharField(max_length=200, required=False, allow_blank=True)
    hint = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, help_text="what counts, a paragraph a line"
    )
    hint_es = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    crop_size_m = serializers.FloatField(
        min_value=LEAST_SIZE_M, max_value=MOST_SIZE_M, required=False, allow_null=True
    )
    crop_size_px = serializers.IntegerField(min_value=LEAST_SIZE_PX, max_value=MOST_SIZE_PX, required=False)
    is_open = serializers.BooleanField(required=False)
    answers = serializers.ListField(
        child=WantedAnswerSerializer(), min_length=FEWEST_ANSWERS, max_length=MOST_ANSWERS
    )


class WrittenQuestionSerializer(QuestionSerializer):
    """A question as it was stored."""

    warnings = serializers.ListField(child=serializers.CharField(), read_only=True)

    class Meta(QuestionSerializer.Meta):
        fields = [*QuestionSerializer.Meta.fields, "warnings"]


class QuestionViewSet(ReadOnlyModelViewSet):
    """What is asked, in the reader's language."""

    permission_classes = [ForTaggers]
    queryset = Question.objects.prefetch_related("examples")
    serializer_class = QuestionSerializer
    filterset_fields = ["is_open"]

    def get_permissions(self) -> list[BasePermission]:
        return [ForAdmins()] if self.action in {"create", "partial_update"} else [ForTaggers()]

    @extend_schema(request=WantedQuestionSerializer, responses={201: WrittenQuestionSerializer})
    def create(self, request: Request) -> Response:
        """Make another question."""
        given = WantedQuestionSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        return _told(create_question(**_facts(given.validated_data)), status.HTTP_201_CREATED)

    @extend_schema(request=WantedQuestionSerializer(partial=True), responses=WrittenQuestionSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a question, close or open it; its short name stays."""
        question = self.get_object()
        given = WantedQuestionSerializer(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        facts = _facts(given.validated_data)
        facts.pop("slug", None)
        return _told(change_question(question, **facts), status.HTTP_200_OK)


class NewExampleSerializer(serializers.Serializer):
    """A picture of what an answer means."""

    answer = serializers.CharField(
        max_length=LONGEST_KEY, help_text="the key of one of the question's answers"
    )
    image = serializers.FileField(help_text="JPEG or PNG; kept at 640 px or less")


class ExampleSerializer(serializers.ModelSerializer):
    picture = serializers.SerializerMethodField(help_text="address of a JPEG")

    class Meta:
        model = ExamplePicture
        fields = ["id", "answer", "picture"]

    def get_picture(self, example: ExamplePicture) -> str:
        return reverse("api:example-picture", args=[example.pk])


class Examples(APIView):
    """Example pictures of a question's answers."""

    permission_classes = [ForAdmins]
    parser_classes = [MultiPartParser]

    @extend_schema(request={"multipart/form-data": NewExampleSerializer}, responses={201: ExampleSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Add one, six an answer at most."""
        question = get_object_or_404(Question, pk=pk)
        given = NewExampleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        example = add_example(question, given.validated_data["answer"], given.validated_data["image"])
        return Response(ExampleSerializer(example).data, status=status.HTTP_201_CREATED)


class Example(APIView):
    """One example picture, to remove."""

    permission_classes = [ForAdmins]

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        remove_example(get_object_or_404(ExamplePicture, pk=pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExampleImage(APIView):
    """An example picture."""

    permission_classes = [ForTaggers]

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        example = get_object_or_404(ExamplePicture, pk=pk)
        try:
            image = example.image.open()
        except FileNotFoundError as error:
            raise NotFound from error
        return FileResponse(image, content_type="image/jpeg", headers={"Cache-Control": KEEP})


urlpatterns: list[URLPattern] = [
    path("questions/<row:pk>/examples/", Examples.as_view(), name="question-examples"),
    path("examples/<row:pk>/", Example.as_view(), name="example"),
    path("examples/<row:pk>/picture.jpg", ExampleImage.as_view(), name="example-picture"),
]


def _facts(valid: Mapping[str, Any]) -> dict[str, Any]:
    facts = dict(valid)
    if "answers" in facts:
        rows = [{"key": "", "text_es": "", **row} for row in facts["answers"]]
        facts["answers"] = [WantedAnswer(**{**row, "counts_as": CountsAs(row["counts_as"])}) for row in rows]
    return facts


def _told(written: Written, code: int) -> Response:
    question = QuestionSerializer(written.question).data
    return Response({**question, "warnings": [str(one) for one in written.warnings]}, status=code)
