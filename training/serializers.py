"""How model runs and their answers look in the API."""

from typing import Any

from rest_framework import serializers

from damage.ingestion.models import Scene
from tagging.models import Question
from training.augment import FORMS
from training.backbones.registry import DEFAULT_BACKBONE, feature_names
from training.inference import ModelAnswer
from training.models import Experiment, ModelFile, ModelRun, ModelRunCrop, Promotion
from training.services import DEFAULT_HEAD, HEAD_NAMES


class ModelFileSerializer(serializers.ModelSerializer[ModelFile]):
    class Meta:
        model = ModelFile
        fields = ["kind", "sha256", "size_bytes"]


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    """A proposal that a model answers and predicts, and what became of it."""

    proposed_by = serializers.CharField(source="proposed_by.username")
    confirmed_by = serializers.CharField(source="confirmed_by.username", default=None)
    ended_by = serializers.CharField(source="ended_by.username", default=None)

    class Meta:
        model = Promotion
        fields = [
            "replaced", "comparison", "reason", "proposed_by", "proposed_at", "confirmed_by", "confirmed_at",
            "ended_by", "ended_at", "end_reason",
        ]  # fmt: skip
        read_only_fields = fields


class ModelRunSerializer(serializers.ModelSerializer[ModelRun]):
    """A training, with all that is needed to do it again."""

    question = serializers.SlugField(source="question.slug")
    requested_by = serializers.CharField(source="requested_by.username", default=None)
    files = ModelFileSerializer(many=True)
    promotions = PromotionSerializer(many=True)
    seconds_left = serializers.FloatField(help_text="until the present step is done", allow_null=True)
    can_cancel = serializers.BooleanField()
    is_stalled = serializers.BooleanField()

    class Meta:
        model = ModelRun
        fields = [
            "id", "question", "requested_by", "status", "stage", "parent", "error", "step", "units_done", "units_total",
            "seconds_left", "can_cancel", "is_stalled", "backbone", "head", "seed", "parameters",
            "code_version", "library_versions", "hardware", "dataset_sha256", "window_m", "window_px", "metrics",
            "threshold", "threshold_reason", "files", "promotions", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class ModelRunCropSerializer(serializers.ModelSerializer[ModelRunCrop]):
    """A crop's part in a training, and what the model made of it."""

    class Meta:
        model = ModelRunCrop
        fields = ["crop", "part", "is_positive", "score"]
        read_only_fields = fields


class ExperimentRowSerializer(serializers.ModelSerializer[Experiment]):
    """An experiment without its results, which can be long."""

    question = serializers.CharField(source="question.slug", default=None)
    requested_by = serializers.CharField(source="requested_by.username", default=None)
    seconds_left = serializers.FloatField(help_text="until the present step is done", allow_null=True)
    can_cancel = serializers.BooleanField()
    is_stalled = serializers.BooleanField()

    class Meta:
        model = Experiment
        fields = [
            "id", "kind", "question", "requested_by", "status", "error", "step", "units_done", "units_total",
            "seconds_left", "can_cancel", "is_stalled", "seed", "parameters", "code_version", "library_versions",
            "hardware", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class ExperimentSerializer(ExperimentRowSerializer):
    """An experiment with its results: tables, every trial, and what else its kind reports."""

    class Meta(ExperimentRowSerializer.Meta):
        fields = [*ExperimentRowSerializer.Meta.fields, "results", "model_runs"]
        read_only_fields = fields


class TrainingRequestSerializer(serializers.Serializer[Any]):
    """What to train: the arguments of `manage.py train`."""

    question: serializers.SlugRelatedField[Question] = serializers.SlugRelatedField(
        slug_field="slug", queryset=Question.objects.all()
    )
    backbone = serializers.CharField(default=DEFAULT_BACKBONE, help_text=", ".join(feature_names()))
    train_towns = serializers.ListField(child=serializers.CharField(), default=list)
    validation_towns = serializers.ListField(child=serializers.CharField(), default=list)
    test_towns = serializers.ListField(child=serializers.CharField(), default=list)
    per_class = serializers.IntegerField(min_value=1, allow_null=True, default=None)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    max_fpr = serializers.FloatField(min_value=0, max_value=1, default=0.0)
    head = serializers.ChoiceField(choices=HEAD_NAMES, default=DEFAULT_HEAD)
    contrast = serializers.FloatField(min_value=0, allow_null=True, default=None)
    parent = serializers.IntegerField(  # type: ignore[assignment]
        allow_null=True, default=None, help_text="the run that this one goes on from"
    )
    augment = serializers.ChoiceField(choices=FORMS, default="none")
    copies = serializers.IntegerField(
        min_value=1,
        allow_null=True,
        default=None,
        help_text="images of each training crop, itself among them",
    )
    fine_tune_blocks = serializers.IntegerField(
        min_value=0, default=0, help_text="so many of the backbone's last blocks learn as well"
    )
    adapt_to = serializers.CharField(
        allow_blank=True, default="", help_text="a town in which the model goes on learning without answers"
    )


class ReasonSerializer(serializers.Serializer[Any]):
    """Why somebody decides as they do."""

    reason = serializers.CharField(allow_blank=True, default="", max_length=2000)


class SquareSerializer(serializers.Serializer[Any]):
    """A square of a scene and what to ask about it."""

    scene = serializers.PrimaryKeyRelatedField(queryset=Scene.objects.all())
    x_px = serializers.IntegerField(help_text="left edge in scene pixels")
    y_px = serializers.IntegerField(help_text="top edge in scene pixels")
    size_px = serializers.IntegerField(help_text="side in scene pixels", min_value=16, max_value=4096)
    question: serializers.SlugRelatedField[Question] = serializers.SlugRelatedField(
        slug_field="slug", queryset=Question.objects.all()
    )


class ModelAnswerSerializer(serializers.Serializer[ModelAnswer]):
    """What the question's current model says about a square, and in which words."""

    score = serializers.FloatField()
    is_positive = serializers.BooleanField()
    threshold = serializers.FloatField()
    model_run = serializers.IntegerField(source="model_run.pk")
    label = serializers.CharField()  # type: ignore[assignment]
