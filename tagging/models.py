"""What the crowd is asked, and what it answers."""

from datetime import datetime

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from damage.accounts.models import Role, User
from damage.ingestion.joining.membership import events_of, within_events
from damage.ingestion.models import QuarantineStep, Scene, Town
from damage.message_field import MessageField
from tagging.answers import LONGEST_KEY, UNSURE, AnswerChoice, CountsAs, keys_counting_as, yes_and_no
from tagging.automatic_accounts import AUTOMATIC
from tagging.crops import LEAST_SIZE_PX
from tagging.limits import LEAST_SIZE_M, MOST_SIZE_M, MOST_SIZE_PX
from tagging.quality_models import CropState, CrowdQuality, GoldAnswer, TaggerQuality
from tagging.square_side import asked_side_px

__all__ = [
    "Crop",
    "CropQuarantineStep",
    "CropQuerySet",
    "CropState",
    "CrowdQuality",
    "GoldAnswer",
    "Question",
    "Share",
    "Tag",
    "TagChange",
    "TagQuerySet",
    "TaggerQuality",
]


class Question(models.Model):
    """What the crowd is asked about a crop; each language's words stand beside each other."""

    slug = models.SlugField(max_length=60, unique=True)
    text = models.CharField(_("question"), max_length=200)
    text_es = models.CharField(_("question in Spanish"), max_length=200, blank=True)
    # Lists of `tagging.answers.AnswerChoice`: each of two to five answers once, in the order in which they are shown.
    answers = models.JSONField(_("answers"), default=yes_and_no)
    hint = models.TextField(_("what counts"), max_length=2000, blank=True, default="", db_default="")
    hint_es = models.TextField(
        _("what counts, in Spanish"), max_length=2000, blank=True, default="", db_default=""
    )
    crop_size_m = models.FloatField(
        _("crop size in metres"),
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_SIZE_M), MaxValueValidator(MOST_SIZE_M)],
        help_text=_("the side of a square on the ground; empty: in pixels, whatever ground they show"),
    )
    crop_size_px = models.PositiveIntegerField(
        _("crop size in scene pixels"),
        default=299,
        validators=[MinValueValidator(LEAST_SIZE_PX), MaxValueValidator(MOST_SIZE_PX)],
        help_text=_("for scenes whose ground size is not known"),
    )
    is_open = models.BooleanField(_("open for tagging"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text

    def words(self, field: str) -> str:
        """The field in Spanish when that is being spoken and the words are there, else in English."""
        if (get_language() or "").startswith("es"):
            return getattr(self, f"{field}_es") or getattr(self, field)
        return getattr(self, field)

    @property
    def choices(self) -> tuple[AnswerChoice, ...]:
        """Its answers but "can't tell", which every question has."""
        return tuple(AnswerChoice.of_json(row) for row in self.answers)

    @property
    def keys(self) -> list[str]:
        """What a tag of it may hold."""
        return [*(choice.key for choice in self.choices), UNSURE]

    def keys_counting_as(self, counts_as: CountsAs) -> list[str]:
        """The answers that count so, as tags hold them; any other tag of the question counts as neither."""
        return keys_counting_as(self.choices, counts_as)

    def words_counting_as(self, counts_as: CountsAs, language: str | None = None) -> str:
        """The words of the answers that count so, in the reader's language unless another is named."""
        language = language if language is not None else get_language() or ""
        return " / ".join(choice.words(language) for choice in self.choices if choice.counts_as == counts_as)

    def words_of(self, key: str) -> str:
        """An answer's words in the reader's language."""
        words = {choice.key: choice.words(get_language() or "") for choice in self.choices}
        return gettext("Can't tell") if key == UNSURE else words.get(key, key)

    def side_px(self, scene: Scene) -> int:
        """The side of the squares that it asks for in a scene, in its pixels; a small scene may not hold it."""
        return asked_side_px(size_m=self.crop_size_m, size_px=self.crop_size_px, gsd_m=scene.gsd_m)


class ExamplePicture(models.Model):
    """A picture that shows what an answer of a question means."""

    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="examples")
    answer = models.CharField(max_length=LONGEST_KEY)
    image = models.ImageField(upload_to="examples/", max_length=255)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"example of {self.answer}"


class CropQuerySet(models.QuerySet["Crop"]):
    def with_pixels(self) -> "CropQuerySet":
        """Those whose image is stored, so that they have a digest."""
        return self.exclude(sha256="")

    def pending(self) -> "CropQuerySet":
        """Those whose pixels are still to be cut from their scene."""
        return self.filter(sha256="")

    def due(self, now: datetime) -> "CropQuerySet":
        """Of those that are pending, the ones not to wait any longer after an attempt."""
        return self.pending().filter(models.Q(cut_after=None) | models.Q(cut_after__lte=now))

    def in_use(self) -> "CropQuerySet":
        """Without those that an admin has taken out, themselves or with their whole scene."""
        return self.filter(in_use_by())

    def visible_to(self, person: User, least: Role = Role.VOLUNTEER) -> "CropQuerySet":
        """Those of events in which a person is `least` or more; what an admin has taken out, only admins still see."""
        if person.plays(Role.ADMIN):
            return self
        return within_events(self.in_use(), person, event="town__event", least=least)


def in_use_by(crop: str = "") -> models.Q:
    """The condition that a crop is in use, for rows that lead to it by the path `crop` ("crop__")."""
    return models.Q(**{f"{crop}is_quarantined": False}) & (
        models.Q(**{f"{crop}scene": None}) | models.Q(**{f"{crop}scene__is_quarantined": False})
    )


class Crop(models.Model):
    """A square of a scene, or brought along from an earlier event without its scene.

    A crop of a scene is there as soon as somebody tagged it; its image and digest are empty until its pixels are cut.
    """

    town = models.ForeignKey(Town, on_delete=models.PROTECT, related_name="crops")
    scene = models.ForeignKey(Scene, on_delete=models.PROTECT, null=True, related_name="crops")
    x_px = models.PositiveIntegerField(null=True)
    y_px = models.PositiveIntegerField(null=True)
    size_px = models.PositiveIntegerField(validators=[MinValueValidator(LEAST_SIZE_PX)])
    gsd_m = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    lat = models.FloatField(null=True)
    source_name = models.CharField(_("imported from"), max_length=255, blank=True)
    source_scene = models.CharField(
        _("scene that the list named"), max_length=255, blank=True, default="", db_default=""
    )

    image = models.ImageField(upload_to="crops/", max_length=255, blank=True)
    sha256 = models.CharField(_("digest of the image file"), max_length=64, blank=True, db_index=True)
    # Of a crop that could not be cut: how often that was tried, why not, and from when on it is tried again.
    cut_attempts = models.PositiveSmallIntegerField(default=0)
    cut_problem = MessageField(_("why its pixels could not be cut"), blank=True)
    cut_after = models.DateTimeField(null=True)
    # Taken out of use by an admin; `tagging.quarantine` writes it together with its history.
    is_quarantined = models.BooleanField(_("out of use"), default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = CropQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["scene", "x_px", "y_px", "size_px"],
                name="crop_once_per_scene",
                condition=models.Q(scene__isnull=False),
            ),
            # The same pixels at two places are two crops; what a list does not say of a place counts as one value.
            models.UniqueConstraint(
                "town",
                "sha256",
                "source_scene",
                Coalesce("x_px", -1),
                Coalesce("y_px", -1),
                Coalesce("lon", 999.0),
                Coalesce("lat", 999.0),
                name="imported_crop_once_per_place",
                condition=models.Q(scene__isnull=True),
            ),
            models.CheckConstraint(
                name="crop_of_a_scene_has_a_place",
                condition=models.Q(scene__isnull=True) | models.Q(x_px__isnull=False, y_px__isnull=False),
            ),
            models.CheckConstraint(
                name="crop_without_a_scene_has_pixels",
                condition=models.Q(scene__isnull=False) | models.Q(sha256__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return f"crop {self.pk}"


class CropQuarantineStep(QuarantineStep):
    """A step in the history of a crop's use."""

    crop = models.ForeignKey(Crop, on_delete=models.PROTECT, related_name="quarantine_steps")


class Share(models.TextChoices):
    """Why somebody was asked about a square; empty for one that they chose themselves."""

    RANDOM = "random", _("drawn by chance, as a measure")
    FRESH = "fresh", _("drawn by chance, as nothing else wanted an answer")
    OPEN = "open", _("needed another answer")
    GOLD = "gold", _("its answer is known")
    VERIFY = "verify", _("people do not agree")


class TagQuerySet(models.QuerySet["Tag"]):
    def visible_to(self, person: User) -> "TagQuerySet":
        """A volunteer sees their own tags alone; others see everybody's: each in the events in which they are that."""
        if person.is_at_least(Role.VERIFIER):
            return self
        own = within_events(
            self.filter(tagger=person), person, event="crop__town__event", least=Role.VOLUNTEER
        )
        checked = [row["event"] for row in events_of(person, Role.VERIFIER)]
        return own | self.filter(crop__town__event__in=checked) if checked else own

    def in_use(self) -> "TagQuerySet":
        """Those of crops that are in use."""
        return self.filter(in_use_by("crop__"))

    def by_people(self) -> "TagQuerySet":
        """Without those that no person gave."""
        return self.exclude(tagger__username__in=AUTOMATIC)

    def not_set_aside(self) -> "TagQuerySet":
        """Without those of people whose answers to the question an admin has set aside."""
        set_aside = TaggerQuality.objects.filter(
            tagger=models.OuterRef("tagger"), question=models.OuterRef("question"), is_set_aside=True
        )
        return self.exclude(models.Exists(set_aside))

    def with_places(self) -> "TagQuerySet":
        """Together with the rows that a list of tags names."""
        return self.select_related("question", "tagger", "crop__town", "crop__scene")


class Tag(models.Model):
    """One person's answer for one crop."""

    # The answer that this one has replaced, empty where there was none: said by what stored it, not a column.
    answer_before = ""

    crop = models.ForeignKey(Crop, on_delete=models.PROTECT, related_name="tags")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="tags")
    tagger = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="tags")
    answer = models.CharField(max_length=LONGEST_KEY)
    # Why this person was asked, and how likely each cell was in the drawing: only so are shares measured without bias.
    asked_as = models.CharField(
        _("asked because"), max_length=8, choices=Share.choices, blank=True, default="", db_default=""
    )
    inclusion_probability = models.FloatField(_("chance in one drawing"), null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = TagQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["crop", "tagger", "question"], name="tag_once_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.crop}: {self.answer}"


class TagChange(models.Model):
    """One step in a tag's history; it outlives the tag. An empty `answer` says that the tag was deleted."""

    crop = models.ForeignKey(Crop, on_delete=models.PROTECT, related_name="tag_changes")
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="+")
    tagger = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=LONGEST_KEY, blank=True)
    # The name that a page gave an answer: one that comes twice, as the first receipt was lost, is known by it.
    sent_as = models.CharField(max_length=40, blank=True, default="", db_default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        # What one person did lately is counted before each further tag.
        indexes = [models.Index(fields=["changed_by", "created_at"], name="tag_changes_by_person")]

    def __str__(self) -> str:
        return f"{self.crop}: {self.answer or 'deleted'}"
