"""Models run over imagery, and the damage they found."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from damage.accounts.models import Role, User
from damage.ingestion.joining.membership import within_events
from damage.ingestion.models import Scene, SceneKind
from damage.work.models import Work
from training.models import ModelRun


class PredictionRunQuerySet(models.QuerySet["PredictionRun"]):
    def running(self) -> "PredictionRunQuerySet":
        return self.filter(status=PredictionRun.Status.RUNNING)

    def with_places(self) -> "PredictionRunQuerySet":
        """Each with its scene, town and event, without what is long of them: for lists, which do not show it."""
        long = ("footprint_4326", "crs_wkt", "transform")
        rows = self.select_related("scene__town__event").defer(*(f"scene__{name}" for name in long))
        is_mapped = models.Case(models.When(scene__crs_wkt="", then=False), default=True)
        return rows.annotate(is_mapped=models.ExpressionWrapper(is_mapped, models.BooleanField()))

    def in_use(self) -> "PredictionRunQuerySet":
        """Those over scenes that no admin has taken out."""
        return self.filter(scene__is_quarantined=False)

    def visible_to(self, person: User) -> "PredictionRunQuerySet":
        """Those of events that a person analyses; what was found in a scene out of use, only admins still see."""
        if person.plays(Role.ADMIN):
            return self
        return within_events(self.in_use(), person, event="scene__town__event", least=Role.ANALYST)

    def with_detection_counts(self) -> "PredictionRunQuerySet":
        """Each run with `detection_count`: how many detections reach its threshold."""
        counts = (
            Detection.objects.filter(
                run=models.OuterRef("pk"),
                look=models.OuterRef("look"),
                score__gte=models.OuterRef("threshold"),
            )
            .order_by()
            .values("run")
            .annotate(n=models.Count("pk"))
            .values("n")
        )
        counted = models.Subquery(counts, output_field=models.IntegerField())
        return self.annotate(detection_count=Coalesce(counted, 0))


class PredictionRun(Work):
    """One model run over one scene; its units are scene pixels."""

    STOPPED = (Work.Status.FAILED, Work.Status.CANCELLED)

    scene = models.ForeignKey(Scene, on_delete=models.PROTECT, related_name="prediction_runs")
    model_run = models.ForeignKey(ModelRun, on_delete=models.PROTECT, related_name="prediction_runs")

    # Everything that decides the result: window, stride, overlap of suppression, threshold, engine.
    parameters = models.JSONField(default=dict)
    threshold = models.FloatField()
    # The detections that show are those of this look: others are being written, or about to go.
    look = models.PositiveIntegerField(default=0)
    windows_total = models.PositiveIntegerField(default=0)
    timings_s = models.JSONField(default=dict)

    attempts = models.PositiveSmallIntegerField(default=0)
    # Scene pixels that were settled when the present attempt began.
    pixels_done_before = models.BigIntegerField(default=0)

    # Of everything that the network said, in the scene's order: the same run ends with the same digest.
    result_sha256 = models.CharField(max_length=64, blank=True)
    # Every window's score is kept, so that a threshold is a way of looking and not a property of the data.
    score_file = models.FileField(upload_to="predictions/", max_length=255, blank=True)
    heat_file = models.FileField(upload_to="predictions/", max_length=255, blank=True)
    geojson_file = models.FileField(upload_to="predictions/", max_length=255, blank=True)
    shapefile_zip = models.FileField(upload_to="predictions/", max_length=255, blank=True)

    objects = PredictionRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"prediction {self.pk}"

    @property
    def work_folder(self) -> str:
        return f"prediction-work/{self.pk}"

    @property
    def named(self) -> str:
        return gettext("Prediction run %(run)s") % {"run": self.pk}

    @property
    def can_continue(self) -> bool:
        """Whether it stopped before its end; what was settled is not done again."""
        return self.status in self.STOPPED or self.is_stalled

    @property
    def speed_mpx_s(self) -> float | None:
        """Millions of scene pixels per second in the present attempt; None before there is a figure."""
        if self.status != self.Status.RUNNING or not self.started_at or not self.heartbeat_at:
            return None
        if self.is_stalled:
            return None
        seconds = (self.heartbeat_at - self.started_at).total_seconds()
        pixels = self.units_done - self.pixels_done_before
        return pixels / 1e6 / seconds if pixels > 0 and seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """At the present speed; None before there is a figure."""
        speed = self.speed_mpx_s
        return (self.units_total - self.units_done) / 1e6 / speed if speed else None

    def found(self) -> "DetectionQuerySet":
        """The detections that reach the run's threshold; rows below it wait for whoever lowers it."""
        return Detection.objects.filter(run=self, look=self.look, score__gte=self.threshold)


class DetectionQuerySet(models.QuerySet["Detection"]):
    def of_finished_runs(self) -> "DetectionQuerySet":
        return self.filter(run__status=PredictionRun.Status.DONE, look=models.F("run__look"))

    def of_other_looks(self) -> "DetectionQuerySet":
        """Those that do not show: being written, or replaced."""
        return self.exclude(look=models.F("run__look"))

    def with_scenes(self) -> "DetectionQuerySet":
        """Each with its run and scene, which are read once however many detections they have."""
        runs = PredictionRun.objects.only("scene")
        scenes = Scene.objects.only(
            "kind", "transform", "crs_wkt", "ground_corners_4326", "width_px", "height_px"
        )
        return self.prefetch_related(models.Prefetch("run", runs), models.Prefetch("run__scene", scenes))

    def in_use(self) -> "DetectionQuerySet":
        """Those in scenes that no admin has taken out."""
        return self.filter(run__scene__is_quarantined=False)

    def visible_to(self, person: User) -> "DetectionQuerySet":
        """Those of events that a person analyses; what was found in a scene out of use, only admins still see."""
        if person.plays(Role.ADMIN):
            return self
        return within_events(self.in_use(), person, event="run__scene__town__event", least=Role.ANALYST)

    def above_their_threshold(self) -> "DetectionQuerySet":
        """Those that reach the threshold of their run."""
        return self.filter(score__gte=models.F("run__threshold"))


class Detection(models.Model):
    """One place that a model may take for damage: a box in scene pixels and where its centre lies.

    Rows go below the run's threshold, which is a way of looking; suppression by a better neighbour is the same
    at any threshold, because worse boxes never suppress better ones.
    """

    run = models.ForeignKey(PredictionRun, on_delete=models.CASCADE, related_name="detections")
    look = models.PositiveIntegerField(default=0)
    x_px = models.IntegerField()
    y_px = models.IntegerField()
    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    # Of the box's centre, in a photo on flat ground; of the camera where the photo's ground is unknown, or empty.
    lon = models.FloatField(
        null=True, db_index=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    lat = models.FloatField(
        null=True, db_index=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    score = models.FloatField(validators=[MinValueValidator(0), MaxValueValidator(1)])
    address = models.CharField(max_length=300, blank=True)

    objects = DetectionQuerySet.as_manager()

    class Meta:
        ordering = ["-score", "id"]
        indexes = [models.Index(fields=["run", "-score"], name="detection_by_score")]

    def __str__(self) -> str:
        return f"detection {self.pk} ({self.score:.2f})"

    @property
    def is_approximate(self) -> bool:
        """Whether its place is on flat ground by the camera's pose, or where the camera was: in all photos."""
        return self.run.scene.kind == SceneKind.PHOTO
