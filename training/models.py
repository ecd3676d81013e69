"""Trainings, experiments, and what came of them."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from damage.message_field import MessageField
from damage.messages import worded as worded_data
from damage.work.models import Work
from tagging.models import Crop, Question
from training.report.adaptation_words import adaptation_words
from training.report.distillation_words import distillation_words

# What a training's row says at length.
HEAVY = ("metrics", "parameters", "library_versions", "hardware")
# Of each part, what lists show of the metrics.
LISTED_METRICS = tuple(
    (part, name) for part in ("train", "validation", "test") for name in ("auc", "balanced_accuracy")
)


class ModelRunQuerySet(models.QuerySet["ModelRun"]):
    """Reads of trainings."""

    def light(self) -> "ModelRunQuerySet":
        """Without the columns that grow with the crops and epochs: for lists, which do not show them."""
        return self.defer(*HEAVY)

    def with_metrics(self) -> "ModelRunQuerySet":
        """Each with what a list shows of its metrics: "test_auc" and the like; None where there is none."""
        metrics = {f"{part}_{name}": F(f"metrics__{part}__{name}") for part, name in LISTED_METRICS}
        return self.annotate(**metrics)

    def current(self, question: Question) -> "ModelRun | None":
        """The promoted model of a question: the one that answers and predicts."""
        return self.filter(question=question, stage=ModelRun.Stage.PROMOTED).first()


class ModelRun(Work):
    """One training, with all that is needed to do it again and to know how far to trust it."""

    class Stage(models.TextChoices):
        CANDIDATE = "candidate", _("candidate")
        PROMOTED = "promoted", _("promoted")
        RETIRED = "retired", _("retired")

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="model_runs")
    # Where a finished model stands: the promoted one answers and predicts. Changed by promotions alone.
    stage = models.CharField(max_length=9, choices=Stage.choices, default=Stage.CANDIDATE)
    # The run that this one does again, or whose training it goes on from.
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="children")

    backbone = models.CharField(max_length=60)
    head = models.CharField(max_length=60, default="softmax")
    seed = models.PositiveIntegerField(default=0)
    parameters = models.JSONField(default=dict)
    dataset_sha256 = models.CharField(max_length=64, blank=True)

    # Median side of the training crops: what a window has to cover when this model predicts.
    window_m = models.FloatField(null=True)
    window_px = models.PositiveIntegerField(null=True)

    # Crops of the town that the model adapts to; whatever people answered there is not looked at.
    unlabelled_crops = models.ManyToManyField(Crop, related_name="+")

    metrics = models.JSONField(default=dict)
    threshold = models.FloatField(null=True)
    threshold_reason = models.TextField(blank=True)

    objects = ModelRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["question"], condition=Q(stage="promoted"), name="one_promoted_model_per_question"
            )
        ]

    def __str__(self) -> str:
        return f"model {self.pk} ({self.backbone})"

    @property
    def named(self) -> str:
        return gettext("Model run %(run)s") % {"run": self.pk}

    @property
    def stayed_unadapted(self) -> bool:
        """Whether it was to adapt to a town and was left as it was; runs of before that was decided always adapted."""
        return not self.metrics.get("adaptation", {}).get("is_adapted", True)

    @property
    def adapted_to(self) -> dict[str, Any] | None:
        """The town that it adapted to, {"town", "crops", "sha256"}; None where there is none."""
        record: dict[str, Any] | None = self.parameters.get("adapt_to")
        return None if self.stayed_unadapted else record or None

    @property
    def is_student(self) -> bool:
        """Whether it learnt what another model says of windows that nobody tagged."""
        return "distilled" in self.parameters

    @property
    def distillation_words(self) -> str:
        """From which model and of which ground a student learnt, in the reader's language; else empty."""
        found = self.metrics.get("distillation")
        return distillation_words(self.parameters["distilled"], found) if self.is_student and found else ""

    @property
    def adaptation_words(self) -> str:
        """Whether it adapted to the town that it was to adapt to, and why, in the reader's language; else empty."""
        found, record = self.metrics.get("adaptation"), self.parameters.get("adapt_to")
        return adaptation_words(found, record["town"]) if found and record else ""

    @property
    def threshold_words(self) -> str:
        """Why its threshold is this one, in the reader's language; of a run from elsewhere as it was told there."""
        validation = self.metrics.get("validation", {}).get("confusion")
        if self.parameters.get("imported"):
            return self.threshold_reason
        if record := self.adapted_to:
            return gettext(
                "Halfway between the two groups of scores of %(crops)d crops of %(town)s, to which it was adapted; "
                "they lie %(separation).1f standard deviations apart."
            ) % {"crops": record["crops"], "town": record["town"], "separation": self.metrics["separation"]}
        if self.is_student:
            return gettext("That of its teacher, whose scores it stands in for.")
        if unseen := self.metrics.get("unseen_towns"):
            names = ", ".join(row["town"] for row in unseen["towns"])
            return gettext(
                "The mean of the cuts that were best in towns which the model that scored them had not seen: %(towns)s."
            ) % {"towns": names}
        if not validation or self.parameters.get("max_fpr") is None:
            return self.threshold_reason
        return gettext(
            "The lowest at which at most %(share)s of the validation crops with the answer no are called yes: "
            "%(false)d of %(negatives)d are, and %(found)d of %(positives)d with the answer yes are found."
        ) % {
            "share": f"{self.parameters['max_fpr']:.1%}",
            "false": validation["false_positive"],
            "negatives": validation["false_positive"] + validation["true_negative"],
            "found": validation["true_positive"],
            "positives": validation["true_positive"] + validation["false_negative"],
        }

    @property
    def expected_words(self) -> str:
        """What to expect of it in a town that nobody tagged, in the reader's language; empty where nobody knows."""
        unseen = self.metrics.get("unseen_towns")
        if not unseen:
            return ""
        counts = {
            f"{name}_{end}": f"{times * unseen[key][end]:.0f}"
            for name, key, times in (("found", "recall", 10), ("false", "false_positive_rate", 100))
            for end in ("mean", "least", "most")
        }
        if unseen["is_own_cut"]:
            return gettext(
                "In a town that nobody tagged: of ten squares that show it about %(found_mean)s are found, and of a "
                "hundred that do not about %(false_mean)s are called so all the same. One town alone could be left "
                "out, and chose the threshold itself: expect less."
            ) % {name: counts[name] for name in ("found_mean", "false_mean")}
        words = gettext(
            "In a town that nobody tagged: of ten squares that show it about %(found_mean)s are found "
            "(%(found_least)s to %(found_most)s in the towns left out), and of a hundred that do not about "
            "%(false_mean)s are called so all the same (%(false_least)s to %(false_most)s)."
        )
        return words % counts

    def crops_of(self, part: str) -> models.QuerySet["ModelRunCrop"]:
        """The run's crops in one part, in an order that only their pixels decide."""
        return self.run_crops.filter(part=part).select_related("crop").order_by("crop__sha256", "crop_id")


class ModelRunCrop(models.Model):
    """A crop's part in a training."""

    class Part(models.TextChoices):
        TRAIN = "train", _("training")
        VALIDATION = "validation", _("validation")
        TEST = "test", _("test")

    model_run = models.ForeignKey(ModelRun, on_delete=models.CASCADE, related_name="run_crops")
    crop = models.ForeignKey(Crop, on_delete=models.PROTECT, related_name="run_crops")
    part = models.CharField(max_length=10, choices=Part.choices)
    is_positive = models.BooleanField()
    score = models.FloatField(null=True)
    # By a model that did not learn from the crop's town, of training crops.
    left_out_score = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model_run", "crop"], name="crop_in_one_part")]

    def __str__(self) -> str:
        return f"{self.crop} in {self.part}"


class ModelFile(models.Model):
    """One file of a trained model; it is loaded only when its digest is the one recorded here."""

    class Kind(models.TextChoices):
        KERAS = "keras", "Keras"
        OPENVINO_XML = "openvino_xml", _("OpenVINO network")
        OPENVINO_BIN = "openvino_bin", _("OpenVINO weights")
        SKOPS = "skops", "scikit-learn (skops)"

    model_run = models.ForeignKey(ModelRun, on_delete=models.CASCADE, related_name="files")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    file = models.FileField(upload_to="models/", max_length=255)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model_run", "kind"], name="model_file_once_per_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.model_run}"


class ModelAnswerRequest(models.Model):
    """That a person asked the model about a square: what limits are counted by, whatever became of their tag."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    crop = models.ForeignKey(Crop, on_delete=models.CASCADE, related_name="+")
    model_run = models.ForeignKey(ModelRun, on_delete=models.CASCADE, related_name="+")
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["person", "asked_at"], name="model_answers_by_person")]

    def __str__(self) -> str:
        return f"{self.person} about {self.crop}"


class PromotionQuerySet(models.QuerySet["Promotion"]):
    """Reads of proposals."""

    def waiting(self) -> "PromotionQuerySet":
        """Those that nobody has settled."""
        return self.filter(confirmed_at=None, ended_at=None)


class Promotion(Work):
    """One person's proposal that a model answers and predicts from now on, and another's decision.

    The work is the comparison with the present model, which a second person looks at before they confirm.
    """

    requested_by = None  # who asked for the comparison is who proposed
    created_at = None  # type: ignore[assignment] # and when: these have names of their own

    model_run = models.ForeignKey(ModelRun, on_delete=models.PROTECT, related_name="promotions")
    # The model that it took the place of: where a roll-back leads.
    replaced = models.ForeignKey(ModelRun, on_delete=models.PROTECT, null=True, related_name="+")
    # Both models' metrics on the same test towns, once they are compared.
    comparison = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(auto_now_add=True)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    # When it ended: declined, replaced by the next, or rolled back; and who did it and why.
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    end_reason = MessageField(blank=True)

    objects = PromotionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("proposed_by")),
                name="promotion_needs_a_second_person",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(status="done"), name="promotion_compared_before_confirmed"
            ),
            models.UniqueConstraint(
                fields=["model_run"],
                condition=Q(confirmed_at=None, ended_at=None),
                name="one_waiting_promotion_per_run",
            ),
        ]

    def __str__(self) -> str:
        return f"promotion {self.pk} of {self.model_run}"

    @property
    def asked_for_at(self) -> datetime:
        return self.proposed_at

    @property
    def named(self) -> str:
        return gettext("The comparison of model run %(run)s") % {"run": self.model_run_id}

    @property
    def is_compared(self) -> bool:
        """Whether the metrics are there that a second person decides by."""
        return self.status == self.Status.DONE


class Experiment(Work):
    """One experiment: its parameters, its results as metrics in a table, the trainings it made, its charts."""

    class Kind(models.TextChoices):
        EXPLORE = "explore", _("exploration")
        CROSS_TOWNS = "cross_towns", _("towns crossed")
        LEARNING_CURVE = "learning_curve", _("learning curve")
        ROC = "roc", _("operating points")
        COMPARE_RECIPES = "compare_recipes", _("recipes compared")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, null=True, related_name="experiments")
    seed = models.PositiveIntegerField(default=0)
    parameters = models.JSONField(default=dict)
    # {"columns": [...], "rows": [[...], ...], and what else the kind reports}
    results = models.JSONField(default=dict)
    model_runs = models.ManyToManyField(ModelRun, related_name="experiments")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def named(self) -> str:
        return gettext("Experiment %(experiment)s") % {"experiment": self.pk}

    @property
    def worded_results(self) -> dict[str, Any]:
        """The results, with what was refused in the reader's language."""
        results: dict[str, Any] = worded_data(self.results)
        return results
