"""Where imagery comes from: events, the towns they struck, and scenes."""

from pathlib import Path

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from damage.accounts.models import Role, User
from damage.ingestion.capture import SceneRole, TimeSource
from damage.ingestion.joining.membership import within_events
from damage.ingestion.joining.models import Invitation  # noqa: F401 (Django looks for the app's tables here)
from damage.ingestion.names import MOST_COMPARED_LETTERS, MOST_LETTERS, normalised_name
from damage.ingestion.photo_problems import NOT_ASKED_ABOUT, Problem, problem_words
from damage.ingestion.uploads.models import Upload  # noqa: F401 (Django looks for the app's tables here)
from damage.messages import Message


class NormalisedNameField(models.CharField):
    """The row's `name` as names are compared; written whenever the row is."""

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        value = normalised_name(model_instance.name)  # type: ignore[attr-defined]
        setattr(model_instance, self.attname, value)
        return value


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, person: User, least: Role = Role.VOLUNTEER) -> "EventQuerySet":
        """Those in which a person is `least` or more."""
        return within_events(self, person, event="pk", least=least)


class Event(models.Model):
    """A disaster."""

    name = models.CharField(_("name"), max_length=MOST_LETTERS, unique=True)
    normalised_name = NormalisedNameField(max_length=MOST_COMPARED_LETTERS, unique=True, editable=False)
    # Only an address: it may be numbered, and says nothing of the name.
    slug = models.SlugField(max_length=120, unique=True, allow_unicode=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TownQuerySet(models.QuerySet["Town"]):
    def visible_to(self, person: User, least: Role = Role.VOLUNTEER) -> "TownQuerySet":
        """Those of events in which a person is `least` or more."""
        return within_events(self, person, event="event", least=least)


class Town(models.Model):
    """A place that an event struck."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="towns")
    name = models.CharField(_("name"), max_length=MOST_LETTERS)
    normalised_name = NormalisedNameField(max_length=MOST_COMPARED_LETTERS, editable=False)
    slug = models.SlugField(max_length=120, allow_unicode=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TownQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["event", "slug"], name="town_once_per_event"),
            models.UniqueConstraint(fields=["event", "normalised_name"], name="town_name_once_per_event"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> str:
        """The town as "event/town", by its slugs: another for a namesake elsewhere.

        The same on every site, unless a slug is numbered, as that of C# where there is a C++.
        """
        return f"{self.event.slug}/{self.slug}"


class SceneKind(models.TextChoices):
    PHOTO = "photo", _("Photo")
    MOSAIC = "mosaic", _("Orthomosaic")


class GsdSource(models.TextChoices):
    """Where a ground sample distance comes from, which says how far to trust it."""

    NONE = "none", _("unknown")
    GEOTRANSFORM = "geotransform", _("georeference")
    CAMERA = "camera", _("camera and height above ground")


class GroundSource(models.TextChoices):
    """Where it is known from which ground a photo shows, which says how far to trust it."""

    NONE = "", _("unknown")
    CAMERA = "camera", _("the camera's position, height and direction, over flat ground")
    ODM = "odm", _("OpenDroneMap's pose of the camera, over flat ground")


class SceneQuerySet(models.QuerySet["Scene"]):
    def in_use(self) -> "SceneQuerySet":
        """Without those that an admin has taken out."""
        return self.filter(is_quarantined=False)

    def visible_to(self, person: User, least: Role = Role.VOLUNTEER) -> "SceneQuerySet":
        """Those of events in which a person is `least` or more; what an admin has taken out, only admins still see."""
        if person.plays(Role.ADMIN):
            return self
        return within_events(self.in_use(), person, event="town__event", least=least)

    def with_problem(self, code: str = "") -> "SceneQuerySet":
        """Photos with this problem, or any, that nobody found usable all the same."""
        problems = SceneProblem.objects.filter(scene=models.OuterRef("pk"))
        found = problems.filter(code=code) if code else problems
        return self.filter(models.Exists(found), usable_at=None)

    def worth_asking_about(self) -> "SceneQuerySet":
        """Without photos in which people see too little, unless an admin found them usable all the same."""
        unfit = SceneProblem.objects.filter(scene=models.OuterRef("pk"), code__in=NOT_ASKED_ABOUT)
        return self.exclude(models.Exists(unfit), usable_at=None)


class Scene(models.Model):
    """One image as it came: a drone photo or an orthomosaic.

    Scene pixels are those of the image as it is shown: a photo's EXIF orientation is already applied.
    """

    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="scenes")
    kind = models.CharField(max_length=8, choices=SceneKind.choices)
    name = models.CharField(_("file name"), max_length=255)
    sha256 = models.CharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    # By these and its size the source is known again; null until `manage.py doctor` saw an older scene's for the first
    # time. Of a copy here, the time is the copy's.
    source_mtime_ns = models.BigIntegerField(null=True, editable=False)
    source_ends_sha256 = models.CharField(max_length=64, blank=True, db_default="", editable=False)

    file = models.FileField(upload_to="scenes/", max_length=255, blank=True)
    in_place_path = models.CharField(max_length=1024, blank=True)
    view_file = models.FileField(upload_to="views/", max_length=255, blank=True)

    width_px = models.PositiveIntegerField()
    height_px = models.PositiveIntegerField()
    band_count = models.PositiveSmallIntegerField()
    gsd_m = models.FloatField(null=True, validators=[MinValueValidator(0.0)])
    gsd_source = models.CharField(max_length=12, choices=GsdSource.choices, default=GsdSource.NONE)

    # Of a mosaic: coordinate system, affine (a, b, c, d, e, f: pixel corner to crs).
    crs_wkt = models.TextField(blank=True)
    transform = models.JSONField(null=True)
    # The outline of the ground that it shows; of a photo where that is known, and then [lon, lat] of the corners of the
    # picture too: top left, top right, bottom right, bottom left. No photo is georeferenced because of it.
    footprint_4326 = models.JSONField(null=True)
    ground_corners_4326 = models.JSONField(null=True, editable=False)
    ground_source = models.CharField(
        _("ground known from"),
        max_length=6,
        choices=GroundSource.choices,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )

    # Of a photo: where the camera was. Of a mosaic: its centre.
    lon = models.FloatField(
        null=True, db_index=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    lat = models.FloatField(
        null=True, db_index=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    captured_at = models.DateTimeField(_("taken"), null=True, blank=True)
    captured_from = models.CharField(
        _("taken according to"),
        max_length=6,
        choices=TimeSource.choices,
        blank=True,
        default="",
        db_default="",
    )
    role = models.CharField(
        _("shows the ground"),
        max_length=6,
        choices=SceneRole.choices,
        default=SceneRole.AFTER,
        db_default=SceneRole.AFTER,
    )
    altitude_m = models.FloatField(null=True)
    height_above_ground_m = models.FloatField(null=True)
    gimbal_pitch_deg = models.FloatField(null=True)
    camera_make = models.CharField(max_length=80, blank=True)
    camera_model = models.CharField(max_length=80, blank=True)
    exif_orientation = models.PositiveSmallIntegerField(default=1)

    # Of a photo, what `photo_look` measured; null until `manage.py judge_photos` has seen an older one.
    sharpness = models.FloatField(null=True)
    mean_luminance = models.FloatField(null=True)
    dark_share = models.FloatField(null=True)
    bright_share = models.FloatField(null=True)
    look_hash = models.CharField(max_length=64, blank=True, db_default="", editable=False)
    # Who found a photo usable whatever its problems are.
    usable_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("found usable by"), on_delete=models.PROTECT, null=True,
        related_name="+",
    )  # fmt: skip
    usable_at = models.DateTimeField(_("found usable"), null=True)

    # Taken out of use by an admin; `damage.ingestion.quarantine` writes it together with its history.
    is_quarantined = models.BooleanField(_("out of use"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SceneQuerySet.as_manager()

    class Meta:
        ordering = ["town_id", "name", "id"]
        constraints = [
            models.CheckConstraint(
                name="scene_stored_or_in_place",
                condition=models.Q(file="", in_place_path__gt="") | models.Q(file__gt="", in_place_path=""),
            ),
            models.CheckConstraint(
                name="scene_mosaic_is_georeferenced",
                condition=~models.Q(kind=SceneKind.MOSAIC)
                | models.Q(crs_wkt__gt="", transform__isnull=False, gsd_m__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def path(self) -> Path:
        """Of the imagery as it came; pixels that are trained on and predicted from are read here."""
        return Path(self.in_place_path or self.file.path)

    @property
    def open_problems(self) -> list["SceneProblem"]:
        """What is wrong with a photo that nobody found usable all the same."""
        return [] if self.usable_at else list(self.problems.all())

    @property
    def view_path(self) -> Path:
        """Of what is shown: tiled and with overviews."""
        return Path(self.view_file.path) if self.view_file else self.path


class SceneProblem(models.Model):
    """What is wrong with a photo for finding damage, by `photo_quality`; written by `quality` alone."""

    scene = models.ForeignKey(Scene, on_delete=models.CASCADE, related_name="problems")
    code = models.CharField(max_length=16)
    figure = models.FloatField(null=True)
    like = models.ForeignKey(Scene, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["code"]
        constraints = [models.UniqueConstraint(fields=["scene", "code"], name="problem_once_per_scene")]

    def __str__(self) -> str:
        return str(self.words)

    @property
    def words(self) -> Message:
        """The problem with its figure, for people."""
        return problem_words(Problem(self.code), self.figure, self.like_id)


class QuarantineStep(models.Model):
    """That somebody took something out of use, or put it back."""

    is_out = models.BooleanField(_("out of use"))
    reason = models.TextField(_("reason"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.reason


class SceneQuarantineStep(QuarantineStep):
    """A step in the history of a scene's use."""

    scene = models.ForeignKey(Scene, on_delete=models.PROTECT, related_name="quarantine_steps")


class FetchedSource(models.Model):
    """Where a scene was fetched from, and which version it was there: what is unchanged is not fetched again."""

    class Phase(models.TextChoices):
        BEFORE = "before", _("before the event")
        AFTER = "after", _("after the event")

    scene = models.ForeignKey(Scene, on_delete=models.CASCADE, related_name="fetched_sources")
    address = models.CharField(max_length=2048)
    etag = models.CharField(max_length=200, blank=True)
    last_modified = models.CharField(max_length=64, blank=True)
    size_bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    # What the list said: a day or a moment in ISO 8601; and what the name of a folder hints at, which nobody checked.
    taken = models.CharField(max_length=40, blank=True)
    phase = models.CharField(max_length=6, choices=Phase.choices, blank=True)
    fetched_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-fetched_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["address", "scene"], name="fetched_source_once_per_scene")
        ]

    def __str__(self) -> str:
        return self.address
