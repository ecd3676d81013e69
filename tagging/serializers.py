"""How questions, crops and tags look in the API."""

from functools import cached_property
from typing import Any

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from damage.ingestion.joining.api_doors import VisibleRowField
from damage.ingestion.models import Event, Scene
from damage.parsing import is_storable_text
from damage.statements import Lookup
from tagging.answers import LONGEST_KEY, UNSURE, UNSURE_COLOUR, AnswerChoice, CountsAs
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import MOST_SIZE_PX
from tagging.models import Crop, Question, Tag
from tagging.pictures import picture_side_px
from tagging.queue import MOST_AT_ONCE, Asked, receipt
from tagging.squares import Square

# REST framework asks a query set for `get` alone.
_SCENES: Any = Lookup(Scene, "pk", without=("footprint_4326",))
_QUESTIONS: Any = Lookup(Question, "slug")


def picture_address(scene: Scene, square: Square) -> str:
    """Where a square in its surroundings is looked at."""
    place = {"pk": scene.pk, "x": square.x_px, "y": square.y_px, "size": square.size_px}
    return reverse("api:square-picture", kwargs=place)


class _BoundOnce(serializers.BaseSerializer):
    """A serializer whose fields are made once for the class and not for each request; they keep nothing of either."""

    @cached_property
    def fields(self) -> Any:
        kind = type(self)
        if "_fields_of_all" not in vars(kind):
            kind._fields_of_all = super().fields  # type: ignore[attr-defined,misc]
        return kind._fields_of_all  # type: ignore[attr-defined]


class OfferedAnswerSerializer(serializers.Serializer):
    """An answer that a person may give."""

    key = serializers.CharField(help_text="what is sent and stored")
    words = serializers.CharField(help_text="in the reader's language")
    counts_as = serializers.ChoiceField(choices=[(one.value, one.value) for one in CountsAs])
    colour = serializers.IntegerField(help_text="number of its colour and pattern, 0 to 5")
    examples = serializers.ListField(child=serializers.CharField(), help_text="addresses of JPEGs")


class QuestionSerializer(serializers.ModelSerializer):
    """A question in the reader's language."""

    text = serializers.SerializerMethodField()
    hint = serializers.SerializerMethodField(help_text="what counts, a paragraph a line; may be empty")
    answers = serializers.SerializerMethodField(
        help_text="in the order to show them; “can't tell” is the last"
    )
    labels = serializers.SerializerMethodField(help_text="each answer's words by its key")

    class Meta:
        model = Question
        fields = [
            *("id", "slug", "text", "hint", "answers", "labels"),
            *("crop_size_m", "crop_size_px", "is_open"),
        ]

    def get_text(self, question: Question) -> str:
        return question.words("text")

    def get_labels(self, question: Question) -> dict[str, str]:
        return {key: question.words_of(key) for key in question.keys}

    def get_hint(self, question: Question) -> str:
        return question.words("hint")

    @extend_schema_field(OfferedAnswerSerializer(many=True))
    def get_answers(self, question: Question) -> list[dict[str, object]]:
        unsure = AnswerChoice(UNSURE, "", "", CountsAs.NEITHER, UNSURE_COLOUR)
        return [
            {
                "key": choice.key,
                "words": question.words_of(choice.key),
                "counts_as": choice.counts_as.value,
                "colour": choice.colour,
                "examples": [
                    reverse("api:example-picture", args=[example.pk])
                    for example in question.examples.all()
                    if example.answer == choice.key
                ],
            }
            for choice in (*question.choices, unsure)
        ]


class CropSerializer(serializers.ModelSerializer):
    image = serializers.SerializerMethodField()
    thumbnail = serializers.SerializerMethodField()

    class Meta:
        model = Crop
        fields = [
            *("id", "town", "scene", "x_px", "y_px", "size_px", "gsd_m", "lon", "lat", "source_name"),
            *("sha256", "created_at", "image", "thumbnail", "is_quarantined"),
        ]

    def get_image(self, crop: Crop) -> str:
        return reverse("api:crop-image", args=[crop.pk])

    def get_thumbnail(self, crop: Crop) -> str:
        return reverse("api:crop-thumbnail", args=[crop.pk])


class TagSerializer(_BoundOnce, serializers.ModelSerializer):
    """A tag with its place, so that a list of tags needs no further request."""

    question = serializers.SlugField(source="question.slug", read_only=True)
    tagger = serializers.CharField(source="tagger.username", read_only=True)
    scene = serializers.IntegerField(source="crop.scene_id", read_only=True, allow_null=True)
    scene_name = serializers.SerializerMethodField()
    town_name = serializers.CharField(source="crop.town.name", read_only=True)
    x_px = serializers.IntegerField(source="crop.x_px", read_only=True, allow_null=True)
    y_px = serializers.IntegerField(source="crop.y_px", read_only=True, allow_null=True)
    size_px = serializers.IntegerField(source="crop.size_px", read_only=True)
    thumbnail = serializers.SerializerMethodField()

    class Meta:
        model = Tag
        fields = [
            *("id", "question", "answer", "tagger", "crop", "scene", "scene_name", "town_name"),
            *("x_px", "y_px", "size_px", "thumbnail", "created_at", "updated_at"),
        ]

    def get_scene_name(self, tag: Tag) -> str:
        return tag.crop.scene.name if tag.crop.scene else tag.crop.source_name

    def get_thumbnail(self, tag: Tag) -> str:
        return reverse("api:crop-thumbnail", args=[tag.crop_id])


class StoredTagSerializer(TagSerializer):
    """A tag as it was just stored, with what it replaced: so that it can be taken back to that."""

    answer_before = serializers.CharField(
        read_only=True, help_text="empty: this person had not answered there"
    )

    class Meta(TagSerializer.Meta):
        fields = [*TagSerializer.Meta.fields, "answer_before"]


class SceneCellsSerializer(serializers.Serializer):
    """The squares that a scene is asked about by, and what one has answered in it."""

    size_px = serializers.IntegerField(help_text="side of every cell in scene pixels")
    xs = serializers.ListField(child=serializers.IntegerField(), help_text="left edges of the columns")
    ys = serializers.ListField(child=serializers.IntegerField(), help_text="top edges of the rows")
    asked = serializers.CharField(
        help_text="base64: a bit a cell, row by row, the highest of a byte first; 0 where there is mostly no data"
    )
    mine = serializers.ListField(
        child=serializers.ListField(),
        help_text="one's answers: [x_px, y_px, size_px, answer, number of the tag]",
    )


class QueuedSquareSerializer(serializers.Serializer):
    """A square to answer for; what `tags/` takes, beside the answer, and what shows it."""

    scene = serializers.IntegerField(source="scene.pk")
    scene_name = serializers.CharField(source="scene.name")
    town_name = serializers.CharField(source="scene.town.name")
    x_px = serializers.IntegerField(source="square.x_px")
    y_px = serializers.IntegerField(source="square.y_px")
    size_px = serializers.IntegerField(source="square.size_px")
    picture = serializers.SerializerMethodField(help_text="a JPEG of the square in its surroundings")
    picture_side_px = serializers.SerializerMethodField(
        help_text="the side of what it shows, in scene pixels; the square is in the middle"
    )
    receipt = serializers.SerializerMethodField(
        help_text="to be sent with the answer: why the square is asked"
    )

    def get_picture(self, asked: Asked) -> str:
        return picture_address(asked.scene, asked.square)

    def get_picture_side_px(self, asked: Asked) -> int:
        return picture_side_px(asked.square.size_px)

    def get_receipt(self, asked: Asked) -> str:
        return receipt(asked, self.context["person"], self.context["question"])


class QuestionField(serializers.SlugRelatedField):
    """A question by its slug as a query names it, which may hold what no database takes."""

    def to_internal_value(self, data: Any) -> Any:
        """The question."""
        if not is_storable_text(str(data)):
            self.fail("invalid")
        return super().to_internal_value(data)


class QueueQuerySerializer(serializers.Serializer):
    """Which squares are asked for."""

    question = QuestionField(slug_field="slug", queryset=Question.objects.all())
    event = VisibleRowField(queryset=Event.objects.all(), required=False, default=None)
    count = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE, required=False, default=10)


class QueueSerializer(serializers.Serializer):
    """What to ask a person next, in this order."""

    event = serializers.IntegerField(allow_null=True, help_text="null: there is no imagery")
    event_name = serializers.CharField()
    squares = QueuedSquareSerializer(many=True)


class NewTagSerializer(_BoundOnce, serializers.Serializer):
    """One answer for one square of a scene."""

    scene: serializers.PrimaryKeyRelatedField[Scene] = serializers.PrimaryKeyRelatedField(queryset=_SCENES)
    x_px = serializers.IntegerField(help_text="left edge in scene pixels")
    y_px = serializers.IntegerField(help_text="top edge in scene pixels")
    size_px = serializers.IntegerField(
        help_text=f"side in scene pixels, {LEAST_SIZE_PX} to {MOST_SIZE_PX}, and near the question's"
    )
    question: serializers.SlugRelatedField[Question] = serializers.SlugRelatedField(
        slug_field="slug", queryset=_QUESTIONS
    )
    answer = serializers.CharField(
        max_length=LONGEST_KEY, help_text="the key of one of the question's answers"
    )
    receipt = serializers.CharField(
        max_length=400,
        required=False,
        allow_blank=True,
        default="",
        help_text="what the queue gave with the square, if it came from there",
    )
    sent_as = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        default="",
        help_text="the sender's name for it: sent twice, it counts once",
    )


class NewAnswerSerializer(serializers.Serializer):
    answer = serializers.CharField(max_length=LONGEST_KEY)
