"""How model runs and their answers look in the API."""

from typing import Any

from rest_framework import serializers

from damage.fields import FiniteFloatField
from damage.ingestion.models import Scene
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import MOST_SIZE_PX
from tagging.models import Question
from training.config import DEFAULT_HEAD, HEAD_NAMES
from training.inference import ModelAnswer
from training.models import LISTED_METRICS, Experiment, ModelFile, ModelRun, ModelRunCrop, Promotion
from training.networks.augmentation import FORMS
from training.networks.backbones.registry import DEFAULT_BACKBONE, feature_names


class ModelFileSerializer(serializers.ModelSerializer[ModelFile]):
    class Meta:
        model = ModelFile
        fields = ["kind", "sha256", "size_bytes"]


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    """A proposal that a model answers and predicts, and what became of it."""

    proposed_by = serializers.CharField(source="proposed_by.username")
    confirmed_by = serializers.CharField(source="confirmed_by.username", default=None, allow_null=True)
    ended_by = serializers.CharField(source="ended_by.username", default=None, allow_null=True)
    step_words = serializers.CharField(help_text="the step for a person, in the reader's language")
    seconds_left = serializers.FloatField(help_text="until the comparison is done", allow_null=True)
    is_stalled = serializers.BooleanField()

    class Meta:
        model = Promotion
        fields = [
            "replaced", "status", "error", "step", "step_words", "units_done", "units_total", "seconds_left",
            "is_stalled", "comparison", "reason",
            "proposed_by", "proposed_at", "confirmed_by", "confirmed_at", "ended_by", "ended_at", "end_reason",
        ]  # fmt: skip
        read_only_fields = fields


class PromotionRowSerializer(PromotionSerializer):
    """A proposal without both models' metrics."""

    class Meta(PromotionSerializer.Meta):
        fields = [name for name in PromotionSerializer.Meta.fields if name != "comparison"]
        read_only_fields = fields


class ModelRunRowSerializer(serializers.ModelSerializer[ModelRun]):
    """A training without what is long: its parameters, its versions, all its metrics."""

    question = serializers.SlugField(source="question.slug")
    requested_by = serializers.CharField(source="requested_by.username", default=None, allow_null=True)
    files = ModelFileSerializer(many=True)
    promotions = PromotionRowSerializer(many=True)
    step_words = serializers.CharField(help_text="the step for a person, in the reader's language")
    seconds_left = serializers.FloatField(help_text="until the present step is done", allow_null=True)
    can_cancel = serializers.BooleanField()
    is_stalled = serializers.BooleanField()
    metrics = serializers.SerializerMethodField(help_text="of each part the AUC and the balanced accuracy")

    class Meta:
        model = ModelRun
        fields = [
            "id", "question", "requested_by", "status", "stage", "parent", "error", "step", "step_words",
            "units_done", "units_total", "seconds_left", "can_cancel", "is_stalled", "backbone", "head", "seed",
            "code_version", "dataset_sha256", "window_m", "window_px", "metrics",
            "threshold", "threshold_reason", "files", "promotions", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_metrics(self, run: ModelRun) -> dict[str, dict[str, float]]:
        listed: dict[str, dict[str, float]] = {}
        for part, name in LISTED_METRICS:
            value = getattr(run, f"{part}_{name}")
            if value is not None:
                listed.setdefault(part, {})[name] = value
        return listed


class ModelRunSerializer(ModelRunRowSerializer):
    """A training, with all that is needed to do it again."""

    threshold_reason = serializers.CharField(source="threshold_words")
    adaptation = serializers.CharField(
        source="adaptation_words",
        help_text="whether the model adapted to the town that it was told to, and why; else empty",
    )
    promotions = PromotionSerializer(many=True)  # type: ignore[assignment]
    metrics = serializers.JSONField()  # type: ignore[assignment]

    class Meta(ModelRunRowSerializer.Meta):
        fields = [
            *ModelRunRowSerializer.Meta.fields,
            "adaptation",
            "parameters",
            "library_versions",
            "hardware",
        ]
        read_only_fields = fields


class ModelRunCropSerializer(serializers.ModelSerializer[ModelRunCrop]):
    """A crop's part in a training, and what the model made of it."""

    class Meta:
        model = ModelRunCrop
        fields = ["crop", "part", "is_positive", "score"]
        read_only_fields = fields


class ExperimentRowSerializer(serializers.ModelSerializer[Experiment]):
    """An experiment without its results, which can be long."""

    question = serializers.CharField(source="question.slug", default=None, allow_null=True)
    requested_by = serializers.CharField(source="requested_by.username", default=None, allow_null=True)
    step_words = serializers.CharField(help_text="the step for a person, in the reader's language")
    seconds_left = serializers.FloatField(help_text="until the present step is done", allow_null=True)
    can_cancel = serializers.BooleanField()
    is_stalled = serializers.BooleanField()

    class Meta:
        model = Experiment
        fields = [
            "id", "kind", "question", "requested_by", "status", "error", "step", "step_words",
            "units_done", "units_total", "seconds_left", "can_cancel", "is_stalled",
            "seed", "parameters", "code_version", "library_versions",
            "hardware", "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class ExperimentSerializer(ExperimentRowSerializer):
    """An experiment with its results: tables, every trial, and what else its kind reports."""

    results = serializers.JSONField(source="worded_results")

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
    max_fpr = FiniteFloatField(
        min_value=0,
        max_value=1,
        allow_null=True,
        default=None,
        help_text="share of the validation town's no that may be called yes; null: a threshold for unseen towns",
    )
    head = serializers.ChoiceField(choices=HEAD_NAMES, default=DEFAULT_HEAD)
    contrast = FiniteFloatField(min_value=0, allow_null=True, default=None)
    network_px = serializers.IntegerField(
        allow_null=True,
        default=None,
        help_text="side at which the network sees a window; null: the smallest that does as well in towns left out",
    )
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
        allow_blank=True,
        default="",
        help_text="a town in which the model goes on learning without answers, where its crops speak for it",
    )


class ReasonSerializer(serializers.Serializer[Any]):
    """Why somebody decides as they do."""

    reason = serializers.CharField(allow_blank=True, default="", max_length=2000)


class SquareSerializer(serializers.Serializer[Any]):
    """A square of a scene and what to ask about it."""

    scene = serializers.PrimaryKeyRelatedField(queryset=Scene.objects.all())
    x_px = serializers.IntegerField(help_text="left edge in scene pixels")
    y_px = serializers.IntegerField(help_text="top edge in scene pixels")
    size_px = serializers.IntegerField(
        help_text="side in scene pixels", min_value=LEAST_SIZE_PX, max_value=MOST_SIZE_PX
    )
    question: serializers.SlugRelatedField[Question] = serializers.SlugRelatedField(
        slug_field="slug", queryset=Question.objects.all()
    )


class ModelAnswerSerializer(serializers.Serializer[ModelAnswer]):
    """What the question's current model says about a square; a score only to those who may see predictions."""

    is_positive = serializers.BooleanField()
    model_run = serializers.IntegerField(source="model_run.pk")
    label = serializers.CharField()  # type: ignore[assignment]
    score = serializers.FloatField(required=False, help_text="for analysts and admins")
    threshold = serializers.FloatField(required=False, help_text="for analysts and admins")

    def to_representation(self, answer: ModelAnswer) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(answer)
        if not self.context["sees_scores"]:
            del shown["score"], shown["threshold"]
        return shown
